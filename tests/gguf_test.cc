// The demo decoder through GGUF and back, with the built program. The logits of the quantized files are
// compared with what transformers computes from the same files, decoded by the Python package gguf
// (testdata/gguf/decoder_logits.json, made by tools/goldens/gguf_model_goldens.py).
#include "quantier/checkpoint/gguf/gguf.h"

#include <cmath>

#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "quantier/dataset/npz.h"
#include "quantier/formats/golden_arrays.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Gguf : public CommandLineTest {
 protected:
  // An existing folder is reused; the tokenizer is put beside the file.
  std::filesystem::path exported(const std::string& type, const std::string& more = "") {
    const std::filesystem::path file = folder_ / ("model-" + type) / "model.gguf";
    const ProgramResult result = quantier("export " + demo("demo-decoder") + " --format gguf --type " + type +
                                          " --out " + file.string() + " " + more);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return file;
  }
  std::vector<float> logits(const std::string& model, std::size_t examples) {
    const std::string all = read_file(demo("data/validation.jsonl"));
    std::size_t end = 0;
    for (std::size_t line = 0; line < examples; ++line) end = all.find('\n', end) + 1;
    write_file(folder_ / "data.jsonl", all.substr(0, end));
    const std::filesystem::path out = folder_ / "out.npz";
    const ProgramResult result =
        quantier("predict " + model + " --data " + (folder_ / "data.jsonl").string() +
                 " --max-length 128 --recipe fp32 --out " + out.string());
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const auto arrays = read_npz(out);
    if (!arrays) return {};
    for (const NpyArray& array : *arrays) {
      if (array.name == "logits") return std::get<std::vector<float>>(array.values);
    }
    return {};
  }
  void expect_refused(const std::string& arguments, int exit_code,
                      const ::testing::Matcher<std::string>& message) {
    const ProgramResult result = quantier(arguments);
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_THAT(result.err, message);
    EXPECT_THAT(result.out, ::testing::IsEmpty());
  }
};

TEST_F(Gguf, HalvesComeBackAsTheyWere) {
  const std::filesystem::path file = exported("f16");
  EXPECT_EQ(logits(file.string(), 50), logits(demo("demo-decoder"), 50));
}

TEST_F(Gguf, LogitsAreThoseOfAnIndependentReader) {
  const Json golden = goldens::read(QUANTIER_SOURCE_DIR "/testdata/gguf/decoder_logits.json");
  ASSERT_EQ(golden["types"].size(), 4U);
  for (const auto& [type, item] : golden["types"].items()) {
    SCOPED_TRACE(type);
    const std::vector<float> expected = goldens::floats(item);
    const std::size_t examples = goldens::dimension(item, 0);
    const std::vector<float> ours = logits(exported(type).string(), examples);
    ASSERT_EQ(ours.size(), expected.size());
    double largest = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) {
      const double difference = std::abs(static_cast<double>(ours[i]) - static_cast<double>(expected[i]));
      largest = std::isnan(difference) ? INFINITY : std::max(largest, difference);
    }
    EXPECT_LE(largest, 1e-4);
  }
}

TEST_F(Gguf, TypesAreThoseAskedFor) {
  const std::filesystem::path path = exported("q4_1", "--head-type q8_0 --embedding-type q4_0");
  const auto file = GgufFile::open(path);
  ASSERT_TRUE(file.has_value()) << file.error().message();
  std::map<std::string, GgmlType> types;
  for (const GgufTensor& tensor : file->header().tensors) types.emplace(tensor.name, tensor.type);
  EXPECT_EQ(types.at("token_embd.weight"), GgmlType::kQ4_0);
  EXPECT_EQ(types.at("cls.output.weight"), GgmlType::kQ8_0);
  EXPECT_EQ(types.at("blk.5.ffn_down.weight"), GgmlType::kQ4_1);
  EXPECT_EQ(types.at("blk.5.attn_q.bias"), GgmlType::kF32);
  EXPECT_EQ(types.at("output_norm.weight"), GgmlType::kF32);
  EXPECT_EQ(file->header().find("general.file_type")->as_unsigned(), 3U);
  EXPECT_EQ(file->header().find("tokenizer.ggml.tokens")->count, 8192U);
  EXPECT_EQ(file->header().find("qwen2.classifier.output_labels")->count, 58U);
}

