// Limits of every kind: what passes, what does not, what is not shown, and what makes no sense.
#include <cmath>

#include <gmock/gmock.h>

#include "quantier/decide/decision.h"
#include "quantier/decide/workload_fixture.h"

namespace quantier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using workload_fixture::candidates;
using workload_fixture::envelope;

const Metric kTail{.kind = MetricKind::kTierAccuracy, .part = "tail"};

StatedConstraint at_least(const Metric& metric, double limit) { return {.metric = metric, .min = limit}; }
StatedConstraint at_most(const Metric& metric, double limit) { return {.metric = metric, .max = limit}; }

std::string refusal(const Envelope& limits, std::vector<Candidate> list = candidates()) {
  const auto decision = decide_candidates(std::move(list), {}, limits);
  EXPECT_FALSE(decision);
  return decision ? std::string() : decision.error().message();
}

Decision decided(const Envelope& limits, std::vector<Candidate> list = candidates(),
                 const std::vector<QualityDifference>& differences = {}, const DecideOptions& options = {}) {
  auto decision = decide_candidates(std::move(list), differences, limits, options);
  EXPECT_TRUE(decision) << decision.error().message();
  return decision.value_or(Decision{});
}

TEST(EnvelopeLimits, ContradictionsAndImpossibleNumbersAreRefused) {
  Envelope limits = envelope();
  limits.constraints = {at_most({MetricKind::kMacroF1}, 0.1)};
  EXPECT_THAT(refusal(limits), HasSubstr("at least 0.2 and at most 0.1 contradict each other"));
  limits = {};
  limits.constraints = {at_least({MetricKind::kAccuracy}, 60.0)};
  EXPECT_THAT(refusal(limits), HasSubstr("never above 1"));
  limits.constraints = {at_most({MetricKind::kMemory}, 0.0)};
  EXPECT_THAT(refusal(limits), HasSubstr("at most 0 is impossible"));
  limits.constraints = {at_most({MetricKind::kEce}, std::nan(""))};
  EXPECT_THAT(refusal(limits), HasSubstr("not a non-negative number"));
  limits.constraints = {{.metric = kTail, .no_worse_than = "encoder fp61", .margin = 0.01}};
  EXPECT_THAT(refusal(limits), HasSubstr("did you mean \"encoder fp16\"?"));
  limits.constraints = {{.metric = kTail}};
  EXPECT_THAT(refusal(limits), HasSubstr("no limit is given"));
}

TEST(EnvelopeLimits, OtherExamplesOrLabelsAreNeverDecidedBetween) {
  std::vector<Candidate> list = candidates();
  list[0].evidence_set = "a";
  list[3].evidence_set = "b";
  EXPECT_THAT(refusal(envelope(), list), HasSubstr("different examples or label sets"));
}

TEST(EnvelopeLimits, WhatNobodyMeasuredNeverPassesAndSaysWhatToRun) {
  Envelope limits;
  limits.constraints = {at_most({.kind = MetricKind::kLatencyPercentile, .level = 95}, 1000.0)};
  const Decision decision = decided(limits);
  EXPECT_FALSE(decision.chosen);
  EXPECT_EQ(decision.checks[0].checks[0].outcome, CheckOutcome::kUnknown);
  EXPECT_THAT(decision.checks[0].checks[0].why, HasSubstr("latency_samples"));
  EXPECT_FALSE(decision.minimal_relaxation);  // no number is known to be missing
}

TEST(EnvelopeLimits, ThroughputIsOnlyAnUpperBoundOfARate) {
  Envelope limits;
  limits.requests_per_second = 100.0;
  limits.rate_from_throughput = false;
  std::vector<Candidate> list = candidates();
  Decision decision = decided(limits, list);
  EXPECT_FALSE(decision.chosen);
  const Check& fast = decision.checks[0].checks[0];  // 2.31 ms: at most 433 requests/s
  EXPECT_EQ(fast.outcome, CheckOutcome::kUnknown);
  EXPECT_THAT(fast.why, HasSubstr("quantier load"));
  const Check& slow = decision.checks[4].checks[0];  // 12.65 ms: at most 79
  EXPECT_EQ(slow.outcome, CheckOutcome::kFail);
  EXPECT_NEAR(*slow.value, 1000.0 / 12.65, 1e-9);
  list[0].values[Metric{MetricKind::kRequestsPerSecond}.key()] = {.value = 120.0};
  list[1].values[Metric{MetricKind::kRequestsPerSecond}.key()] = {.value = 80.0};
  decision = decided(limits, list);
  EXPECT_EQ(decision.chosen, 0U);
  EXPECT_EQ(decision.checks[1].checks[0].outcome, CheckOutcome::kFail);
}

