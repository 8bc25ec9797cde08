// The whole line from text to logits on the two bundled models, against what transformers computes in float64
// from the same weights. bench/fidelity.sh does the same for all 12,158 examples.
#include <algorithm>
#include <cmath>
#include <span>
#include <sstream>

#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "quantier/dataset/npz.h"
#include "quantier/record/predictions.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

constexpr std::size_t kExamples = 200;

struct Logits {
  std::size_t rows = 0;
  std::size_t classes = 0;
  std::vector<float> values;
  [[nodiscard]] std::span<const float> row(std::size_t i) const {
    return std::span(values).subspan(i * classes, classes);
  }
};

Logits read_logits(const std::filesystem::path& path, const std::string& name) {
  const auto arrays = read_npz(path);
  if (!arrays) {
    ADD_FAILURE() << arrays.error().message();
    return {};
  }
  for (const NpyArray& array : *arrays) {
    if (array.name == name)
      return {array.shape[0], array.shape[1], std::get<std::vector<float>>(array.values)};
  }
  ADD_FAILURE() << "no array " << name << " in " << path;
  return {};
}

struct Difference {
  double largest = 0;
  std::size_t flips = 0;
};

// Compares the first rows; NaN counts as infinitely far.
Difference compare(const Logits& ours, const Logits& reference) {
  Difference difference;
  for (std::size_t i = 0; i < ours.rows; ++i) {
    for (std::size_t c = 0; c < ours.classes; ++c) {
      const double distance =
          std::abs(static_cast<double>(ours.row(i)[c]) - static_cast<double>(reference.row(i)[c]));
      if (!(distance <= difference.largest)) difference.largest = std::isnan(distance) ? INFINITY : distance;
    }
    if (argmax(ours.row(i)) != argmax(reference.row(i))) ++difference.flips;
  }
  return difference;
}

class Predict : public CommandLineTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    // The first lines of the split, as a file of their own.
    const std::string all = read_file(demo("data/validation.jsonl"));
    std::size_t end = 0;
    for (std::size_t line = 0; line < kExamples; ++line) end = all.find('\n', end) + 1;
    write_file(folder_ / "data.jsonl", all.substr(0, end));
  }
  Logits predict(const std::string& recipe, const std::string& more = "") {
    const std::filesystem::path out = folder_ / "out.npz";
    const ProgramResult result =
        quantier("predict " + model() + " --data " + (folder_ / "data.jsonl").string() +
                 " --max-length 128 --recipe " + recipe + " --out " + out.string() + " " + more);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return read_logits(out, "logits");
  }
  [[nodiscard]] static std::string model() { return demo(GetParam()); }
  [[nodiscard]] Logits reference() const {
    return read_logits(demo("reference/") + GetParam() + "_logits.npz", "validation");
  }
};

TEST_P(Predict, Fp32EqualsTheReference) {
  const Logits ours = predict("fp32");
  ASSERT_EQ(ours.rows, kExamples);
  const Difference difference = compare(ours, reference());
  EXPECT_LE(difference.largest, 1e-4);
  EXPECT_EQ(difference.flips, 0U);
}

TEST_P(Predict, Fp16IsHalfPrecisionAndFaithful) {
  const Difference difference = compare(predict("fp16"), reference());
  EXPECT_LE(difference.largest, 0.03);
  EXPECT_GE(difference.largest, 1e-4) << "fp16 must really round";
  EXPECT_LE(difference.flips, 1U);
}

// Not a claim about quality: that the recipes run, differ from half precision by what quantization does and
// not by what a broken kernel does.
TEST_P(Predict, Int8AndInt4QuantizeAndStayNear) {
  const Difference int8 = compare(predict("int8"), reference());
  EXPECT_GE(int8.largest, 0.03) << "int8 must really quantize";
  EXPECT_LE(int8.flips, 4U);
  const Difference int4 = compare(predict("int4"), reference());
  EXPECT_GE(int4.largest, int8.largest) << "four bits move more than eight";
  EXPECT_LE(int4.flips, 16U);
}

TEST_P(Predict, LogitsDoNotDependOnBatchOrderOrThreads) {
  constexpr std::size_t kFew = 40;
  std::vector<std::string> lines;
  std::istringstream data(read_file(folder_ / "data.jsonl"));
  for (std::string line; lines.size() < kFew && std::getline(data, line);) lines.push_back(line);
  const auto write = [&] {
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    write_file(folder_ / "data.jsonl", all);
  };
  for (const char* recipe : {"fp32", "fp16", "int8", "int4"}) {
    write();
    const Logits base = predict(recipe, "--batch-size 32 --threads 2");
    ASSERT_EQ(base.rows, kFew);
    EXPECT_EQ(predict(recipe, "--batch-size 7 --threads 1").values, base.values) << recipe;
    EXPECT_EQ(predict(recipe, "--batch-size 1 --threads 2").values, base.values) << recipe;
    std::reverse(lines.begin(), lines.end());
    write();
    const Logits backwards = predict(recipe, "--batch-size 32 --threads 1");
    std::reverse(lines.begin(), lines.end());
    ASSERT_EQ(backwards.rows, kFew);
    for (std::size_t i = 0; i < kFew; ++i) {
      EXPECT_THAT(backwards.row(kFew - 1 - i), ::testing::ElementsAreArray(base.row(i)))
          << recipe << " text " << i;
    }
  }
}

TEST_P(Predict, TokenIdsEqualTheReference) {
  const ProgramResult result =
      quantier("tokenize " + model() + " --data " + (folder_ / "data.jsonl").string());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto expected = read_json_file(demo("reference/") + GetParam() + "_input_ids.json");
  ASSERT_TRUE(expected.has_value());
  std::istringstream lines(result.out);
  std::size_t row = 0;
  for (std::string line; std::getline(lines, line); ++row) {
    EXPECT_EQ(Json::parse(line), (*expected)["validation"][row]) << "text " << row;
  }
  EXPECT_EQ(row, kExamples);
}

INSTANTIATE_TEST_SUITE_P(Models, Predict, ::testing::Values("demo-encoder", "demo-decoder"),
                         [](const auto& model_parameter) {
                           return std::string(model_parameter.param) == "demo-encoder" ? "Encoder"
                                                                                       : "Decoder";
                         });

}  // namespace
}  // namespace quantier::testing
