#include "quantier/stats/estimators/temperature_profile.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/rng.h"
#include "quantier/stats/estimators/calibration_fixture.h"
#include "quantier/stats/estimators/calibration_interval.h"
#include "quantier/stats/estimators/temperature.h"

namespace quantier {
namespace {

using calibration_fixture::OwnedLogits;

OwnedLogits overconfident(std::size_t n, std::size_t classes, std::uint64_t seed) {
  Philox random(seed);
  std::vector<float> logits;
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t best = 0;
    std::vector<float> row;
    for (std::size_t c = 0; c < classes; ++c) {
      row.push_back(static_cast<float>(9.0 * random.next_uniform()));
      if (row[c] > row[best]) best = c;
    }
    logits.insert(logits.end(), row.begin(), row.end());
    labels.push_back(
        static_cast<std::int32_t>(random.next_uniform() < 0.4 ? best : random.next_below(classes)));
  }
  return {classes, std::move(logits), std::move(labels)};
}

// Bootstrap replicates refitted from the logits themselves.
TEST(TemperatureProfile, RefitsAsTheLogitsWould) {
  for (const std::size_t n : {std::size_t{30}, std::size_t{400}}) {
    const OwnedLogits data = overconfident(n, 9, 3);
    const TemperatureProfile profile(data.view(), data.rows, fit_temperature(data.view(), data.rows).value);
    std::vector<float> confidences(n);
    for (std::uint64_t r = 0; r < 40; ++r) {
      Philox random(2, r);
      std::vector<std::uint32_t> weights(n, 0);
      std::vector<std::size_t> drawn;
      for (std::size_t i = 0; i < n; ++i) {
        drawn.push_back(static_cast<std::size_t>(random.next_below(n)));
        ++weights[drawn.back()];
      }
      const double expected = fit_temperature(data.view(), drawn).value;
      const double found = profile.fit(profile.slope_sums(0, weights), 0, weights);
      EXPECT_NEAR(found, expected, 1e-7 * expected) << n << " " << r;
      profile.confidences(found, 0, confidences);
      for (std::size_t i = 0; i < n; i += 7) {
        EXPECT_NEAR(static_cast<double>(confidences[i]), top1_confidence(data.view().row(i), expected), 1e-6);
      }
    }
  }
}

TEST(TemperatureProfile, HalvesAddUp) {
  const OwnedLogits data = overconfident(100, 4, 5);
  const TemperatureProfile profile(data.view(), data.rows, fit_temperature(data.view(), data.rows).value);
  std::vector<std::uint32_t> even(100, 0);
  std::vector<std::uint32_t> odd(100, 0);
  for (std::size_t i = 0; i < 100; ++i) (i % 2 == 0 ? even : odd)[i] = 1;
  const std::vector<double> a = profile.slope_sums(0, even);
  const std::vector<double> b = profile.slope_sums(0, odd);
  std::vector<double> both = a;
  for (std::size_t j = 0; j < both.size(); ++j) both[j] += b[j];
  const std::vector<std::uint32_t> all(100, 1);
  EXPECT_NEAR(profile.fit(both, 0, all), fit_temperature(data.view(), data.rows).value, 1e-8);
}

TEST(TemperatureProfile, BoundsAndFlatLosses) {
  // All right: the loss falls towards the smallest temperature.
  const OwnedLogits sure(2, {1, 0, 0, 1, 1, 0}, {0, 1, 0});
  const TemperatureProfile low(sure.view(), sure.rows, fit_temperature(sure.view(), sure.rows).value);
  const std::vector<std::uint32_t> all(3, 1);
  EXPECT_EQ(low.fit(low.slope_sums(0, all), 0, all), kSmallestTemperature);
  const OwnedLogits wrong(2, {1, 0, 0, 1, 1, 0}, {1, 0, 1});
  const TemperatureProfile high(wrong.view(), wrong.rows, fit_temperature(wrong.view(), wrong.rows).value);
  EXPECT_EQ(high.fit(high.slope_sums(0, all), 0, all), kLargestTemperature);
  const OwnedLogits flat(2, {1, 1, 1, 1}, {1, 0});
  const TemperatureProfile none(flat.view(), flat.rows, 1.0);
  const std::vector<std::uint32_t> two(2, 1);
  EXPECT_EQ(none.fit(none.slope_sums(0, two), 0, two), 1.0);
  const std::vector<std::uint32_t> nothing(2, 0);
  EXPECT_EQ(none.fit(none.slope_sums(0, nothing), 0, nothing), 1.0);
}

ReliabilityBin bin(std::uint64_t n, double confidence, double accuracy) {
  return {.low = 0.0, .high = 1.0, .n = n, .mean_confidence = confidence, .accuracy = accuracy};
}

TEST(CalibrationInterval, HoldsZeroWhenTheErrorIsNoise) {
  // The plug-in reads 0.02 here.
  const Interval noise =
      calibration_error_interval(std::vector<ReliabilityBin>{bin(200, 0.5, 0.52), bin(200, 0.8, 0.78)});
  EXPECT_EQ(noise.low, 0.0);
  EXPECT_GT(noise.high, 0.02);
  EXPECT_LT(noise.high, 0.08);
  EXPECT_EQ(noise.method, "folded-normal test inversion");
}

TEST(CalibrationInterval, IsNearlySymmetricWhenTheErrorIsLarge) {
  const Interval large =
      calibration_error_interval(std::vector<ReliabilityBin>{bin(20'000, 0.5, 0.3), bin(20'000, 0.8, 0.6)});
  EXPECT_NEAR(large.low, 0.2, 0.006);
  EXPECT_NEAR(large.high, 0.2, 0.005);
  EXPECT_LT(large.low, 0.2);
  EXPECT_GT(large.high, 0.2);
}

TEST(CalibrationInterval, OneExample) {
  const Interval one = calibration_error_interval(std::vector<ReliabilityBin>{bin(1, 0.9, 1.0)});
  EXPECT_GE(one.low, 0.0);
  EXPECT_LE(one.high, 1.0);
  EXPECT_LT(one.low, 0.1);
  EXPECT_GT(one.high, 0.5);
}

}  // namespace
}  // namespace quantier
