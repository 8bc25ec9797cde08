#include <bit>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/stats/comparisons/analysis_fixture.h"
#include "quantier/stats/comparisons/paired_counts.h"
#include "quantier/stats/comparisons/parts.h"

namespace quantier::analysis_internal {
namespace {

using analysis_fixture::make_run;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(HalfSplits, AgreeWithEveryCut) {
  // Ten examples: 2 lost, 5 gained. Every one of the 252 halves.
  const PairedCounts counts{10, 2, 5};
  int all = 0;
  int both = 0;
  int significant = 0;
  for (unsigned cut = 0; cut < 1024; ++cut) {
    if (std::popcount(cut) != 5) continue;
    ++all;
    const auto lost = static_cast<std::uint64_t>(std::popcount(cut & 0b11u));
    const auto gained = static_cast<std::uint64_t>(std::popcount(cut & 0b1111100u));
    if (gained > lost && 5 - gained > 2 - lost) ++both;
    if (gained > lost && mcnemar_mid_p_value(lost, gained) < 0.05) ++significant;
  }
  const auto halves = half_splits_of(counts);
  ASSERT_TRUE(halves.has_value());
  EXPECT_NEAR(halves->same_sign_in_both, static_cast<double>(both) / all, 1e-12);
  EXPECT_NEAR(halves->half_reaches_significance, static_cast<double>(significant) / all, 1e-12);
}

TEST(HalfSplits, DegenerateAndLarge) {
  EXPECT_FALSE(half_splits_of({1, 0, 1}).has_value());
  EXPECT_FALSE(half_splits_of({10, 3, 3}).has_value());
  EXPECT_FALSE(half_splits_of({10, 0, 0}).has_value());
  const auto sure = half_splits_of({1'000'000, 20'000, 60'000});
  ASSERT_TRUE(sure.has_value());
  EXPECT_NEAR(sure->same_sign_in_both, 1.0, 1e-9);
  EXPECT_NEAR(sure->half_reaches_significance, 1.0, 1e-9);
}

TEST(ExamplesToResolve, GrowsAsTheDifferenceShrinks) {
  EXPECT_EQ(examples_to_resolve({210, 0, 6}), 210U);
  EXPECT_FALSE(examples_to_resolve({210, 3, 3}).has_value());
  EXPECT_FALSE(examples_to_resolve({210, 0, 0}).has_value());
  const auto near = examples_to_resolve({1000, 5, 10});
  const auto far = examples_to_resolve({1000, 9, 10});
  ASSERT_TRUE(near.has_value() && far.has_value());
  EXPECT_GT(*near, 1000U);
  EXPECT_GT(*far, 10 * *near);
  // By the normal approximation: (1.96 + 0.84)^2 / (share - 1/2)^2 / 4 changes.
  const double changes = std::pow(1.96 + 0.84, 2) / std::pow(10.0 / 15.0 - 0.5, 2) / 4.0;
  EXPECT_NEAR(static_cast<double>(*near), changes * 1000.0 / 15.0, 0.15 * changes * 1000.0 / 15.0);
  EXPECT_FALSE(examples_to_resolve({1'000'000'000, 500, 501}).has_value());
}

// 6,000 examples of 3 classes, one a tier; `losses[c]` of class c turn wrong and `gains[c]` turn right.
quantier::Run changed(const std::string& model, const std::string& recipe, const std::vector<int>& losses,
                      const std::vector<int>& gains) {
  std::vector<std::int32_t> labels;
  std::vector<std::int32_t> predictions;
  for (std::int32_t c = 0; c < 3; ++c) {
    for (int i = 0; i < 2000; ++i) {
      labels.push_back(c);
      const bool right = i % 2 == 0;
      const int at = i / 2;
      const bool flipped =
          right ? at < losses[static_cast<std::size_t>(c)] : at < gains[static_cast<std::size_t>(c)];
      predictions.push_back(right != flipped ? c : (c + 1) % 3);
    }
  }
  return make_run(model, recipe, 3, labels, predictions);
}

const AnalysisTiers tiers_of_test = {.names = {"head", "mid", "tail"}, .tier_of_class = {0, 1, 2}};

AnalysisOptions quick() {
  AnalysisOptions options;
  options.replicates = 100;
  options.calibration_replicates = 0;
  return options;
}

TEST(Contrasts, NameThePatternAndTheShape) {
  const std::vector<quantier::Run> runs = {
      changed("m", "fp16", {0, 0, 0}, {0, 0, 0}),        changed("m", "int8", {60, 60, 10}, {10, 12, 9}),
      changed("m", "int4", {120, 122, 12}, {10, 12, 9}), changed("m", "odd", {5, 4, 150}, {3, 4, 2}),
      changed("n", "fp16", {0, 0, 0}, {0, 0, 0}),        changed("n", "int4", {0, 0, 1}, {0, 1, 0})};
  const auto analysis = analyze(runs, tiers_of_test, quick());
  ASSERT_TRUE(analysis.has_value()) << analysis.error().message();
  ASSERT_EQ(analysis->patterns.size(), 4U);
  const PatternFinding& int4 = analysis->patterns[1];
  EXPECT_EQ(int4.recipe, "int4");
  EXPECT_EQ(int4.pattern, DamagePattern::kSomeTiers);
  EXPECT_THAT(int4.lost, ElementsAre("head", "mid"));
  EXPECT_THAT(int4.gained, IsEmpty());
  EXPECT_THAT(int4.unresolved, ElementsAre("tail"));
  EXPECT_EQ(int4.strongest, EvidenceWord::kEstablished);
  EXPECT_TRUE(int4.contrast_resolved);
  EXPECT_EQ(analysis->patterns[3].model, "n");
  EXPECT_EQ(analysis->patterns[3].pattern, DamagePattern::kNoneResolved);
  EXPECT_FALSE(analysis->patterns[3].contrast_resolved);

  ASSERT_EQ(analysis->shapes.size(), 3U);
  const ShapeComparison& same = analysis->shapes[0];
  EXPECT_EQ(same.recipe_a, "int4");
  EXPECT_EQ(same.recipe_b, "int8");
  EXPECT_EQ(same.word, ShapeWord::kProportional);
  EXPECT_NEAR(same.factor.value_or(0.0), 2.2, 0.3);
  EXPECT_GT(same.p.value_or(0.0), 0.05);
  EXPECT_EQ(same.degrees, 2U);
  EXPECT_EQ(analysis->shapes[1].recipe_a, "odd");
  EXPECT_EQ(analysis->shapes[1].word, ShapeWord::kAnotherShape);
  EXPECT_LT(analysis->shapes[1].p.value_or(1.0), 1e-6);

  const Contrast* recipes = nullptr;
  const Contrast* models = nullptr;
  const Contrast* tiers = nullptr;
  for (const Contrast& contrast : analysis->contrasts) {
    EXPECT_NEAR(contrast.difference, contrast.a.delta - contrast.b.delta, 1e-12);
    EXPECT_LE(contrast.interval.low, contrast.difference);
    EXPECT_GE(contrast.interval.high, contrast.difference);
    EXPECT_EQ(contrast.interval.excludes_zero(), contrast.p < 0.05) << contrast.p;
    EXPECT_GE(contrast.holm_p, contrast.p);
    if (contrast.kind == ContrastKind::kRecipeAgainstRecipe && contrast.a.recipe == "int4" &&
        contrast.a.part == "head") {
      recipes = &contrast;
    }
    if (contrast.kind == ContrastKind::kModelAgainstModel && contrast.a.part == "head") models = &contrast;
    if (contrast.kind == ContrastKind::kTierAgainstTier && contrast.a.recipe == "int4" &&
        contrast.a.model == "m" && contrast.b.part == "tail" && contrast.a.part == "head") {
      tiers = &contrast;
    }
  }
  ASSERT_TRUE(recipes != nullptr && models != nullptr && tiers != nullptr);
  ASSERT_TRUE(recipes->direct_flips.has_value());
  EXPECT_EQ(recipes->direct_flips->right_to_wrong, 60U);
  EXPECT_EQ(recipes->evidence, EvidenceWord::kEstablished);
  EXPECT_EQ(models->a.model, "n");
  EXPECT_EQ(models->b.model, "m");
  EXPECT_NEAR(models->difference, 110.0 / 2000.0, 1e-12);
  EXPECT_EQ(models->evidence, EvidenceWord::kEstablished);
  EXPECT_NEAR(tiers->difference, -107.0 / 2000.0, 1e-12);
}

// Two independent Tango intervals, combined by hand.
TEST(Contrasts, CombineIntervalsAsPublished) {
  const std::vector<quantier::Run> runs = {changed("m", "fp16", {0, 0, 0}, {0, 0, 0}),
                                           changed("m", "int4", {30, 5, 0}, {10, 7, 0})};
  const auto analysis = analyze(runs, tiers_of_test, quick());
  ASSERT_TRUE(analysis.has_value());
  const Interval head = tango_score_interval({2000, 30, 10});
  const Interval mid = tango_score_interval({2000, 5, 7});
  const Contrast& contrast = analysis->contrasts[0];
  EXPECT_EQ(contrast.a.part, "head");
  EXPECT_EQ(contrast.b.part, "mid");
  const double d = -0.01 - 0.001;
  EXPECT_NEAR(contrast.interval.low, d - std::hypot(-0.01 - head.low, mid.high - 0.001), 1e-12);
  EXPECT_NEAR(contrast.interval.high, d + std::hypot(head.high + 0.01, 0.001 - mid.low), 1e-12);
}

TEST(Groups, AreExploratoryAndTruncationIsOneByItself) {
  std::vector<quantier::Run> runs = {changed("m", "fp16", {0, 0, 0}, {0, 0, 0}),
                                     changed("m", "int4", {60, 0, 0}, {0, 0, 0})};
  for (quantier::Run& run : runs) {
    for (int i = 0; i < 6000; ++i) run.predictions.truncated.push_back(i < 2000 ? 1 : 0);
  }
  AnalysisOptions options = quick();
  ExampleGroups grouping{.column = "source", .group_of_example = {}};
  for (int i = 0; i < 6000; ++i) {
    grouping.group_of_example.push_back(i < 100 ? "web" : i < 101 ? "one" : i < 200 ? "" : "phone");
  }
  options.groups = {grouping};
  const auto analysis = analyze(runs, tiers_of_test, options);
  ASSERT_TRUE(analysis.has_value()) << analysis.error().message();
  EXPECT_EQ(analysis->family_size, 4U);
  ASSERT_EQ(analysis->group_comparisons.size(), 5U);
  const GroupComparison& truncated = analysis->group_comparisons[0];
  EXPECT_EQ(truncated.column, "truncated");
  EXPECT_EQ(truncated.group, "truncated");
  EXPECT_EQ(truncated.cell.n, 2000U);
  EXPECT_EQ(truncated.cell.evidence, EvidenceWord::kEstablished);
  EXPECT_EQ(analysis->group_comparisons[1].cell.flips.gross(), 0U);
  EXPECT_EQ(analysis->group_comparisons[1].cell.evidence, EvidenceWord::kUnresolved);
  EXPECT_EQ(analysis->group_comparisons[2].group, "one");
  EXPECT_EQ(analysis->group_comparisons[2].cell.n, 1U);
  EXPECT_FALSE(analysis->group_comparisons[2].cell.class_clustered.has_value());
  EXPECT_EQ(analysis->group_comparisons[4].cell.n, 100U);

  options.groups[0].group_of_example.pop_back();
  const auto wrong = analyze(runs, tiers_of_test, options);
  ASSERT_FALSE(wrong.has_value());
  EXPECT_THAT(wrong.error().message(), HasSubstr("5999 entries"));
}

TEST(SecondSplit, TakesThePlaceOfReplication) {
  const std::vector<quantier::Run> runs = {changed("m", "fp16", {0, 0, 0}, {0, 0, 0}),
                                           changed("m", "int4", {60, 0, 0}, {0, 0, 0})};
  std::vector<quantier::Run> second = {changed("m", "fp16", {0, 0, 0}, {0, 0, 0}),
                                       changed("m", "int4", {0, 0, 0}, {60, 0, 0})};
  for (quantier::Run& run : second) run.split = "test";
  AnalysisOptions options = quick();
  const auto alone = analyze(runs, tiers_of_test, options);
  options.second_split = &second;
  const auto both = analyze(runs, tiers_of_test, options);
  ASSERT_TRUE(alone.has_value() && both.has_value()) << both.error().message();
  EXPECT_EQ(alone->comparisons[0].evidence, EvidenceWord::kEstablished);
  EXPECT_FALSE(alone->comparisons[0].second_split.has_value());
  ASSERT_TRUE(both->comparisons[0].second_split.has_value());
  EXPECT_EQ(both->comparisons[0].second_split->split, "test");
  EXPECT_FALSE(both->comparisons[0].second_split->repeats);
  EXPECT_EQ(both->comparisons[0].replication, 0.0);
  EXPECT_EQ(both->comparisons[0].evidence, EvidenceWord::kDirectional);
  second.pop_back();
  const auto missing = analyze(runs, tiers_of_test, options);
  ASSERT_TRUE(missing.has_value());
  EXPECT_THAT(missing->remarks, Contains(HasSubstr("second split")));
  EXPECT_EQ(missing->comparisons[0].replication, alone->comparisons[0].replication);
}

}  // namespace
}  // namespace quantier::analysis_internal