TEST(EnvelopeLimits, HeadroomIsTakenFromTheDevice) {
  Envelope limits;
  limits.hardware_memory_bytes = 2e9;
  limits.memory_headroom = 0.1;
  EXPECT_NEAR(decided(limits).constraints[0].limit, 1.8e9, 1.0);
  limits.memory_max_bytes = 1e9;
  EXPECT_EQ(decided(limits).constraints[0].limit, 1e9);  // the tighter of the two
  limits.memory_headroom = 1.0;
  EXPECT_THAT(refusal(limits), HasSubstr("share below 1"));
}

TEST(EnvelopeLimits, SoftLimitsExcludeNothingAndDecideAmongTheRest) {
  Envelope limits = envelope();
  limits.constraints = {at_most({MetricKind::kEce}, 0.03)};
  limits.constraints[0].hard = false;
  const Decision decision = decided(limits);
  EXPECT_EQ(decision.candidates[*decision.chosen].name, "encoder int4");
  EXPECT_TRUE(decision.checks[0].viable);
  EXPECT_EQ(decision.checks[0].soft_missed, 1U);
  limits.constraints = {at_most({MetricKind::kEce}, 0.001)};  // nobody meets it: it decides nothing
  limits.constraints[0].hard = false;
  EXPECT_EQ(decided(limits).chosen, 0U);
}

TEST(EnvelopeLimits, NoWorseIsShownByAnIntervalAndNotByAPoint) {
  std::vector<Candidate> list = {candidates()[0], candidates()[2]};
  for (auto& each : list) each.tiers = {{"tail", 0.50}};
  list[1].tiers[0].accuracy = 0.495;
  Envelope limits;
  limits.constraints = {{.metric = kTail, .no_worse_than = "encoder fp16", .margin = 0.02}};
  Decision decision = decided(limits, list);
  EXPECT_EQ(decision.checks[1].checks[0].outcome, CheckOutcome::kUnknown);
  EXPECT_EQ(decision.checks[0].checks[0].outcome, CheckOutcome::kPass);  // itself
  for (const double spread : {0.004, 0.04}) {
    MetricReplicates replicates;
    replicates.candidates = 2;
    replicates.replicates = 1000;
    (void)replicates.add_column(kTail.key(), 0);
    (void)replicates.add_column(kTail.key(), 1);
    for (std::size_t r = 0; r < 1000; ++r) {
      const double at = 0.3 + 0.4 * static_cast<double>(r) / 1000.0;  // common noise cancels
      replicates.add_column(kTail.key(), 0)[r] = static_cast<float>(at);
      replicates.add_column(kTail.key(), 1)[r] =
          static_cast<float>(at - 0.005 + spread * (static_cast<double>(r % 100) / 50.0 - 1.0));
    }
    decision = decided(limits, list, {}, {.replicates = &replicates});
    const Check& check = decision.checks[1].checks[0];
    EXPECT_EQ(check.outcome, spread < 0.01 ? CheckOutcome::kPass : CheckOutcome::kUnknown) << spread;
    EXPECT_NEAR(*check.value, -0.005, 1e-9);
    EXPECT_NEAR(check.interval->low, -0.005 - spread, 0.1 * spread);
  }
  list[1].tiers[0].accuracy = 0.40;
  EXPECT_EQ(decided(limits, list).checks[1].checks[0].outcome, CheckOutcome::kFail);
}

TEST(EnvelopeLimits, TheTieRuleSettlesWhatTies) {
  std::vector<Candidate> list = {candidates()[0], candidates()[2]};
  list[1].ms_per_example = 2.30;
  list[1].memory_bytes = list[0].memory_bytes;
  Envelope limits;
  EXPECT_EQ(decided(limits, list).chosen, 1U);  // the lower raw cost
  limits.tie_rule = TieRule::kFirstListed;
  EXPECT_EQ(decided(limits, list).chosen, 0U);
  limits.tie_rule = TieRule::kHigherQuality;
  EXPECT_EQ(decided(limits, list).chosen, 1U);
}

