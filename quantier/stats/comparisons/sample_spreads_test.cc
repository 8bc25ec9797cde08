#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "quantier/stats/comparisons/analysis_fixture.h"
#include "quantier/stats/comparisons/analyze.h"

namespace quantier {
namespace {

using analysis_fixture::make_run;

// 3 classes; the last one has no example.
const std::vector<std::int32_t> kLabels = {0, 0, 0, 0, 1, 1, 1, 1};
const std::vector<std::int32_t> kReference = {0, 0, 0, 1, 1, 1, 0, 2};
const std::vector<std::int32_t> kOwn = {0, 0, 1, 0, 1, 2, 2, 2};
const AnalysisTiers kTiers = {.names = {"head", "mid", "tail"}, .tier_of_class = {0, 1, 2}};

CalibrationSample answering(std::uint64_t seed, const std::vector<std::int32_t>& answers) {
  CalibrationSample sample;
  sample.seed = seed;
  sample.logits = make_run("m", "any", 3, kLabels, answers).predictions.logits;
  return sample;
}

std::vector<quantier::Run> two_runs() {
  std::vector<quantier::Run> runs = {make_run("m", "fp16", 3, kLabels, kReference),
                                     make_run("m", "int4-gptq", 3, kLabels, kOwn)};
  runs[1].plan.options = {{"calibration_seed", "7"}};
  return runs;
}

AnalysisOptions with_samples() {
  AnalysisOptions options;
  options.replicates = 200;
  // One sample answers everything right, one as the reference does.
  options.calibration_samples["m-int4-gptq"] = {answering(8, kLabels), answering(9, kReference)};
  return options;
}

TEST(SampleSpreads, AreWhatCanBeCountedByHand) {
  const auto analysis = analyze(two_runs(), kTiers, with_samples());
  ASSERT_TRUE(analysis) << analysis.error().message();
  ASSERT_EQ(analysis->sample_spreads.size(), 1U);
  const SampleSpread& spread = analysis->sample_spreads[0];
  EXPECT_EQ(spread.recipe, "int4-gptq");
  EXPECT_EQ(spread.n, 8U);
  ASSERT_EQ(spread.samples.size(), 3U);
  EXPECT_EQ(spread.samples[0].seed, 7U);
  EXPECT_EQ(spread.samples[2].seed, 9U);

  EXPECT_DOUBLE_EQ(spread.accuracy.least, 4.0 / 8.0);
  EXPECT_DOUBLE_EQ(spread.accuracy.most, 1.0);
  EXPECT_DOUBLE_EQ(spread.macro_f1.least, (6.0 / 7.0 + 1.0 / 3.0) / 2.0);
  EXPECT_DOUBLE_EQ(spread.macro_f1.most, 1.0);
  ASSERT_EQ(spread.tier_accuracy.size(), 3U);
  EXPECT_DOUBLE_EQ(spread.tier_accuracy[0]->least, 0.75);
  EXPECT_DOUBLE_EQ(spread.tier_accuracy[1]->least, 0.25);
  EXPECT_DOUBLE_EQ(spread.tier_accuracy[1]->most, 1.0);
  EXPECT_FALSE(spread.tier_accuracy[2].has_value());

  // Against the reference: the run's own answers lose two, gain one and change one wrong answer.
  EXPECT_EQ(spread.samples[0].flips->right_to_wrong, 2U);
  EXPECT_EQ(spread.samples[0].flips->wrong_to_right, 1U);
  EXPECT_EQ(spread.samples[0].flips->wrong_to_wrong, 1U);
  EXPECT_EQ(spread.samples[1].flips->wrong_to_right, 3U);
  ASSERT_TRUE(spread.flips.has_value());
  EXPECT_EQ(spread.flips->least, 0.0);
  EXPECT_EQ(spread.flips->most, 4.0);
  EXPECT_DOUBLE_EQ(spread.mean_between, 11.0 / 3.0);
  EXPECT_EQ(spread.most_between, 4U);
}

// They stand beside everything else and change none of it.
TEST(SampleSpreads, LeaveTheFindingsOfTheRunAlone) {
  AnalysisOptions options = with_samples();
  const auto with = analyze(two_runs(), kTiers, options);
  options.calibration_samples.clear();
  const auto without = analyze(two_runs(), kTiers, options);
  ASSERT_TRUE(with && without);
  EXPECT_TRUE(without->sample_spreads.empty());
  EXPECT_EQ(with->configurations[1].quality.macro_f1, without->configurations[1].quality.macro_f1);
  EXPECT_EQ(with->configurations[1].quality.macro_f1_interval->low,
            without->configurations[1].quality.macro_f1_interval->low);
  EXPECT_EQ(with->family_size, without->family_size);
  EXPECT_EQ(with->comparisons.size(), without->comparisons.size());
}

TEST(SampleSpreads, WithoutARunOfTheReferenceThereAreNoFlips) {
  AnalysisOptions options = with_samples();
  std::vector<quantier::Run> alone = {two_runs()[1]};
  alone[0].plan.options.clear();
  const auto analysis = analyze(alone, kTiers, options);
  ASSERT_TRUE(analysis) << analysis.error().message();
  ASSERT_EQ(analysis->sample_spreads.size(), 1U);
  EXPECT_FALSE(analysis->sample_spreads[0].flips.has_value());
  EXPECT_FALSE(analysis->sample_spreads[0].samples[0].seed.has_value());
  EXPECT_EQ(analysis->sample_spreads[0].most_between, 4U);
}

}  // namespace
}  // namespace quantier
