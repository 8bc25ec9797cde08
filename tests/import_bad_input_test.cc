// Notebook files that say something that cannot be used: each is refused with what, where, why and what to
// do, nothing is stored, and the smallest honest ones still pass.
#include <cmath>
#include <filesystem>
#include <limits>

#include <gmock/gmock.h>

#include "quantier/dataset/npz.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kBadInput = 6;

class ImportBadInputTest : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    std::filesystem::create_directory(folder_ / "files");
    auto read = read_npz(std::string(QUANTIER_SOURCE_DIR) + "/testdata/notebook/week5_lab_predictions.npz");
    ASSERT_TRUE(read) << read.error().message();
    arrays_ = *std::move(read);
  }
  NpyArray& array(const std::string& name) {
    for (NpyArray& each : arrays_) {
      if (each.name == name) return each;
    }
    ADD_FAILURE() << "no array " << name;
    return arrays_.front();
  }
  std::vector<std::int64_t>& labels() {
    return std::get<std::vector<std::int64_t>>(array("val_labels").values);
  }
  std::vector<float>& logits(const std::string& name) {
    return std::get<std::vector<float>>(array(name + "_logits").values);
  }
  ProgramResult import(const std::string& more = "") {
    EXPECT_TRUE(write_npz(folder_ / "files/predictions.npz", arrays_));
    return quantier("import " + (folder_ / "files").string() + " --out " + (folder_ / "out").string() + " " +
                    more);
  }
  void expect_refused(const ProgramResult& result, const std::string& what) {
    EXPECT_EQ(result.exit_code, kBadInput) << result.err << result.out.substr(0, 500);
    EXPECT_THAT(result.err,
                AllOf(HasSubstr(what), HasSubstr("where:"), HasSubstr("why:"), HasSubstr("hint:")));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out/evidence.sqlite"));
  }

  std::vector<NpyArray> arrays_;
};

TEST_F(ImportBadInputTest, TheseFilesAreGoodAsTheyAre) {
  const ProgramResult result = import();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("6 runs added"));
}

TEST_F(ImportBadInputTest, NanAndInfinity) {
  logits("encoder_int8")[3] = std::numeric_limits<float>::quiet_NaN();
  expect_refused(import(), "NaN");
  logits("encoder_int8")[3] = std::numeric_limits<float>::infinity();
  expect_refused(import(), "infinity");
  EXPECT_EQ(import("--nan wrong").exit_code, 0);
}

TEST_F(ImportBadInputTest, LabelsOutsideTheClasses) {
  const auto classes = static_cast<std::int64_t>(array("encoder_fp16_logits").shape[1]);
  const std::int64_t good = labels()[5];
  labels()[5] = classes;
  expect_refused(import(), "outside the classes");
  labels()[5] = -1;
  expect_refused(import(), "outside the classes");
  labels()[5] = good;
  EXPECT_EQ(import().exit_code, 0);
}

TEST_F(ImportBadInputTest, LabelsInAnotherFrame) {
  std::vector<std::int64_t>& all = labels();
  const std::vector<std::int64_t> right = all;
  // Tiers stand by example and would contradict the moved labels first.
  std::erase_if(arrays_, [](const NpyArray& each) { return each.name == "val_tiers"; });
  std::vector<std::int64_t>& moved = labels();
  for (std::size_t i = 0; i < moved.size(); ++i) moved[i] = right[(i + 1) % right.size()];
  expect_refused(import(), "moved down by 1 row");
  // Every class has another's number.
  const auto classes = static_cast<std::int64_t>(array("encoder_fp16_logits").shape[1]);
  for (std::size_t i = 0; i < moved.size(); ++i) moved[i] = (right[i] + 1) % classes;
  expect_refused(import(), "classes counted from another number");
}

TEST_F(ImportBadInputTest, OtherNumbersOfRows) {
  NpyArray& one = array("decoder_int4_logits");
  one.shape[0] -= 1;
  logits("decoder_int4").resize(one.shape[0] * one.shape[1]);
  expect_refused(import(), "rows");
}

TEST_F(ImportBadInputTest, TiersThatContradictThemselves) {
  auto& tiers = std::get<std::vector<std::string>>(array("val_tiers").values);
  std::size_t twin = 1;
  while (twin < tiers.size() && labels()[twin] != labels()[0]) ++twin;
  ASSERT_LT(twin, tiers.size());
  tiers[0] = tiers[0] + "x";
  expect_refused(import(), "tier");
}

TEST_F(ImportBadInputTest, PicklesAreNeverOpened) {
  write_file(folder_ / "week.pkl", "cos\nsystem\n");
  expect_refused(
      quantier("import " + (folder_ / "week.pkl").string() + " --out " + (folder_ / "out").string()),
      "pickle");
  // Beside others it is left out, and said so.
  write_file(folder_ / "files/week.pkl", "cos\nsystem\n");
  const ProgramResult beside = import();
  EXPECT_EQ(beside.exit_code, 0) << beside.err;
  EXPECT_THAT(beside.out, HasSubstr("left out: a pickle"));
}

TEST_F(ImportBadInputTest, AFolderWithNothingToImport) {
  std::filesystem::create_directory(folder_ / "other");
  write_file(folder_ / "other/README.md", "nothing");
  const std::string out = " --out " + (folder_ / "out").string();
  expect_refused(quantier("import " + (folder_ / "other").string() + out), "nothing to import");
  std::filesystem::create_directory(folder_ / "empty");
  const ProgramResult empty = quantier("import " + (folder_ / "empty").string() + out);
  EXPECT_EQ(empty.exit_code, kBadInput);
  EXPECT_THAT(empty.err, HasSubstr("holds no files"));
}

TEST_F(ImportBadInputTest, TwoClassesAndOneExample) {
  arrays_ = {{.name = "y_labels", .shape = {1}, .values = std::vector<std::int64_t>{1}},
             {.name = "m_fp16_logits", .shape = {1, 2}, .values = std::vector<float>{-2.0F, 3.0F}},
             {.name = "m_int4_logits", .shape = {1, 2}, .values = std::vector<float>{2.5F, -3.0F}}};
  write_file(folder_ / "files/m.csv", "model,precision,accuracy,T,ece_post\nm,fp16,1.0,1.0,0.01\n");
  const ProgramResult result = import();
  // One example says what it says; a T and an ECE that it does not give are still refused.
  EXPECT_TRUE(result.exit_code == 0 || result.exit_code == kBadInput) << result.err;
  std::filesystem::remove(folder_ / "files/m.csv");
  const ProgramResult alone = import("--temperature lbfgs:lr=0.01,steps=50 --max-ece 0.05");
  EXPECT_EQ(alone.exit_code, 0) << alone.err;
  EXPECT_EQ(quantier("compare --store " + (folder_ / "out").string() + " \"m fp16\" \"m int4\"").exit_code,
            0);
}

}  // namespace
}  // namespace quantier::testing
