#include "quantier/decide/decision.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "quantier/decide/workload_fixture.h"

namespace quantier {
namespace {

using workload_fixture::candidates;
using workload_fixture::envelope;

Decision decided(const std::vector<Candidate>& list, const Envelope& limits,
                 const std::vector<QualityDifference>& differences = {}) {
  Result<Decision> decision = decide_candidates(list, differences, limits);
  EXPECT_TRUE(decision.has_value()) << decision.error().message();
  return decision.value_or(Decision{});
}

std::string name(const Decision& decision, std::optional<std::size_t> index) {
  return index ? decision.candidates.at(*index).name : "nobody";
}

const Check& check(const Decision& decision, std::size_t candidate, ConstraintKind kind) {
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    if (decision.constraints[c].kind == kind) return decision.checks.at(candidate).checks.at(c);
  }
  ADD_FAILURE() << "no such constraint";
  return decision.checks.at(0).checks.at(0);
}

TEST(Decide, PublishedTableChoosesEncoderFp16) {
  const Decision decision = decided(candidates(), envelope());
  EXPECT_EQ(name(decision, decision.chosen), "encoder fp16");
  EXPECT_EQ(name(decision, decision.runner_up), "encoder int4");
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(decision.checks[i].viable);
  for (std::size_t i = 3; i < 6; ++i) {
    EXPECT_FALSE(decision.checks[i].viable);
    EXPECT_EQ(check(decision, i, ConstraintKind::kEce).outcome, CheckOutcome::kFail);
  }
  EXPECT_EQ(check(decision, 4, ConstraintKind::kLatency).outcome, CheckOutcome::kFail);
  EXPECT_EQ(check(decision, 3, ConstraintKind::kLatency).outcome, CheckOutcome::kPass);
  EXPECT_EQ(check(decision, 5, ConstraintKind::kLatency).outcome, CheckOutcome::kPass);
  EXPECT_EQ(decision.prior.outcome, PriorOutcome::kOverturned);
  ASSERT_FALSE(decision.prior.findings.empty());
  EXPECT_EQ(decision.prior.findings[0].kind, PriorFinding::Kind::kFailsConstraint);
}

TEST(Decide, HigherEceCeilingTurnsTheChoiceOver) {
  Envelope limits = envelope();
  limits.ece_max = 0.08;
  const Decision decision = decided(candidates(), limits);
  EXPECT_EQ(name(decision, decision.chosen), "decoder fp16");
  EXPECT_EQ(decision.prior.outcome, PriorOutcome::kReinforced);
}

TEST(Decide, RelaxationNamesTheWinnerAndTheAmount) {
  const Decision decision = decided(candidates(), envelope());
  ASSERT_FALSE(decision.relaxations.empty());
  const Relaxation& first = decision.relaxations.front();
  EXPECT_EQ(decision.constraints[first.constraint].kind, ConstraintKind::kEce);
  EXPECT_DOUBLE_EQ(first.new_limit, 0.069);
  EXPECT_NEAR(first.change, 0.019, 1e-12);
  EXPECT_EQ(name(decision, first.winner), "decoder fp16");
  EXPECT_TRUE(first.changes_choice);
  // decoder int8 fails two limits: relaxing one of them never lets it in.
  for (const Relaxation& relaxation : decision.relaxations) {
    for (const std::size_t i : relaxation.becomes_viable) EXPECT_NE(i, 4U);
  }
}

TEST(Decide, FrontierMarksTheTieAndTheDominated) {
  const Decision decision = decided(candidates(), envelope());
  const auto& points = decision.latency_frontier.points;
  EXPECT_EQ(points[0].status, FrontierStatus::kMember);
  EXPECT_EQ(points[1].status, FrontierStatus::kDominated);
  EXPECT_EQ(points[1].by, 0U);
  EXPECT_EQ(points[2].status, FrontierStatus::kMemberByTie);
  EXPECT_EQ(points[2].by, 0U);
  EXPECT_EQ(points[3].status, FrontierStatus::kMember);
  EXPECT_EQ(points[4].status, FrontierStatus::kDominated);
  EXPECT_EQ(points[5].status, FrontierStatus::kDominated);
}

TEST(Decide, EstablishedTierLossIsNotATieOnQuality) {
  std::vector<Candidate> list = candidates();
  list[2].ms_per_example = 1.0;  // now the fastest
  EXPECT_EQ(name(decided(list, envelope()), decided(list, envelope()).chosen), "encoder int4");
  list[2].established_losses = {"head"};
  const Decision decision = decided(list, envelope());
  EXPECT_EQ(name(decision, decision.chosen), "encoder fp16");
}

TEST(Decide, PairedIntervalOverridesAWideDifference) {
  std::vector<Candidate> list = candidates();
  list[2].macro_f1 = 0.230;
  EXPECT_EQ(name(decided(list, envelope()), decided(list, envelope()).chosen), "encoder int4");
  const std::vector<QualityDifference> crossing = {{"encoder fp16", "encoder int4", -0.02, -0.05, 0.01}};
  const Decision tied = decided(list, envelope(), crossing);
  EXPECT_EQ(name(tied, tied.chosen), "encoder fp16");
  const std::vector<QualityDifference> clear = {{"encoder fp16", "encoder int4", -0.02, -0.03, -0.01}};
  const Decision apart = decided(list, envelope(), clear);
  EXPECT_EQ(name(apart, apart.chosen), "encoder int4");
}

TEST(Decide, UnknownIsNeverAPass) {
  std::vector<Candidate> list = candidates();
  list[0].ece = std::nullopt;
  list[2].ece = std::numeric_limits<double>::quiet_NaN();
  const Decision decision = decided(list, envelope());
  EXPECT_EQ(check(decision, 0, ConstraintKind::kEce).outcome, CheckOutcome::kUnknown);
  EXPECT_EQ(check(decision, 2, ConstraintKind::kEce).outcome, CheckOutcome::kUnknown);
  EXPECT_EQ(name(decision, decision.chosen), "encoder int8");
}

TEST(Decide, NothingPassesGivesTheSmallestRelaxation) {
  Envelope limits = envelope();
  limits.ece_max = 0.02;
  const Decision decision = decided(candidates(), limits);
  EXPECT_FALSE(decision.chosen.has_value());
  ASSERT_TRUE(decision.minimal_relaxation.has_value());
  EXPECT_EQ(name(decision, decision.minimal_relaxation->candidate), "encoder int4");
  ASSERT_EQ(decision.minimal_relaxation->parts.size(), 1U);
  EXPECT_DOUBLE_EQ(decision.minimal_relaxation->parts[0].new_limit, 0.027);
}

TEST(Decide, ValueAtTheLimitPassesAndIsMarked) {
  Envelope limits = envelope();
  limits.ece_max = 0.040;
  const Decision decision = decided(candidates(), limits);
  EXPECT_EQ(check(decision, 0, ConstraintKind::kEce).outcome, CheckOutcome::kPass);
  EXPECT_TRUE(check(decision, 0, ConstraintKind::kEce).within_margin);
  EXPECT_FALSE(check(decision, 2, ConstraintKind::kEce).within_margin);
}

TEST(Decide, SweepIsFoundOnlyWhenAllThreeAxesAgree) {
  EXPECT_TRUE(decided(candidates(), envelope()).sweeps.empty());
  std::vector<Candidate> list = candidates();
  for (std::size_t i = 3; i < 6; ++i) list[i].macro_f1 = 0.15;
  const Decision decision = decided(list, envelope());
  ASSERT_EQ(decision.sweeps.size(), 1U);
  EXPECT_EQ(decision.sweeps[0].winner_model, "encoder");
  EXPECT_EQ(decision.sweeps[0].by, 0U);
  EXPECT_TRUE(decision.sweeps[0].at_every_recipe);
  // Each precision beats its own, but no single configuration is both small and fast enough for them all.
  const double milliseconds[] = {5.2, 4.0, 7.0, 5.6, 5.1, 7.9};
  const double gigabytes[] = {1.0, 1.8, 1.7, 1.15, 1.9, 1.89};
  for (std::size_t i = 0; i < 6; ++i) {
    list[i].ms_per_example = milliseconds[i];
    list[i].memory_bytes = gigabytes[i] * 1e9;
  }
  const Decision each = decided(list, envelope());
  ASSERT_EQ(each.sweeps.size(), 1U);
  EXPECT_EQ(each.sweeps[0].by, std::nullopt);
  EXPECT_TRUE(each.sweeps[0].at_every_recipe);
}

TEST(Decide, RefusesMeaninglessEnvelopes) {
  EXPECT_FALSE(decide_candidates({}, {}, envelope()).has_value());
  std::vector<Candidate> twins = candidates();
  twins[1].name = twins[0].name;
  EXPECT_FALSE(decide_candidates(twins, {}, envelope()).has_value());
  for (const double bad : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
    Envelope limits = envelope();
    limits.requests_per_second = bad;
    EXPECT_FALSE(decide_candidates(candidates(), {}, limits).has_value()) << bad;
  }
}

}  // namespace
}  // namespace quantier
