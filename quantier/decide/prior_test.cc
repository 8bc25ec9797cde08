#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/decide/decision.h"
#include "quantier/decide/workload_fixture.h"

namespace quantier {
namespace {

PriorClaimFinding answered(const PriorClaim& claim, const std::vector<QualityDifference>& differences = {}) {
  Envelope envelope = workload_fixture::envelope();
  envelope.prior.claims = {claim};
  const Decision decision = decide_candidates(workload_fixture::candidates(), differences, envelope).value();
  return decision.prior.claims.at(0);
}

TEST(PriorClaims, ModelsAreComparedRecipeByRecipe) {
  const PriorClaimFinding found = answered({"", {MetricKind::kLatency}, "encoder", "decoder"});
  EXPECT_EQ(found.outcome, PriorOutcome::kReinforced);
  ASSERT_EQ(found.pairs.size(), 3U);
  EXPECT_EQ(found.pairs[1].value_better, 5.80);
  EXPECT_EQ(found.pairs[1].value_than, 12.65);
  EXPECT_EQ(answered({"", {MetricKind::kLatency}, "decoder", "encoder"}).outcome, PriorOutcome::kOverturned);
}

TEST(PriorClaims, AMarginOrAPairedIntervalMakesATie) {
  // 0.240, 0.240, 0.221 against 0.210, 0.207, 0.212: the last lies inside the margin.
  EXPECT_EQ(answered({"", {MetricKind::kMacroF1}, "decoder", "encoder"}).outcome, PriorOutcome::kComplicated);
  EXPECT_EQ(answered({"", {MetricKind::kMacroF1}, "decoder fp16", "encoder fp16"}).outcome,
            PriorOutcome::kReinforced);
  const std::vector<QualityDifference> wide = {{"encoder fp16", "decoder fp16", -0.030, -0.065, 0.004}};
  const PriorClaimFinding tie = answered({"", {MetricKind::kMacroF1}, "decoder fp16", "encoder fp16"}, wide);
  EXPECT_EQ(tie.outcome, PriorOutcome::kComplicated);
  ASSERT_TRUE(tie.pairs.at(0).paired);
  EXPECT_DOUBLE_EQ(tie.pairs[0].paired->difference, 0.030);
  EXPECT_DOUBLE_EQ(tie.pairs[0].paired->low, -0.004);
}

TEST(PriorClaims, WhatNobodyMeasuredStaysOpen) {
  EXPECT_EQ(answered({"", {MetricKind::kLatencyPercentile, "", "", 95}, "encoder", "decoder"}).outcome,
            PriorOutcome::kUndecided);
  EXPECT_EQ(answered({"", {MetricKind::kLatency}, "encoder", "somebody"}).outcome, PriorOutcome::kUndecided);
}

}  // namespace
}  // namespace quantier
