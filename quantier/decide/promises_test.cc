#include "quantier/decide/promises.h"

#include <optional>

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

ConfigurationCost stated(const char* recipe, std::optional<double> accuracy, std::optional<double> macro_f1) {
  return {.model = "m",
          .recipe = recipe,
          .run_key = {},
          .ms_per_example = {},
          .memory_bytes = {},
          .accuracy = accuracy,
          .macro_f1 = macro_f1};
}

AccuracyPromise stated_accuracy(const ConfigurationCost& reference, const ConfigurationCost& compressed) {
  Margins margins;
  margins.macro_f1 = 0.005;
  return check_stated_promises({reference, compressed}, "fp16", margins).front().accuracy;
}

TEST(StatedPromisesTest, SingleNumbersKeepOrBreakByTheMarginAlone) {
  const auto within = stated_accuracy(stated("fp16", 0.80, 0.6), stated("int8", 0.797, 0.5));
  EXPECT_EQ(within.outcome, PromiseOutcome::kKept);
  EXPECT_TRUE(within.stated);
  EXPECT_FALSE(within.of_macro_f1);
  EXPECT_NEAR(within.delta, -0.003, 1e-12);
  const auto beyond = stated_accuracy(stated("fp16", 0.80, {}), stated("int8", 0.79, {}));
  EXPECT_EQ(beyond.outcome, PromiseOutcome::kBroken);
  EXPECT_EQ(stated_accuracy(stated("fp16", 0.80, {}), stated("int8", 0.83, {})).outcome,
            PromiseOutcome::kKept);
}

TEST(StatedPromisesTest, MacroF1StandsInWhereOneOfTheTwoHasNoAccuracy) {
  const auto promise = stated_accuracy(stated("fp16", 0.80, 0.60), stated("int8", {}, 0.55));
  EXPECT_TRUE(promise.of_macro_f1);
  EXPECT_EQ(promise.outcome, PromiseOutcome::kBroken);
  EXPECT_EQ(stated_accuracy(stated("fp16", {}, {}), stated("int8", 0.8, {})).outcome,
            PromiseOutcome::kNotMeasured);
}

}  // namespace
}  // namespace quantier
