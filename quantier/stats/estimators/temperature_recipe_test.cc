#include "quantier/stats/estimators/temperature_recipe.h"

#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/base/json.h"
#include "quantier/stats/estimators/calibration_fixture.h"
#include "quantier/stats/estimators/proportion.h"
#include "quantier/stats/estimators/temperature.h"

namespace quantier {
namespace {

using calibration_fixture::OwnedLogits;
using testing::HasSubstr;

struct GoldenCase {
  OwnedLogits data;
  Json golden;
};

std::vector<GoldenCase> golden_cases() {
  const auto logits_file = read_json_file(QUANTIER_SOURCE_DIR "/testdata/stats/calibration.json");
  const auto goldens = read_json_file(QUANTIER_SOURCE_DIR "/testdata/stats/calibration_recipes.json");
  std::vector<GoldenCase> cases;
  if (!logits_file || !goldens) return cases;
  for (std::size_t k = 0; k < goldens->at("cases").size(); ++k) {
    const Json& source = logits_file->at("cases")[k];
    std::vector<float> logits;
    for (const Json& row : source.at("logits_times_64")) {
      for (const Json& code : row) logits.push_back(code.get<float>() / 64.0F);
    }
    const auto labels = source.at("labels").get<std::vector<std::int32_t>>();
    cases.push_back({OwnedLogits(logits.size() / labels.size(), logits, labels), goldens->at("cases")[k]});
  }
  return cases;
}

TEST(TemperatureRecipe, EndsWherePyTorchEnds) {
  const std::vector<GoldenCase> cases = golden_cases();
  ASSERT_EQ(cases.size(), 2U);
  for (const GoldenCase& one : cases) {
    for (const auto& [text, expected] : one.golden.at("recipes").items()) {
      const auto recipe = parse_temperature_recipe(text);
      ASSERT_TRUE(recipe.has_value()) << recipe.error().message();
      const EmulatedTemperature found = emulate_temperature(one.data.view(), one.data.rows, *recipe);
      EXPECT_FALSE(found.diverged) << text;
      // Two or more pairs leave rounding in torch's recursion; near the optimum the tolerances end the
      // search.
      EXPECT_NEAR(found.value, expected.get<double>(), 1e-7) << text;
      // In float the loss stops changing earlier than in double, and so does the search.
      EXPECT_NEAR(found.value, one.golden.at("recipes_float32").at(text).get<double>(), 2e-3) << text;
    }
  }
}

TEST(TemperatureRecipe, FiftyStepsAreNoFit) {
  for (const GoldenCase& one : golden_cases()) {
    const double optimum = fit_temperature(one.data.view(), one.data.rows).value;
    const EmulatedTemperature found = emulate_temperature(
        one.data.view(), one.data.rows, parse_temperature_recipe("lbfgs:lr=0.01,steps=50").value());
    const double share = std::log(found.value) / std::log(optimum);
    EXPECT_GT(share, 0.35);
    EXPECT_LT(share, 0.55);
    EXPECT_EQ(found.iterations, 50U);
  }
}

TEST(TemperatureRecipe, OneThatRunsAwaySaysSo) {
  const std::vector<GoldenCase> cases = golden_cases();
  ASSERT_FALSE(cases.empty());
  const auto recipe = parse_temperature_recipe("gd:lr=1000,steps=5");
  ASSERT_TRUE(recipe.has_value());
  const EmulatedTemperature found = emulate_temperature(cases[0].data.view(), cases[0].data.rows, *recipe);
  EXPECT_TRUE(found.diverged);
  EXPECT_EQ(found.value, 1.0);
}

TEST(TemperatureRecipe, ReadsWhatItShould) {
  const auto recipe = parse_temperature_recipe("lbfgs:lr=0.1,calls=50,of=t,start=1.5");
  ASSERT_TRUE(recipe.has_value()) << recipe.error().message();
  EXPECT_EQ(recipe->optimizer, TemperatureOptimizer::kLbfgs);
  EXPECT_EQ(recipe->learning_rate, 0.1);
  EXPECT_EQ(recipe->steps, 20U);
  EXPECT_EQ(recipe->calls, 50U);
  EXPECT_FALSE(recipe->of_log);
  EXPECT_EQ(recipe->start, 1.5);
  EXPECT_EQ(parse_temperature_recipe("optimum")->optimizer, TemperatureOptimizer::kOptimum);
}

TEST(TemperatureRecipe, SaysWhatIsWrong) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"", "no optimizer"},
      {"newton:lr=1,steps=1", "newton"},
      {"lbfgs", "learning rate"},
      {"lbfgs:lr=0.01", "steps"},
      {"lbfgs:lr=0,steps=5", "lr=0"},
      {"lbfgs:lr=nan,steps=5", "lr=nan"},
      {"lbfgs:lr=0.1x,steps=5", "lr=0.1x"},
      {"lbfgs:lr=0.1,steps=0", "steps=0"},
      {"lbfgs:lr=0.1,steps=-5", "steps=-5"},
      {"lbfgs:lr=0.1,steps=99999999999", "steps=99999999999"},
      {"lbfgs:lr=0.1,lr=0.2,steps=5", "twice"},
      {"lbfgs:lr=0.1,steps", "key=value"},
      {"gd:lr=0.1,calls=5", "calls"},
      {"gd:lr=0.1,steps=5,of=x", "of=x"},
      {"gd:lr=0.1,steps=5,start=0", "start=0"},
      {"optimum:lr=1", "no settings"},
  };
  for (const auto& [text, part] : cases) {
    const auto recipe = parse_temperature_recipe(text);
    ASSERT_FALSE(recipe.has_value()) << text;
    EXPECT_EQ(recipe.error().kind, ErrorKind::kUsage);
    EXPECT_THAT(recipe.error().message(), HasSubstr(part)) << text;
    EXPECT_THAT(recipe.error().hint, HasSubstr("lbfgs:lr=0.01"));
  }
}

