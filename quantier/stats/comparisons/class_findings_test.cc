#include <cmath>
#include <numbers>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/base/rng.h"
#include "quantier/stats/comparisons/analysis_fixture.h"
#include "quantier/stats/comparisons/parts.h"

namespace quantier::analysis_internal {
namespace {

using analysis_fixture::make_run;
using testing::Each;
using testing::ElementsAre;

AnalysisOptions quick() {
  AnalysisOptions options;
  options.replicates = 400;
  options.calibration_replicates = 0;
  return options;
}

// Class 0: 2,000 examples, three quarters right. Class 1: one example. Class 2: none. Class 3: two.
struct Small {
  std::vector<std::int32_t> labels;
  std::vector<std::int32_t> reference;
  std::vector<std::int32_t> candidate;
  Small() {
    for (int i = 0; i < 2000; ++i) {
      labels.push_back(0);
      reference.push_back(i % 4 == 0 ? 2 : 0);
      candidate.push_back(i % 4 == 0 || i % 20 == 1 ? 2 : 0);
    }
    labels.insert(labels.end(), {1, 3, 3});
    reference.insert(reference.end(), {0, 3, 0});
    candidate.insert(candidate.end(), {1, 0, 0});
  }
  [[nodiscard]] std::vector<quantier::Run> runs() const {
    return {make_run("m", "fp16", 4, labels, reference), make_run("m", "int4", 4, labels, candidate)};
  }
};
const AnalysisTiers two_tiers = {.names = {"head", "tail"}, .tier_of_class = {0, 1, -1, 1}};

TEST(ClassFindings, CountWhatCanBeCountedByHand) {
  const auto analysis = analyze(Small().runs(), two_tiers, quick());
  ASSERT_TRUE(analysis.has_value()) << analysis.error().message();
  const ConfigurationFindings& reference = analysis->configurations[0];
  ASSERT_EQ(reference.classes.size(), 4U);
  EXPECT_EQ(reference.classes[0].n, 2000U);
  EXPECT_EQ(reference.classes[0].hits, 1500U);
  EXPECT_EQ(reference.classes[0].predicted, 1502U);
  EXPECT_NEAR(reference.classes[0].f1.value_or(0.0), 3000.0 / 3502.0, 1e-12);
  EXPECT_FALSE(reference.classes[2].accuracy.has_value());
  EXPECT_FALSE(reference.classes[2].f1_interval.has_value());
  EXPECT_EQ(reference.classes[2].f1, 0.0);  // predicted, never true
  EXPECT_FALSE(reference.quality.tiers[0].macro_f1_interval == std::nullopt);

  ASSERT_EQ(reference.support.size(), 3U);
  EXPECT_EQ(reference.support[0].classes, 1U);
  EXPECT_EQ(reference.support[1].classes, 2U);
  EXPECT_EQ(reference.support[1].examples, 3U);
  EXPECT_NEAR(reference.support[1].weight, 2.0 / 3.0, 1e-12);
  // The two examples of class 3 carry nearly all of the variance: class 1 is never right.
  EXPECT_NEAR(reference.support[0].variance_share.value_or(-1.0), 0.0, 1e-9);
  EXPECT_GT(reference.support[1].variance_share.value_or(0.0), 0.95);

  // Rows: true tier; columns: tier of the answer; the last is "in no tier".
  EXPECT_THAT(reference.error_landing.errors,
              ElementsAre(ElementsAre(0U, 0U, 500U), ElementsAre(2U, 0U, 0U), ElementsAre(0U, 0U, 0U)));

  ASSERT_EQ(analysis->class_comparisons.size(), 1U);
  const ClassComparison& comparison = analysis->class_comparisons[0];
  EXPECT_THAT(comparison.fell_to_zero, ElementsAre(3));
  EXPECT_THAT(comparison.rose_from_zero, ElementsAre(1));
  ASSERT_EQ(comparison.classes.size(), 3U);
  EXPECT_EQ(comparison.classes[0].flips.right_to_wrong, 100U);
  EXPECT_LT(comparison.classes[0].holm_p, 1e-6);
  EXPECT_EQ(comparison.confused[0].label_id, 0);
  EXPECT_EQ(comparison.confused[0].answer_id, 2);
  EXPECT_EQ(comparison.confused[0].reference, 500U);
  EXPECT_EQ(comparison.confused[0].candidate, 600U);
  // From the tier of the old answer to the tier of the new one. The answer 2 lies in no tier.
  EXPECT_THAT(comparison.flip_landing.right_to_wrong,
              ElementsAre(ElementsAre(0U, 0U, 100U), ElementsAre(1U, 0U, 0U), ElementsAre(0U, 0U, 0U)));
  EXPECT_THAT(comparison.flip_landing.wrong_to_right,
              ElementsAre(ElementsAre(0U, 1U, 0U), ElementsAre(0U, 0U, 0U), ElementsAre(0U, 0U, 0U)));
  EXPECT_THAT(comparison.flip_landing.wrong_to_wrong, Each(Each(0U)));
  ASSERT_EQ(comparison.macro_f1.size(), 3U);
  EXPECT_EQ(comparison.macro_f1[1].tier, "head");
  EXPECT_LT(comparison.macro_f1[1].difference.interval.high, 0.0);
}

TEST(ClassFindings, FlipsBetweenWrongAnswersAreCountedToo) {
  std::vector<std::int32_t> labels(30, 0);
  std::vector<std::int32_t> reference(30, 1);
  std::vector<std::int32_t> candidate(30, 1);
  for (std::size_t i = 0; i < 4; ++i) candidate[i] = 2;
  const auto analysis =
      analyze({make_run("m", "fp16", 3, labels, reference), make_run("m", "int4", 3, labels, candidate)},
              {.names = {"head", "tail"}, .tier_of_class = {0, 0, 1}}, quick());
  ASSERT_TRUE(analysis.has_value()) << analysis.error().message();
  const FlipLanding& landing = analysis->class_comparisons[0].flip_landing;
  EXPECT_THAT(landing.wrong_to_wrong,
              ElementsAre(ElementsAre(0U, 4U, 0U), ElementsAre(0U, 0U, 0U), ElementsAre(0U, 0U, 0U)));
  EXPECT_THAT(landing.right_to_wrong, Each(Each(0U)));
}

TEST(ClassFindings, NamedClassesHaveAnInterval) {
  AnalysisOptions options = quick();
  options.named_classes = {"class0", "class2"};
  const auto analysis = analyze(Small().runs(), two_tiers, options);
  ASSERT_TRUE(analysis.has_value()) << analysis.error().message();
  const auto& named = analysis->configurations[0].named_classes;
  ASSERT_TRUE(named[0].accuracy_interval.has_value());
  EXPECT_LT(named[0].accuracy_interval->low, 0.75);
  EXPECT_GT(named[0].accuracy_interval->high, 0.75);
  EXPECT_FALSE(named[1].accuracy_interval.has_value());  // no example, nothing to say
}

TEST(ClassFindings, MemoryThatADeviceReportedIsMemory) {
  std::vector<quantier::Run> runs = Small().runs();
  runs[0].memory.device_peak_bytes = 620'000'000;
  const auto analysis = analyze(runs, two_tiers, quick());
  ASSERT_TRUE(analysis.has_value()) << analysis.error().message();
  ASSERT_TRUE(analysis->configurations[0].memory.has_value());
  EXPECT_EQ(analysis->configurations[0].memory->device_peak_bytes, 620'000'000U);
  EXPECT_FALSE(analysis->configurations[1].memory.has_value());
}

TEST(HiddenFindings, MacroF1ThatDoesNotFallHidesALossOfTheHead) {
  const auto analysis = analyze(Small().runs(), two_tiers, quick());
  ASSERT_TRUE(analysis.has_value());
  ASSERT_EQ(analysis->hidden.size(), 1U);
  const HiddenFinding& hidden = analysis->hidden[0];
  EXPECT_NE(hidden.macro_f1, AggregateWord::kFell);
  EXPECT_TRUE(hidden.hides);
  EXPECT_THAT(hidden.classes, ElementsAre(0));
  ASSERT_FALSE(hidden.comparisons.empty());
  EXPECT_LT(analysis->comparisons[hidden.comparisons.back()].delta, 0.0);
  EXPECT_NEAR(hidden.accuracy_difference, -100.0 / 2003.0, 1e-12);
}

TEST(HiddenFindings, TheSameAnswersHideNothing) {
  const Small small;
  const auto analysis = analyze({make_run("m", "fp16", 4, small.labels, small.reference),
                                 make_run("m", "int4", 4, small.labels, small.reference)},
                                two_tiers, quick());
  ASSERT_TRUE(analysis.has_value());
  EXPECT_FALSE(analysis->hidden[0].hides);
  EXPECT_EQ(analysis->hidden[0].macro_f1, AggregateWord::kUnmoved);
  EXPECT_EQ(analysis->weakness[0].by_margin, WeaknessWord::kUnresolved);
}

// 40 classes of 100, base accuracies from 0.3 to 0.9. A candidate that loses `weak` of the right answers in
// the weakest class and none in the strongest; or one that only redraws answers with the same accuracies.
std::vector<quantier::Run> graded(bool damages, std::uint64_t seed) {
  Philox random(seed);
  std::vector<std::int32_t> labels;
  std::vector<std::int32_t> reference;
  std::vector<std::int32_t> candidate;
  for (std::int32_t c = 0; c < 40; ++c) {
    const double base = 0.3 + 0.6 * c / 39.0;
    for (int i = 0; i < 100; ++i) {
      labels.push_back(c);
      const bool right = random.next_uniform() < base;
      reference.push_back(right ? c : (c + 1) % 40);
      bool after = right;
      if (damages) {
        after = right && random.next_uniform() > 0.4 * (0.9 - base) / 0.6;
      } else if (random.next_uniform() < 0.3) {
        after = random.next_uniform() < base;
      }
      candidate.push_back(after ? c : (c + 1) % 40);
    }
  }
  return {make_run("m", "fp16", 40, labels, reference), make_run("m", "int4", 40, labels, candidate)};
}

TEST(Weakness, IsFoundWhereItIs) {
  const auto analysis = analyze(graded(true, 3), {}, quick());
  ASSERT_TRUE(analysis.has_value());
  const WeaknessFinding& finding = analysis->weakness[0];
  ASSERT_TRUE(finding.delta_per_base_accuracy.has_value());
  EXPECT_GT(finding.delta_per_base_accuracy->interval.low, 0.0);
  EXPECT_EQ(finding.deciles.size(), 10U);
}

// Redrawn answers fall back to the mean: read naively, strong classes seem to lose. Not here.
TEST(Weakness, RegressionToTheMeanIsNoDamage) {
  int resolved = 0;
  double sum = 0.0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const auto analysis = analyze(graded(false, 100 + seed), {}, quick());
    ASSERT_TRUE(analysis.has_value());
    const WeaknessFinding& finding = analysis->weakness[0];
    resolved += finding.delta_per_base_accuracy->interval.excludes_zero() ? 1 : 0;
    sum += finding.delta_per_base_accuracy->value / 30.0;
  }
  EXPECT_LE(resolved, 5);
  EXPECT_NEAR(sum, 0.0, 0.02);
}

// Logits around a common truth. `reference_noise` 0: the candidate is the reference with noise added, and
// loses where the reference was unsure. Equal noise: two runs as good as each other.
std::vector<quantier::Run> noisy(double reference_noise, double candidate_noise, std::uint64_t seed) {
  constexpr std::size_t kClasses = 10;
  constexpr std::size_t kExamples = 2000;
  Philox random(seed);
  const auto normal = [&] {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - random.next_uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * random.next_uniform());
  };
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < kExamples; ++i)
    labels.push_back(static_cast<std::int32_t>(random.next_below(kClasses)));
  std::vector<quantier::Run> runs = {make_run("m", "fp16", kClasses, labels, labels),
                                     make_run("m", "int4", kClasses, labels, labels)};
  for (std::size_t i = 0; i < kExamples * kClasses; ++i) {
    const double truth = normal() + (runs[0].predictions.logits[i] > 0.0F ? 2.0 : 0.0);
    runs[0].predictions.logits[i] = static_cast<float>(truth + reference_noise * normal());
    runs[1].predictions.logits[i] = static_cast<float>(truth + candidate_noise * normal());
  }
  return runs;
}

