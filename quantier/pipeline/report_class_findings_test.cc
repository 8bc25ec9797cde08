#include "quantier/pipeline/report_class_findings.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/stats/comparisons/analysis_fixture.h"
#include "quantier/stats/comparisons/analyze.h"

namespace quantier {
namespace {

using analysis_fixture::make_run;
using ::testing::ElementsAre;
using ::testing::SizeIs;

// Class 0: 40 examples, 1: 4, 2: 2. The candidate loses class 2 to class 0 and gains an example of class 1.
Analysis small_analysis() {
  std::vector<std::int32_t> labels(40, 0);
  std::vector<std::int32_t> reference(40, 0);
  std::vector<std::int32_t> candidate(40, 0);
  labels.insert(labels.end(), {1, 1, 1, 1, 2, 2});
  reference.insert(reference.end(), {1, 1, 1, 0, 2, 0});
  candidate.insert(candidate.end(), {1, 1, 1, 1, 0, 0});
  AnalysisOptions options;
  options.replicates = 200;
  options.calibration_replicates = 0;
  options.named_classes = {"class2", "class0"};
  std::vector<Run> runs = {make_run("m", "fp16", 3, labels, reference),
                           make_run("m", "int4", 3, labels, candidate)};
  for (Run& run : runs) {
    run.predictions.truncated.assign(labels.size(), 0);
    run.predictions.truncated[0] = 1;
  }
  const auto analysis = analyze(runs, {.names = {"head", "tail"}, .tier_of_class = {0, 1, 1}}, options);
  EXPECT_TRUE(analysis.has_value());
  return analysis.value_or(Analysis{});
}

TEST(ReportClassFindings, CarryTheCountsOver) {
  NoteInput input;
  add_class_rows(small_analysis(), input);
  EXPECT_THAT(input.tier_names, ElementsAre("head", "tail"));
  ASSERT_THAT(input.flips, SizeIs(1));
  EXPECT_EQ(input.flips[0].examples, 46U);
  EXPECT_THAT(input.flips[0].right_to_wrong[1], ElementsAre(1U, 0U, 0U));  // tail to head
  EXPECT_THAT(input.flips[0].wrong_to_right[0], ElementsAre(0U, 1U, 0U));  // head to tail
  ASSERT_THAT(input.zero_classes, SizeIs(1));
  ASSERT_THAT(input.zero_classes[0].fell, SizeIs(1));
  EXPECT_EQ(input.zero_classes[0].fell[0].label, "class2");
  EXPECT_EQ(input.zero_classes[0].fell[0].examples, 2U);
  ASSERT_THAT(input.error_landing, SizeIs(2));
  EXPECT_THAT(input.error_landing[1].errors[1], ElementsAre(2U, 0U, 0U));
  ASSERT_THAT(input.tier_f1, SizeIs(4));
  EXPECT_FALSE(input.tier_f1[1].difference);  // the baseline itself
  ASSERT_TRUE(input.tier_f1[3].difference);
  EXPECT_NEAR(input.tier_f1[3].difference->value, input.tier_f1[3].value - input.tier_f1[1].value, 1e-12);
  ASSERT_THAT(input.support, SizeIs(6));
  EXPECT_EQ(input.support[2].classes, 2U);  // at most 4
  ASSERT_THAT(input.weakness, SizeIs(1));
  EXPECT_TRUE(input.weakness[0].few_flips);
  EXPECT_THAT(input.groups, SizeIs(2));  // truncated and whole
  EXPECT_EQ(input.groups[0].column, "truncated");
}

TEST(ReportClassFindings, NamedClassesReadAsTrajectories) {
  const std::vector<NoteNamedClass> rows = named_class_rows(small_analysis());
  ASSERT_THAT(rows, SizeIs(4));
  EXPECT_EQ(rows[0].label, "class2");  // in the order in which they were named, not of the labels
  EXPECT_EQ(rows[1].label, "class2");
  EXPECT_EQ(rows[1].recipe, "int4");
  EXPECT_EQ(rows[1].accuracy, 0.0);
  ASSERT_TRUE(rows[1].accuracy_high);
  EXPECT_GT(*rows[1].accuracy_high, 0.5);  // two examples say little
}

}  // namespace
}  // namespace quantier
