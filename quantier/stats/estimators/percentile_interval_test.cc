#include "quantier/stats/estimators/percentile_interval.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/rng.h"

namespace quantier {
namespace {

// P(Bin(n, q) < k), term by term.
double below(std::uint64_t n, double q, std::uint64_t k) {
  const auto trials = static_cast<double>(n);
  double sum = 0.0;
  for (std::uint64_t j = 0; j < k; ++j) {
    const auto hits = static_cast<double>(j);
    sum += std::exp(std::lgamma(trials + 1.0) - std::lgamma(hits + 1.0) - std::lgamma(trials - hits + 1.0) +
                    hits * std::log(q) + (trials - hits) * std::log(1.0 - q));
  }
  return sum;
}

TEST(QuantileRanks, AreTheTightestThatPromise) {
  for (const std::uint64_t n : {6U, 40U, 200U, 368U, 400U}) {
    for (const double q : {0.5, 0.9, 0.95, 0.99}) {
      const QuantileRanks ranks = quantile_ranks(n, q);
      if (ranks.low) {
        EXPECT_LE(below(n, q, *ranks.low), 0.025 + 1e-9) << n << " " << q;
        EXPECT_GT(below(n, q, *ranks.low + 1), 0.025 - 1e-9) << n << " " << q;
      }
      if (ranks.high) {
        EXPECT_GE(below(n, q, *ranks.high), 0.975 - 1e-9) << n << " " << q;
        EXPECT_LT(below(n, q, *ranks.high - 1), 0.975 + 1e-9) << n << " " << q;
      }
    }
  }
}

TEST(QuantileRanks, AnEndThatNeedsMoreSamplesIsAbsent) {
  EXPECT_EQ(samples_for_interval(0.99), 368U);
  EXPECT_FALSE(quantile_ranks(367, 0.99).high);
  EXPECT_TRUE(quantile_ranks(368, 0.99).high);
  EXPECT_EQ(samples_for_interval(0.5), 6U);
  EXPECT_FALSE(quantile_ranks(5, 0.5).low);
  EXPECT_FALSE(quantile_ranks(5, 0.5).high);
  EXPECT_EQ(quantile_ranks(6, 0.5).low, 1U);
  EXPECT_EQ(quantile_ranks(6, 0.5).high, 6U);
  EXPECT_FALSE(quantile_ranks(0, 0.5).high);
  EXPECT_EQ(samples_for_margin(0.99, 0.0005), 152122U);  // LoadGen's margin, at 95 %
  // Millions of samples neither underflow nor take long.
  const QuantileRanks many = quantile_ranks(10'000'000, 0.999);
  EXPECT_NEAR(static_cast<double>(*many.low), 9.99e6 - 1.96 * 99.95, 2.0);
  EXPECT_NEAR(static_cast<double>(*many.high), 9.99e6 + 1.96 * 99.95 + 1.0, 2.0);
}

TEST(DependentQuantile, IsTheNearestRank) {
  std::vector<std::int64_t> values(100);
  std::iota(values.begin(), values.end(), 1);
  Philox random(1);
  shuffle(values, random);
  EXPECT_EQ(dependent_quantile(values, 0.95).value, 95);
  EXPECT_EQ(dependent_quantile(values, 0.5).value, 50);
  EXPECT_EQ(dependent_quantile(values, 0.951).value, 96);
  EXPECT_EQ(dependent_quantile(std::vector<std::int64_t>{7}, 0.99).value, 7);
  EXPECT_FALSE(dependent_quantile(std::vector<std::int64_t>{7}, 0.99).high);
}

TEST(DependentQuantile, IndependentSamplesCountInFullAndRunsAsOne) {
  Philox random(3);
  std::vector<std::int64_t> independent(4000);
  for (std::int64_t& x : independent) x = static_cast<std::int64_t>(random.next_below(1'000'000));
  const DependentQuantile alone = dependent_quantile(independent, 0.95);
  EXPECT_GT(alone.independent_samples, 1500.0);
  EXPECT_LE(alone.independent_samples, 4000.0);
  EXPECT_LT(*alone.low, 950'000);
  EXPECT_GT(*alone.high, 950'000);

  std::vector<std::int64_t> runs;  // each value twenty times
  for (int i = 0; i < 200; ++i) runs.insert(runs.end(), 20, independent[static_cast<std::size_t>(i)]);
  const DependentQuantile together = dependent_quantile(runs, 0.95);
  EXPECT_LT(together.independent_samples, 400.0);
  EXPECT_GT(*together.high - *together.low, 2 * (*alone.high - *alone.low));
}

// One burst of slow requests is one event, however many requests it caught.
TEST(DependentQuantile, OneBurstHasNoUpperEnd) {
  std::vector<std::int64_t> values(2000, 10);
  std::fill(values.begin() + 1000, values.begin() + 1040, 500);
  const DependentQuantile quantile = dependent_quantile(values, 0.98);
  EXPECT_EQ(quantile.value, 10);
  EXPECT_LT(quantile.independent_samples, 150.0);
  EXPECT_FALSE(quantile.high);
}

TEST(DependentQuantile, EqualSamplesHaveAnIntervalOfOnePoint) {
  const DependentQuantile quantile = dependent_quantile(std::vector<std::int64_t>(1000, 5), 0.99);
  EXPECT_EQ(quantile.low, 5);
  EXPECT_EQ(quantile.high, 5);
  EXPECT_EQ(quantile.independent_samples, 1000.0);
}

}  // namespace
}  // namespace quantier