TEST(EnvelopeLimits, EceCanBeAnObjective) {
  Envelope limits = envelope();
  limits.order = {Objective::kQuality, Objective::kEce, Objective::kLatency};
  const Decision decision = decided(limits);
  EXPECT_EQ(decision.candidates[*decision.chosen].name, "encoder int4");
}

TEST(EnvelopeLimits, PairedIntervalsInsideTheMarginTieAndBeyondItDoNot) {
  std::vector<Candidate> list = candidates();
  const auto chosen = [&](double low, double high) {
    const std::vector<QualityDifference> pairs = {{"encoder fp16", "encoder int4", -0.002, low, high},
                                                  {"encoder fp16", "encoder int8", 0.003, -0.001, 0.007},
                                                  {"encoder int8", "encoder int4", -0.005, -0.009, -0.001}};
    const Decision decision = decided(envelope(), list, pairs);
    return decision.candidates[*decision.chosen].name;
  };
  EXPECT_EQ(chosen(-0.004, -0.001), "encoder fp16");  // excludes 0, and nobody cares
  EXPECT_EQ(chosen(-0.02, 0.016), "encoder fp16");    // holds 0
  list[2].macro_f1 = 0.225;
  EXPECT_EQ(chosen(-0.03, -0.001), "encoder int4");
}

// A configuration that lost a tier for certain is not what others are compared with.
TEST(EnvelopeLimits, AnEstablishedLossIsNoTieWhateverItsMacroF1) {
  std::vector<Candidate> list = {candidates()[0], candidates()[1], candidates()[2]};
  list[0].macro_f1 = 0.210;
  list[1].macro_f1 = 0.202;
  list[2].macro_f1 = 0.215;  // highest, ties with int8's better, and has lost the head
  list[2].established_losses = {"head"};
  list[1].ms_per_example = 1.0;
  const Decision decision = decided(envelope(), list);
  // int8 ties with fp16 (0.008 apart) though not with int4 (0.013): int4 is not the yardstick.
  EXPECT_EQ(decision.candidates[*decision.chosen].name, "encoder int8");
}

TEST(EnvelopeLimits, BreakpointsSayWhereTheChoiceTurns) {
  const Decision decision = decided(envelope());
  for (const Breakpoints& points : decision.breakpoints) {
    const Constraint& constraint = decision.constraints[points.constraint];
    ASSERT_FALSE(points.ranges.empty());
    EXPECT_EQ(points.ranges.front().from, -HUGE_VAL);
    EXPECT_EQ(points.ranges.back().to, HUGE_VAL);
    for (std::size_t k = 0; k < points.ranges.size(); ++k) {
      const BoundRange& range = points.ranges[k];
      if (k > 0) {
        EXPECT_EQ(range.from, points.ranges[k - 1].to);
      }
      // Deciding anew inside the range, and at its closed end, gives what the range says.
      std::vector<double> at = {constraint.upper ? range.from : range.to};
      if (std::isfinite(range.from) && std::isfinite(range.to)) at.push_back((range.from + range.to) / 2);
      for (const double limit : at) {
        if (!std::isfinite(limit) || limit < 0.0) continue;
        Envelope moved = envelope();
        if (constraint.kind == MetricKind::kLatency) {
          moved.requests_per_second.reset();
          moved.max_ms_per_example = limit;
        }
        if (constraint.kind == MetricKind::kMacroF1) moved.macro_f1_min = limit;
        if (constraint.kind == MetricKind::kEce) moved.ece_max = limit;
        EXPECT_EQ(decided(moved).chosen, range.winner) << constraint.metric.name() << " " << limit;
      }
    }
  }
}

TEST(EnvelopeLimits, BindingIsWhatChangesTheChoiceAlone) {
  const Decision decision = decided(envelope());
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    EXPECT_EQ(decision.summaries[c].binding, decision.constraints[c].kind == MetricKind::kEce);
  }
  EXPECT_TRUE(decision.summaries[0].binds);  // latency is violated, and moving it alone buys nothing
}

