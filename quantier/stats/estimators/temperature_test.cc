#include "quantier/stats/estimators/temperature.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/json.h"
#include "quantier/base/rng.h"
#include "quantier/stats/estimators/calibration_fixture.h"

namespace quantier {
namespace {

using calibration_fixture::OwnedLogits;

void expect_near(const Json& golden, const char* key, std::optional<double> value, double tolerance) {
  ASSERT_TRUE(value.has_value()) << key;
  const double expected = golden.at(key).get<double>();
  EXPECT_TRUE(std::abs(*value - expected) <= tolerance) << key << ": " << *value << " against " << expected;
}

// Random logits whose labels follow softmax(logits / temperature).
OwnedLogits drawn(std::size_t n, double temperature, double scale, std::uint64_t seed) {
  constexpr std::size_t kClasses = 5;
  Philox random(seed);
  std::vector<float> logits;
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<float> row;
    for (std::size_t c = 0; c < kClasses; ++c) {
      row.push_back(static_cast<float>(6.0 * random.next_uniform()));
    }
    double left = random.next_uniform();
    std::int32_t label = 0;
    while (label + 1 < static_cast<std::int32_t>(kClasses)) {
      left -= class_probability(row, static_cast<std::size_t>(label), temperature);
      if (left < 0.0) break;
      ++label;
    }
    for (const float value : row) logits.push_back(value * static_cast<float>(scale));
    labels.push_back(label);
  }
  return {kClasses, std::move(logits), std::move(labels)};
}

TEST(Temperature, AgreesWithScipyAndScikitLearnOnRealLogits) {
  const std::string path = QUANTIER_SOURCE_DIR "/testdata/stats/calibration.json";
  const auto goldens = read_json_file(path);
  ASSERT_TRUE(goldens.has_value()) << goldens.error().message();
  ASSERT_EQ(goldens->at("cases").size(), 2U);
  for (const Json& golden : goldens->at("cases")) {
    SCOPED_TRACE(golden.at("model").get<std::string>());
    std::vector<float> logits;
    for (const Json& row : golden.at("logits_times_64")) {
      for (const Json& code : row) logits.push_back(code.get<float>() / 64.0F);
    }
    const auto labels = golden.at("labels").get<std::vector<std::int32_t>>();
    const OwnedLogits data(logits.size() / labels.size(), logits, labels);
    const Calibration result = calibrate(data.view(), data.rows, 0.8);

    EXPECT_EQ(result.n, labels.size());
    ASSERT_TRUE(result.temperature_a.has_value() && result.temperature_b.has_value());
    for (const FittedTemperature& fitted :
         {result.temperature_all, *result.temperature_a, *result.temperature_b}) {
      EXPECT_TRUE(fitted.converged);
      EXPECT_FALSE(fitted.at_bound);
    }
    EXPECT_LE(std::abs(likelihood_slope(data.view(), data.rows, result.temperature_all.value)), 1e-10);
    expect_near(golden, "negative_log_likelihood", mean_negative_log_likelihood(data.view(), data.rows, 1.0),
                1e-12);
    expect_near(golden, "negative_log_likelihood_at_2",
                mean_negative_log_likelihood(data.view(), data.rows, 2.0), 1e-12);
    expect_near(golden, "temperature_all", result.temperature_all.value, 1e-9);
    expect_near(golden, "temperature_all_by_search", result.temperature_all.value, 1e-6);
    expect_near(golden, "temperature_a", result.temperature_a->value, 1e-9);
    expect_near(golden, "temperature_b", result.temperature_b->value, 1e-9);
    expect_near(golden, "ece_raw", result.ece_raw, 1e-12);
    expect_near(golden, "ece_raw_debiased", result.ece_raw_debiased, 1e-12);
    expect_near(golden, "ece_temperature_in_sample", result.ece_temperature_in_sample, 1e-9);
    expect_near(golden, "ece_cross_fitted", result.ece_cross_fitted, 1e-9);
    expect_near(golden, "ece_cross_fitted_debiased", result.ece_cross_fitted_debiased, 1e-9);
    expect_near(golden, "ece_a_to_b", result.ece_a_to_b, 1e-9);
    expect_near(golden, "ece_b_to_a", result.ece_b_to_a, 1e-9);
    expect_near(golden, "ece_b_raw", result.ece_b_raw, 1e-12);
    ASSERT_TRUE(result.gate.has_value());
    expect_near(golden, "gate_share", result.gate->share, 1e-15);
    expect_near(golden, "gate_accuracy", result.gate->accuracy, 1e-15);
    const auto counts = golden.at("bin_counts").get<std::vector<std::uint64_t>>();
    ASSERT_EQ(result.bins_before.size(), counts.size());
    for (std::size_t k = 0; k < counts.size(); ++k) EXPECT_EQ(result.bins_before[k].n, counts[k]);
  }
}

TEST(Temperature, EndsAtTheOptimumFromFarAway) {
  // Optima between the bounds, from sharp to flat, and at scales whose likelihood saturates at T = 1.
  for (const double scale : {0.07, 0.5, 1.0, 4.0, 15.0}) {
    const OwnedLogits data = drawn(400, 1.0, scale, 3);
    const FittedTemperature fitted = fit_temperature(data.view(), data.rows);
    EXPECT_TRUE(fitted.converged) << scale;
    EXPECT_FALSE(fitted.at_bound) << scale;
    EXPECT_LE(std::abs(likelihood_slope(data.view(), data.rows, fitted.value)), 1e-10) << scale;
    const double best = mean_negative_log_likelihood(data.view(), data.rows, fitted.value);
    for (const double factor : {0.5, 0.99, 1.01, 2.0}) {
      EXPECT_LT(best, mean_negative_log_likelihood(data.view(), data.rows, fitted.value * factor)) << scale;
    }
  }
}

TEST(Temperature, DoesNotDependOnTheUnitOfTheLogits) {
  const OwnedLogits once = drawn(300, 1.7, 1.0, 5);
  const OwnedLogits four_times = drawn(300, 1.7, 4.0, 5);  // a power of two: exact in float
  const double one = fit_temperature(once.view(), once.rows).value;
  EXPECT_NEAR(fit_temperature(four_times.view(), four_times.rows).value / one, 4.0, 1e-9);
  EXPECT_NEAR(one, 1.7, 0.4);
}

TEST(Temperature, SaysWhichBoundStoppedIt) {
  // All right: the sharper the better. All wrong: the flatter the better.
  const OwnedLogits right(2, {2.0F, 0.0F, 0.0F, 1.0F, 3.0F, 0.0F}, {0, 1, 0});
  const FittedTemperature sharp = fit_temperature(right.view(), right.rows);
  EXPECT_EQ(sharp.value, kSmallestTemperature);
  EXPECT_TRUE(sharp.at_bound && sharp.converged);
  const OwnedLogits wrong(2, {2.0F, 0.0F, 0.0F, 1.0F}, {1, 0});
  const FittedTemperature flat = fit_temperature(wrong.view(), wrong.rows);
  EXPECT_EQ(flat.value, kLargestTemperature);
  EXPECT_TRUE(flat.at_bound && flat.converged);
  // Enormous logits, one of them wrong, still end somewhere finite.
  const OwnedLogits enormous(2, {3e38F, -3e38F, -3e38F, 3e38F, 3e38F, -3e38F}, {0, 1, 1});
  const FittedTemperature far = fit_temperature(enormous.view(), enormous.rows);
  EXPECT_EQ(far.value, kLargestTemperature);
  EXPECT_TRUE(far.at_bound);
}

TEST(Temperature, StaysOneWhereTheLikelihoodDoesNotDependOnIt) {
  const OwnedLogits one_class(1, {3.0F, -1.0F}, {0, 0});
  const OwnedLogits equal(3, {0.1F, 0.1F, 0.1F}, {2});
  for (const OwnedLogits* data : {&one_class, &equal}) {
    const FittedTemperature fitted = fit_temperature(data->view(), data->rows);
    EXPECT_EQ(fitted.value, 1.0);
    EXPECT_TRUE(fitted.converged);
    EXPECT_FALSE(fitted.at_bound);
  }
}

TEST(Calibrate, CrossFittingNeedsBothHalves) {
  const OwnedLogits data(2, {2.0F, 0.0F}, {0});
  const Calibration one = calibrate(data.view(), data.rows, 0.8);
  EXPECT_EQ(one.n, 1U);
  EXPECT_FALSE(one.ece_cross_fitted || one.ece_cross_fitted_debiased || one.ece_a_to_b || one.ece_b_to_a);
  EXPECT_FALSE(one.temperature_a || one.temperature_b || one.gate || one.ece_b_raw);
  EXPECT_EQ(one.bins_before.size(), kCalibrationBins);
  EXPECT_EQ(one.bins_after.size(), kCalibrationBins);

  // Only even positions have usable logits: no second half either, whatever their number.
  const OwnedLogits three(2, {2.0F, 0.0F, 0.0F, 1.0F, 0.0F, 3.0F}, {0, 1, 0});
  const std::vector<std::size_t> even = {0, 2};
  EXPECT_FALSE(calibrate(three.view(), even, 0.8).ece_cross_fitted.has_value());
}

TEST(Calibrate, TheInSampleFitIsNotReadAsCrossFitted) {
  // Odd positions follow another temperature than even ones: cross-fitting must notice.
  OwnedLogits data = drawn(2000, 1.0, 1.0, 9);
  for (std::size_t i = 1; i < data.labels.size(); i += 2) {
    for (std::size_t c = 0; c < data.class_count; ++c) data.logits[i * data.class_count + c] *= 4.0F;
  }
  const Calibration result = calibrate(data.view(), data.rows, 0.8);
  EXPECT_NEAR(result.temperature_b->value / result.temperature_a->value, 4.0, 1.0);
  EXPECT_GT(*result.ece_a_to_b, 0.1);
  EXPECT_GT(*result.ece_b_to_a, 0.1);
  EXPECT_GT(*result.ece_cross_fitted, result.ece_temperature_in_sample);
}

}  // namespace
}  // namespace quantier