TEST(Weakness, IsFoundWhereTheReferenceWasUnsure) {
  const auto analysis = analyze(noisy(0.0, 0.3, 5), {}, quick());
  ASSERT_TRUE(analysis.has_value());
  const WeaknessFinding& finding = analysis->weakness[0];
  EXPECT_EQ(finding.by_margin, WeaknessWord::kConcentratedInWeak);
  ASSERT_EQ(finding.margin_halves.size(), 2U);
  EXPECT_EQ(finding.margin_halves[0].n, 1000U);
  EXPECT_EQ(finding.margin_halves[1].n, 1000U);
  const auto delta = [](const MarginHalf& half) {
    return static_cast<double>(half.flips.net()) / static_cast<double>(half.n);
  };
  ASSERT_TRUE(finding.unsure_minus_sure.has_value());
  EXPECT_NEAR(finding.unsure_minus_sure->value,
              delta(finding.margin_halves[0]) - delta(finding.margin_halves[1]), 1e-12);
}

// Halves by the reference's margin alone call this "concentrated in the strong" nearly every time.
TEST(Weakness, TwoRunsAsGoodAsEachOtherHaveNoneByMargin) {
  int resolved = 0;
  double halves = 0.0;
  double by_reference = 0.0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const auto analysis = analyze(noisy(1.0, 1.0, 200 + seed), {}, quick());
    ASSERT_TRUE(analysis.has_value());
    const WeaknessFinding& finding = analysis->weakness[0];
    ASSERT_TRUE(finding.unsure_minus_sure.has_value());
    resolved += finding.by_margin == WeaknessWord::kUnresolved ? 0 : 1;
    halves += finding.unsure_minus_sure->value / 30.0;
    for (std::size_t d = 0; d < 10; ++d)
      by_reference += (d < 5 ? 1.0 : -1.0) * finding.deciles[d].delta / 5.0 / 30.0;
  }
  EXPECT_LE(resolved, 5);
  EXPECT_NEAR(halves, 0.0, 0.02);
  EXPECT_GT(by_reference, 0.05);  // the trap is there
}