TEST_F(Gguf, JsonSaysWhatWasWritten) {
  const std::filesystem::path file = folder_ / "model.gguf";
  const ProgramResult result =
      quantier("export " + demo("demo-decoder") + " --format gguf --type q8_0 --json --out " + file.string());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto document = parse_json(result.out, "stdout");
  ASSERT_TRUE(document.has_value());
  EXPECT_EQ((*document)["type"], "Q8_0");
  EXPECT_EQ((*document)["bytes"].get<std::uint64_t>(), std::filesystem::file_size(file));
  EXPECT_EQ((*document)["tensors"].size(), 6U * 12 + 3);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "tokenizer.json"));
}

TEST_F(Gguf, InspectReadsAFile) {
  const ProgramResult result = quantier("inspect " + exported("q4_0").string() + " --recipe int8 --json");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto document = parse_json(result.out, "stdout");
  ASSERT_TRUE(document.has_value());
  EXPECT_EQ((*document)["architecture"], "Qwen2ForSequenceClassification");
  EXPECT_EQ((*document)["labels"].size(), 58U);
}

// A GGUF file is a source like any other: what is quantized from it opens without it.
TEST_F(Gguf, CheckpointsAreWrittenFromAFile) {
  const std::filesystem::path file = exported("f16");
  const std::filesystem::path out = folder_ / "quantized";
  const ProgramResult written =
      quantier("quantize " + file.string() + " --recipe int8-rtn --out " + out.string());
  ASSERT_EQ(written.exit_code, 0) << written.err;
  const std::filesystem::path direct = folder_ / "direct";
  const ProgramResult reference =
      quantier("quantize " + demo("demo-decoder") + " --recipe int8-rtn --out " + direct.string());
  ASSERT_EQ(reference.exit_code, 0) << reference.err;
  EXPECT_EQ(read_file(out / "model.safetensors"), read_file(direct / "model.safetensors"));
  const ProgramResult again =
      quantier("export " + out.string() + " --format gguf --out " + (folder_ / "again" / "m.gguf").string());
  EXPECT_EQ(again.exit_code, 7);
  EXPECT_THAT(again.err, HasSubstr("full-precision"));
}

TEST_F(Gguf, TheEncoderIsRefusedByName) {
  expect_refused("export " + demo("demo-encoder") + " --format gguf --out " + (folder_ / "m.gguf").string(),
                 7, HasSubstr("ModernBertForSequenceClassification is not written to GGUF"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "m.gguf"));
}

TEST_F(Gguf, AFileWithoutItsTokenizerIsRefused) {
  const std::filesystem::path file = exported("q8_0");
  std::filesystem::remove(file.parent_path() / "tokenizer.json");
  expect_refused("predict " + file.string() + " --text x", 1, HasSubstr("tokenizer.json"));
}

TEST_F(Gguf, AnotherTokenizerIsNotOverwritten) {
  write_file(folder_ / "tokenizer.json", "{}");
  expect_refused("export " + demo("demo-decoder") + " --format gguf --out " + (folder_ / "m.gguf").string(),
                 6, HasSubstr("another tokenizer lies beside the output"));
  EXPECT_EQ(read_file(folder_ / "tokenizer.json"), "{}");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "m.gguf"));
}

TEST_F(Gguf, MistakesOfUseAreNamed) {
  const std::string model = "export " + demo("demo-decoder");
  expect_refused(model + " --format gguf --out " + (folder_ / "model.bin").string(), 2, HasSubstr(".gguf"));
  expect_refused(model + " --format gguf --type q6_k --out " + (folder_ / "m.gguf").string(), 2,
                 HasSubstr("q6_k"));
  expect_refused(model + " --format onnx --out " + (folder_ / "m.gguf").string(), 2, HasSubstr("onnx"));
  const std::filesystem::path file = exported("q8_0");
  expect_refused("export " + file.string() + " --format gguf --out " + (folder_ / "m.gguf").string(), 7,
                 HasSubstr("full-precision"));
}

TEST_F(Gguf, DamagedFilesAreNamed) {
  const std::filesystem::path file = exported("q4_0");
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1000);
  expect_refused("inspect " + file.string(), 6, AllOf(HasSubstr("model.gguf"), HasSubstr("damaged")));
  write_file(file, "PK\3\4");
  expect_refused("inspect " + file.string(), 6, HasSubstr("not a GGUF file"));
}

}  // namespace
}  // namespace quantier::testing
