#include "quantier/decide/promises.h"

#include <gtest/gtest.h>

namespace quantier {
namespace {

TierComparison comparison(const std::string& tier, double delta, EvidenceWord evidence, SizeWord size) {
  TierComparison row;
  row.model = "m";
  row.recipe = "int8";
  row.tier = tier;
  row.delta = delta;
  row.tango.low = delta - 0.005;
  row.tango.high = delta + 0.005;
  row.evidence = evidence;
  row.size = size;
  return row;
}

const std::vector<ConfigurationCost> kCosts = {{"m", "fp16", "", 2.0, 100.0}, {"m", "int8", "", 1.0, 130.0}};

AccuracyPromise accuracy(const std::vector<TierComparison>& comparisons) {
  return check_promises(kCosts, comparisons, "fp16", {}).front().accuracy;
}

TEST(PromisesTest, EachIsCheckedOnItsOwn) {
  const auto all = check_promises(
      kCosts, {comparison("all", -0.001, EvidenceWord::kUnresolved, SizeWord::kNegligible)}, "fp16", {});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].latency.outcome, PromiseOutcome::kKept);
  EXPECT_DOUBLE_EQ(*all[0].latency.ratio, 0.5);
  EXPECT_EQ(all[0].memory.outcome, PromiseOutcome::kBroken);
  EXPECT_EQ(all[0].accuracy.outcome, PromiseOutcome::kKept);
}

TEST(PromisesTest, ALossInOneTierBreaksThePromiseOfTheWhole) {
  const auto promise = accuracy({comparison("all", 0.0, EvidenceWord::kUnresolved, SizeWord::kNegligible),
                                 comparison("head", -0.03, EvidenceWord::kEstablished, SizeWord::kMaterial)});
  EXPECT_EQ(promise.outcome, PromiseOutcome::kBroken);
  EXPECT_EQ(promise.established_losses, std::vector<std::string>{"head"});
}

TEST(PromisesTest, TooFewExamplesNeitherKeepNorBreak) {
  EXPECT_EQ(accuracy({comparison("all", -0.004, EvidenceWord::kUnresolved, SizeWord::kUndetermined)}).outcome,
            PromiseOutcome::kUnresolved);
  EXPECT_EQ(
      accuracy({comparison("all", -0.004, EvidenceWord::kDirectional, SizeWord::kUndetermined)}).outcome,
      PromiseOutcome::kUnresolved);
  EXPECT_EQ(accuracy({}).outcome, PromiseOutcome::kNotMeasured);
}

TEST(PromisesTest, AGainKeepsIt) {
  EXPECT_EQ(accuracy({comparison("all", 0.02, EvidenceWord::kEstablished, SizeWord::kMaterial)}).outcome,
            PromiseOutcome::kKept);
}

TEST(PromisesTest, InsideTheMarginThereIsNoGain) {
  const auto all =
      check_promises({{"m", "fp16", "", 2.0, 100.0}, {"m", "int8", "", 1.95, {}}}, {}, "fp16", {});
  EXPECT_EQ(all[0].latency.outcome, PromiseOutcome::kNoGain);
  EXPECT_EQ(all[0].memory.outcome, PromiseOutcome::kNotMeasured);
  EXPECT_FALSE(all[0].memory.ratio);
}

TEST(PromisesTest, OnlyCompressionPromises) {
  EXPECT_TRUE(
      check_promises({{"m", "fp32", "", 4.0, 200.0}, {"m", "fp16", "", 2.0, 100.0}}, {}, "fp16", {}).empty());
  EXPECT_TRUE(check_promises({{"other", "int8", "", 4.0, 200.0}}, {}, "fp16", {}).empty()) << "no reference";
}

}  // namespace
}  // namespace quantier
