#include "quantier/dataset/prediction_file.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/dataset/npz.h"

namespace quantier {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Result<PredictionTable> parsed(const std::string& content, PredictionFormat format,
                               const PredictionOptions& options = {}) {
  return parse_predictions(std::as_bytes(std::span(content)), format, "given", options);
}

// Every error names what, where and why.
void expect_refused(const Result<PredictionTable>& result, ErrorKind kind, const std::string& part) {
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, kind) << result.error().message();
  EXPECT_THAT(result.error().message(), HasSubstr(part));
  EXPECT_THAT(result.error().what, Not(IsEmpty()));
  EXPECT_THAT(result.error().where, Not(IsEmpty()));
}

class PredictionNpzTest : public ::testing::Test {
 protected:
  std::filesystem::path folder_;
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("quantier-predictions-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::filesystem::path npz(const std::vector<NpyArray>& arrays) const {
    const auto path = folder_ / "p.npz";
    EXPECT_TRUE(write_npz(path, arrays).has_value());
    return path;
  }
};

const NpyArray kLogits{"logits", {2, 3}, std::vector<float>{1, 2, 3, -1, 5, 0}};
const NpyArray kLabels{"labels", {2}, std::vector<std::int64_t>{2, 1}};

TEST_F(PredictionNpzTest, FindsWhatIsMeant) {
  const auto table = read_predictions(npz({kLogits,
                                           kLabels,
                                           {"ids", {2}, std::vector<std::string>{"a", "b"}},
                                           {"label_names", {3}, std::vector<std::string>{"x", "y", "z"}}}),
                                      {});
  ASSERT_TRUE(table.has_value()) << table.error().message();
  EXPECT_EQ(table->example_count, 2U);
  EXPECT_EQ(table->class_count, 3U);
  EXPECT_THAT(table->logits, ElementsAre(1, 2, 3, -1, 5, 0));
  EXPECT_THAT(table->label_numbers, ElementsAre(2, 1));
  EXPECT_THAT(table->ids, ElementsAre("a", "b"));
  EXPECT_THAT(table->class_names, ElementsAre("x", "y", "z"));
}

TEST_F(PredictionNpzTest, DoublesBecomeFloats) {
  const auto table = read_predictions(npz({{"logits", {1, 2}, std::vector<double>{0.1, -1e-3}}, kLabels}),
                                      {.columns = {.logits = "", .labels = "", .ids = "", .groups = {}}});
  expect_refused(table, ErrorKind::kUserInput, "2 labels for 1 rows");
  const auto alone = read_predictions(npz({{"logits", {1, 2}, std::vector<double>{0.1, -1e-3}}}), {});
  ASSERT_TRUE(alone.has_value()) << alone.error().message();
  EXPECT_THAT(alone->logits, ElementsAre(0.1F, -1e-3F));
}

TEST_F(PredictionNpzTest, SeveralMatricesNeedAName) {
  NpyArray other = kLogits;
  other.name = "b_logits";
  NpyArray first = kLogits;
  first.name = "a_logits";
  const auto path = npz({first, other, kLabels});
  const auto ambiguous = read_predictions(path, {});
  expect_refused(ambiguous, ErrorKind::kUserInput, "\"a_logits\", \"b_logits\"");
  EXPECT_THAT(ambiguous.error().hint, HasSubstr("logits=KEY"));
  PredictionOptions options;
  ASSERT_TRUE(parse_column_mapping("logits=b_logits,labels=labels", options.columns).has_value());
  EXPECT_TRUE(read_predictions(path, options).has_value());
  options.columns.logits = "labels";
  expect_refused(read_predictions(path, options), ErrorKind::kUserInput, "cannot be the logits");
  options.columns.logits = "c";
  expect_refused(read_predictions(path, options), ErrorKind::kUserInput, "there is no \"c\"");
}

TEST_F(PredictionNpzTest, NumbersThatAreNone) {
  NpyArray bad = kLogits;
  std::get<std::vector<float>>(bad.values)[4] = std::numeric_limits<float>::quiet_NaN();
  const auto path = npz({bad, kLabels});
  const auto refused = read_predictions(path, {});
  expect_refused(refused, ErrorKind::kUserInput, "1 of 2 rows hold NaN or infinity");
  EXPECT_THAT(refused.error().where, HasSubstr("row 1"));
  EXPECT_THAT(refused.error().hint, HasSubstr("--nan wrong"));
  PredictionOptions options;
  options.not_finite = NotFinite::kWrong;
  const auto table = read_predictions(path, options);
  ASSERT_TRUE(table.has_value());
  EXPECT_EQ(table->rows_not_finite, 1U);
  EXPECT_TRUE(std::isnan(table->logits[3]) && std::isnan(table->logits[5]));
  EXPECT_EQ(table->logits[0], 1.0F);
}

TEST_F(PredictionNpzTest, ProbabilitiesAreDeclared) {
  const auto path = npz({{"logits", {2, 2}, std::vector<float>{0.25F, 0.75F, 1.0F, 0.0F}}, kLabels});
  expect_refused(read_predictions(path, {}), ErrorKind::kUserInput, "look like probabilities");
  PredictionOptions options;
  options.scores = ScoreKind::kProbabilities;
  const auto table = read_predictions(path, options);
  ASSERT_TRUE(table.has_value()) << table.error().message();
  EXPECT_FLOAT_EQ(table->logits[0], std::log(0.25F));
  EXPECT_THAT(table->remarks, ElementsAre(HasSubstr("1 probabilities are 0")));
  options.scores = ScoreKind::kLogits;
  EXPECT_EQ(read_predictions(path, options)->logits[1], 0.75F);
  options.scores = ScoreKind::kProbabilities;
  expect_refused(read_predictions(npz({kLogits}), options), ErrorKind::kUserInput, "are none");
}