// A row without numbers in the candidate alone has no margin: it is in no half, and still counts in the
// deciles.
TEST(Weakness, RowsWithoutNumbersAreInNoHalf) {
  std::vector<quantier::Run> runs = noisy(0.0, 0.3, 6);
  for (std::size_t c = 0; c < 10; ++c) runs[1].predictions.logits[c] = NAN;
  const auto analysis = analyze(runs, {}, quick());
  ASSERT_TRUE(analysis.has_value()) << analysis.error().message();
  const WeaknessFinding& finding = analysis->weakness[0];
  ASSERT_EQ(finding.margin_halves.size(), 2U);
  EXPECT_EQ(finding.margin_halves[0].n + finding.margin_halves[1].n, 1999U);
  std::uint64_t in_deciles = 0;
  for (const MarginDecile& decile : finding.deciles) in_deciles += decile.n;
  EXPECT_EQ(in_deciles, 2000U);
}

TEST(Weakness, SmallSplitsHaveNone) {
  const auto analysis = analyze(
      {make_run("m", "fp16", 2, {0, 1}, {0, 0}), make_run("m", "int4", 2, {0, 1}, {1, 1})}, {}, quick());
  ASSERT_TRUE(analysis.has_value()) << analysis.error().message();
  EXPECT_TRUE(analysis->weakness[0].deciles.empty());
  EXPECT_FALSE(analysis->weakness[0].unsure_minus_sure.has_value());
  EXPECT_TRUE(analysis->weakness[0].margin_halves.empty());
  EXPECT_FALSE(analysis->weakness[0].delta_per_base_accuracy.has_value());
}

}  // namespace
}  // namespace quantier::analysis_internal