TEST(EnvelopeLimits, NaiveChoicesAreNamedWithTheirReasons) {
  std::vector<Candidate> list = candidates();
  list[2].reference = "fp16";
  list[2].tier_changes = {{"head", 5000, -0.028, -0.035, -0.021, 260, 120, "established"},
                          {"tail", 210, 0.028, 0.005, 0.053, 2, 8, "directional"}};
  const Decision decision = decided(envelope(), list);
  EXPECT_EQ(decision.candidates[*decision.by_macro_f1.chosen].model, "decoder");
  ASSERT_FALSE(decision.by_macro_f1.violates.empty());
  EXPECT_EQ(decision.constraints[decision.by_macro_f1.violates[0]].kind, MetricKind::kEce);
  EXPECT_EQ(decision.candidates[*decision.by_points.chosen].name, "encoder int4");
  EXPECT_TRUE(decision.by_points.tie);
  ASSERT_TRUE(decision.by_points.hidden);
  EXPECT_EQ(decision.by_points.hidden->tier, "head");
}

TEST(EnvelopeLimits, FrontierOverManyAxesNamesWhoDominates) {
  const Decision decision = decided(envelope());
  const AxisFrontier& frontier = decision.frontier;
  ASSERT_EQ(frontier.axes.size(), 4U);
  EXPECT_EQ(frontier.points[0].status, AxisStatus::kMember);
  EXPECT_EQ(frontier.points[4].status, AxisStatus::kDominated);  // decoder int8
  EXPECT_THAT(frontier.points[4].dominated_by, ElementsAre(3U));
  EXPECT_EQ(frontier.points[5].status, AxisStatus::kDominated);
  EXPECT_FALSE(frontier.points[0].membership);  // a table has no probabilities
  EXPECT_EQ(frontier.firsts[0].front(), 3U);    // macro-F1: decoder fp16, tied with int8
  EXPECT_EQ(frontier.firsts[0].size(), 2U);
  Envelope two = envelope();
  two.frontier_axes = {{MetricKind::kMacroF1}, kTail};
  const Decision other = decided(two);
  EXPECT_EQ(other.frontier.points[0].status, AxisStatus::kNotMeasured);
}

TEST(EnvelopeLimits, WhenSaysUnderWhichLimitsOrWhoStandsInTheWay) {
  const Decision decision = decided(envelope());
  const WhenAnswer decoder = when_chosen(decision, 3);
  EXPECT_FALSE(decoder.is_choice);
  ASSERT_EQ(decoder.alone.size(), 1U);
  EXPECT_DOUBLE_EQ(decoder.alone[0].ranges[0].from, 0.069);
  EXPECT_FALSE(decoder.together.empty());
  const WhenAnswer int8 = when_chosen(decision, 4);  // decoder int8: fp16 is better everywhere
  EXPECT_TRUE(int8.together.empty());
  EXPECT_THAT(int8.loses_to, ElementsAre(3U));
  EXPECT_THAT(int8.dominated_by, ElementsAre(3U));
  EXPECT_TRUE(when_chosen(decision, 0).is_choice);
}

TEST(EnvelopeLimits, NothingPassesNamesTheSmallestSingleStep) {
  Envelope limits = envelope();
  limits.ece_max = 0.02;
  const Decision decision = decided(limits);
  EXPECT_FALSE(decision.chosen);
  ASSERT_TRUE(decision.recommended_relaxation);
  const Relaxation& best = decision.relaxations[*decision.recommended_relaxation];
  EXPECT_DOUBLE_EQ(best.new_limit, 0.027);
  EXPECT_EQ(decision.candidates[*best.winner].name, "encoder int4");
  EXPECT_TRUE(decision.summaries[best.constraint].binding);
}

TEST(EnvelopeLimits, AReportedTemperatureThatDecidesOtherwiseIsSaid) {
  std::vector<Candidate> list = candidates();
  const std::string key = Metric{.kind = MetricKind::kEce, .variant = "reported"}.key();
  for (Candidate& each : list) each.values[key] = {.value = *each.ece};
  for (std::size_t i = 3; i < 6; ++i) list[i].ece = 0.030;  // at the optimum
  const Decision decision = decided(envelope(), list);
  EXPECT_EQ(decision.candidates[*decision.chosen].name, "decoder fp16");
  ASSERT_TRUE(decision.temperature);
  EXPECT_EQ(decision.candidates[*decision.temperature->chosen_at_reported].name, "encoder fp16");
  EXPECT_THAT(decision.temperature->fails_only_reported, ElementsAre(3U, 4U, 5U));
  EXPECT_FALSE(decided(envelope()).temperature);
}

}  // namespace
}  // namespace quantier