TEST(PredictionJsonl, ReadsRowsWithGroups) {
  PredictionOptions options;
  options.columns.groups = {"source"};
  const auto table = parsed(
      "{\"id\": 7, \"label\": \"spam\", \"logits\": [1.5, -2], \"source\": \"mail\"}\n\n"
      "{\"id\": 8, \"label\": \"3\", \"logits\": [0, 4e0], \"source\": \"web\"}\n",
      PredictionFormat::kJsonl, options);
  ASSERT_TRUE(table.has_value()) << table.error().message();
  EXPECT_THAT(table->logits, ElementsAre(1.5F, -2.0F, 0.0F, 4.0F));
  EXPECT_THAT(table->label_names, ElementsAre("spam", "3"));
  EXPECT_THAT(table->ids, ElementsAre("7", "8"));
  EXPECT_THAT(table->groups.at("source"), ElementsAre("mail", "web"));
}

TEST(PredictionJsonl, Refuses) {
  const auto refused = [](const std::string& content, ErrorKind kind, const std::string& part) {
    expect_refused(parsed(content, PredictionFormat::kJsonl), kind, part);
  };
  refused("", ErrorKind::kUserInput, "no predictions");
  refused("[1]", ErrorKind::kCorruptData, "found array");
  refused("{\"logits\": [NaN]}", ErrorKind::kCorruptData, "null, not NaN");
  refused("{\"logits\": [1, null]}", ErrorKind::kUserInput, "NaN or infinity");
  refused("{\"logits\": [1, 2]}\n{\"logits\": [1]}", ErrorKind::kUserInput, "line 2");
  refused("{\"logits\": [\"1\"]}", ErrorKind::kUserInput, "not a number");
  refused("{\"logits\": 3}", ErrorKind::kUserInput, "not a list");
  refused("{\"logits\": []}", ErrorKind::kUserInput, "not a list");
  refused("{\"text\": \"a\"}", ErrorKind::kUserInput, "no logits were found");
  refused("{\"logits\": [1], \"id\": 1}\n{\"logits\": [2], \"id\": 1}", ErrorKind::kUserInput, "twice");
  refused("{\"logits\": [1], \"logits\": [2]}", ErrorKind::kCorruptData, "not a JSON object");
  refused("{\"logits\": [1], \"label\": 1.5}", ErrorKind::kUserInput, "whole number");
  refused("{\"logits\": [1e999]}", ErrorKind::kCorruptData, "line 1");
}

TEST(PredictionCsv, NumbersGiveTheOrderOfTheClasses) {
  const auto table = parsed("id,logit_1,logit_0,label\na,1,2,0\nb,-3,4e-1,1\n", PredictionFormat::kCsv);
  ASSERT_TRUE(table.has_value()) << table.error().message();
  EXPECT_THAT(table->logits, ElementsAre(2, 1, 0.4F, -3));
  EXPECT_THAT(table->label_numbers, ElementsAre(0, 1));
  EXPECT_THAT(table->ids, ElementsAre("a", "b"));
  EXPECT_THAT(table->class_names, IsEmpty());
}

TEST(PredictionCsv, NamesOfClassesAreKept) {
  PredictionOptions options;
  options.columns.logits = "p:*";
  const auto table = parsed("p:ham;x,p:spam\n1,2\n", PredictionFormat::kCsv, options);
  ASSERT_TRUE(table.has_value()) << table.error().message();
  EXPECT_THAT(table->class_names, ElementsAre("ham;x", "spam"));
}

TEST(PredictionCsv, Refuses) {
  const auto refused = [](const std::string& content, ErrorKind kind, const std::string& part) {
    expect_refused(parsed(content, PredictionFormat::kCsv), kind, part);
  };
  refused("", ErrorKind::kUserInput, "no predictions");
  refused("label\n1\n", ErrorKind::kUserInput, "no logits were found");
  refused("logit_0,logit_2\n1,2\n", ErrorKind::kUserInput, "must run from 0 to 1");
  refused("logit_0,logit_0\n1,2\n", ErrorKind::kUserInput, "must run from 0 to 1");
  refused("logit_0,logit_1\n1\n", ErrorKind::kCorruptData, "1 fields");
  refused("logit_0,logit_1\n1,x\n", ErrorKind::kUserInput, "line 2");
  refused("logit_0,logit_1\n1,\n", ErrorKind::kUserInput, "holds \"\"");
  refused("logit_0,logit_1\n1,inf\n", ErrorKind::kUserInput, "NaN or infinity");
}

TEST(PredictionFormat, ByExtension) {
  EXPECT_EQ(prediction_format_of("a.NPZ").value(), PredictionFormat::kNpz);
  EXPECT_THAT(prediction_format_of("a.pkl").error().message(), HasSubstr("pickle"));
  EXPECT_EQ(prediction_format_of("a.txt").error().kind, ErrorKind::kUnsupported);
}

TEST(PredictionMapping, Refuses) {
  PredictionColumns columns;
  EXPECT_EQ(parse_column_mapping("logits", columns).error().kind, ErrorKind::kUsage);
  EXPECT_EQ(parse_column_mapping("logits=", columns).error().kind, ErrorKind::kUsage);
  EXPECT_EQ(parse_column_mapping("colour=x", columns).error().kind, ErrorKind::kUsage);
  ASSERT_TRUE(parse_column_mapping("ids=i,group=a,group=b", columns).has_value());
  EXPECT_THAT(columns.groups, ElementsAre("a", "b"));
}

}  // namespace
}  // namespace quantier
