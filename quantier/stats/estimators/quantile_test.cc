#include "quantier/stats/estimators/quantile.h"

#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/json.h"

namespace quantier {
namespace {

std::vector<double> counting(std::size_t n) {
  std::vector<double> values(n);
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

TEST(Quantile, AgreesWithNumpyAndScipy) {
  const std::string path = QUANTIER_SOURCE_DIR "/testdata/stats/calibration_quantiles.json";
  const auto golden = read_json_file(path);
  ASSERT_TRUE(golden.has_value()) << golden.error().message();
  ASSERT_GE(golden->at("cases").size(), 10U);
  for (const Json& example : golden->at("cases")) {
    const auto samples = example.at("samples").get<std::vector<double>>();
    const auto fractions = example.at("fractions").get<std::vector<double>>();
    const auto quantiles = example.at("quantiles").get<std::vector<double>>();
    for (std::size_t i = 0; i < fractions.size(); ++i) {
      EXPECT_NEAR(linear_quantile(samples, fractions[i]), quantiles[i], 1e-13) << samples.size();
    }
    const auto interval = median_interval(samples);
    ASSERT_EQ(interval.has_value(), example.contains("median_interval")) << samples.size();
    if (!interval) continue;
    EXPECT_EQ(interval->low, example.at("median_interval").at(0).get<double>()) << samples.size();
    EXPECT_EQ(interval->high, example.at("median_interval").at(1).get<double>()) << samples.size();
    EXPECT_EQ(interval->method, "order statistics");
  }
}

TEST(Quantile, IsAbsentWithTooFewSamplesBeyondIt) {
  EXPECT_FALSE(supported_quantile({}, 0.5).has_value());
  EXPECT_FALSE(supported_quantile(counting(9), 0.5).has_value());
  EXPECT_EQ(supported_quantile(counting(10), 0.5), 5.5);
  EXPECT_FALSE(supported_quantile(counting(99), 0.95).has_value());
  EXPECT_TRUE(supported_quantile(counting(100), 0.95).has_value());
  EXPECT_FALSE(supported_quantile(counting(499), 0.99).has_value());
  EXPECT_TRUE(supported_quantile(counting(500), 0.99).has_value());
}

TEST(Quantile, MedianIntervalNeedsSixSamplesAndCoversAtLeastItsLevel) {
  EXPECT_FALSE(median_interval({}).has_value());
  EXPECT_FALSE(median_interval(counting(5)).has_value());
  const auto six = median_interval(counting(6));
  ASSERT_TRUE(six.has_value());
  EXPECT_EQ(six->low, 1.0);
  EXPECT_EQ(six->high, 6.0);
  // Normal approximation of the rank for many samples: n/2 - 0.98 sqrt(n).
  const auto many = median_interval(counting(100000));
  ASSERT_TRUE(many.has_value());
  EXPECT_NEAR(many->low, 50000.0 - 0.98 * std::sqrt(100000.0), 2.0);
  EXPECT_NEAR(many->high, 50000.0 + 0.98 * std::sqrt(100000.0), 2.0);
}

TEST(Quantile, OneSampleIsEveryQuantile) {
  const std::vector<double> one = {3.5};
  EXPECT_EQ(linear_quantile(one, 0.0), 3.5);
  EXPECT_EQ(linear_quantile(one, 0.5), 3.5);
  EXPECT_EQ(linear_quantile(one, 1.0), 3.5);
}

}  // namespace
}  // namespace quantier