void expect_estimate(const Json& golden, const Estimate& found) {
  EXPECT_NEAR(found.value, golden[0].get<double>(), 1e-12);
  EXPECT_NEAR(found.interval.low, golden[1].get<double>(), 1e-12);
  EXPECT_NEAR(found.interval.high, golden[2].get<double>(), 1e-12);
}

TEST(ProperScores, AgreeWithNumPy) {
  for (const GoldenCase& one : golden_cases()) {
    const std::vector<double> ones(one.data.rows.size(), 1.0);
    const ProperScores scores = proper_scores(one.data.view(), one.data.rows, ones);
    expect_estimate(one.golden.at("negative_log_likelihood"), scores.negative_log_likelihood);
    expect_estimate(one.golden.at("brier"), scores.brier);
    expect_estimate(one.golden.at("brier_top1"), scores.brier_top1);
  }
}

TEST(EqualMassBins, AgreeWithNumPyAlsoOnTies) {
  for (const GoldenCase& one : golden_cases()) {
    ScoredAnswers answers;
    append_scored(one.data.view(), one.data.rows, 1.0, answers);
    const std::vector<ReliabilityBin> bins = equal_mass_bins(answers);
    EXPECT_NEAR(expected_calibration_error(bins), one.golden.at("equal_mass").get<double>(), 1e-12);
    for (double& confidence : answers.confidence) confidence = std::nearbyint(confidence * 8.0) / 8.0;
    const std::vector<ReliabilityBin> tied = equal_mass_bins(answers);
    EXPECT_NEAR(expected_calibration_error(tied), one.golden.at("equal_mass_with_ties").get<double>(), 1e-12);
    for (std::size_t k = 0; k < kCalibrationBins; ++k) {
      EXPECT_EQ(bins[k].n, one.golden.at("equal_mass_counts")[k].get<std::uint64_t>());
      EXPECT_EQ(tied[k].n, one.golden.at("equal_mass_with_ties_counts")[k].get<std::uint64_t>());
    }
  }
}

TEST(Gate, HasWilsonIntervals) {
  for (const GoldenCase& one : golden_cases()) {
    ScoredAnswers answers;
    append_scored(one.data.view(), one.data.rows, 1.0, answers);
    const Gate gate = confidence_gate(answers, 0.8);
    EXPECT_EQ(gate.kept, one.golden.at("kept").get<std::uint64_t>());
    EXPECT_NEAR(gate.share_interval.low, one.golden.at("share_interval")[0].get<double>(), 1e-12);
    EXPECT_NEAR(gate.share_interval.high, one.golden.at("share_interval")[1].get<double>(), 1e-12);
    ASSERT_TRUE(gate.accuracy_interval.has_value());
    EXPECT_NEAR(gate.accuracy_interval->low, one.golden.at("accuracy_interval")[0].get<double>(), 1e-12);
    EXPECT_NEAR(gate.accuracy_interval->high, one.golden.at("accuracy_interval")[1].get<double>(), 1e-12);
  }
}

TEST(Proportion, ClopperPearsonAgreesWithSciPy) {
  const auto goldens = read_json_file(QUANTIER_SOURCE_DIR "/testdata/stats/calibration_recipes.json");
  ASSERT_TRUE(goldens.has_value());
  for (const Json& golden : goldens->at("clopper_pearson")) {
    const Interval found =
        clopper_pearson_interval(golden.at("k").get<std::uint64_t>(), golden.at("n").get<std::uint64_t>());
    EXPECT_NEAR(found.low, golden.at("low").get<double>(), 1e-10);
    EXPECT_NEAR(found.high, golden.at("high").get<double>(), 1e-10);
  }
}

}  // namespace
}  // namespace quantier
