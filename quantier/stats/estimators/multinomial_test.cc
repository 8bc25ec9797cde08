#include "quantier/stats/estimators/multinomial.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include <gtest/gtest.h>

#include "quantier/base/rng.h"
#include "quantier/stats/estimators/binomial.h"

namespace quantier {
namespace {

double log_pmf(std::uint64_t n, std::uint64_t k, double p) {
  return std::lgamma(static_cast<double>(n) + 1) - std::lgamma(static_cast<double>(k) + 1) -
         std::lgamma(static_cast<double>(n - k) + 1) + static_cast<double>(k) * std::log(p) +
         static_cast<double>(n - k) * std::log1p(-p);
}

TEST(LogFactorial, AgreesWithTheGammaFunction) {
  for (std::uint64_t k = 0; k < 2000; ++k) {
    const double expected = std::lgamma(static_cast<double>(k) + 1.0);
    EXPECT_NEAR(log_factorial(k), expected, 4e-15 * std::max(expected, 1.0)) << k;
  }
  EXPECT_NEAR(log_factorial(1'000'000), std::lgamma(1'000'001.0), 1e-7);
}

// Pearson's chi-square over outcomes with at least 20 expected draws, against 5 standard deviations.
TEST(Binomial, FollowsItsProbabilities) {
  struct Case {
    std::uint64_t n;
    double p;
  };
  for (const Case c : {Case{1, 0.3}, Case{40, 0.1}, Case{20, 0.5}, Case{50, 0.5}, Case{37, 0.9},
                       Case{1000, 0.02}, Case{1'000'000, 0.0001}, Case{100'000, 0.25}, Case{6430, 0.004}}) {
    Philox random(3, 1);
    constexpr int kDraws = 200'000;
    std::map<std::uint64_t, int> seen;
    for (int i = 0; i < kDraws; ++i) ++seen[draw_binomial(c.n, c.p, random)];
    double chi = 0.0;
    double degrees = -1.0;
    double rest_expected = 0.0;
    double rest_seen = 0.0;
    for (std::uint64_t k = 0; k <= c.n; ++k) {
      const double expected = kDraws * std::exp(log_pmf(c.n, k, c.p));
      const auto found = seen.find(k);
      const double count = found == seen.end() ? 0.0 : found->second;
      if (expected < 20.0) {
        rest_expected += expected;
        rest_seen += count;
        continue;
      }
      chi += (count - expected) * (count - expected) / expected;
      ++degrees;
    }
    EXPECT_LT(std::abs(rest_seen - rest_expected), 5.0 * std::sqrt(rest_expected) + 5.0) << c.n << " " << c.p;
    EXPECT_LT(chi, degrees + 5.0 * std::sqrt(2.0 * std::max(degrees, 1.0)) + 10.0) << c.n << " " << c.p;
  }
}

TEST(Binomial, TheEndsAreCertain) {
  Philox random(1);
  EXPECT_EQ(draw_binomial(0, 0.5, random), 0U);
  EXPECT_EQ(draw_binomial(7, 0.0, random), 0U);
  EXPECT_EQ(draw_binomial(7, 1.0, random), 7U);
}

// Means, variances and covariances of a multinomial are known; large, small and empty cells together.
TEST(CellResampler, HasTheMomentsOfDrawingExamples) {
  const std::vector<std::uint64_t> counts = {900, 0, 47, 64, 1, 1, 3, 120};
  const CellResampler resampler(counts);
  const auto n = static_cast<double>(resampler.examples());
  EXPECT_EQ(resampler.examples(), 1136U);
  constexpr int kReplicates = 40'000;
  std::vector<std::uint32_t> drawn(counts.size());
  std::vector<double> sum(counts.size());
  std::vector<double> square(counts.size());
  double product = 0.0;
  for (int r = 0; r < kReplicates; ++r) {
    resampler.draw(11, static_cast<std::uint64_t>(r), drawn);
    ASSERT_EQ(std::accumulate(drawn.begin(), drawn.end(), std::uint64_t{0}), 1136U);
    for (std::size_t cell = 0; cell < counts.size(); ++cell) {
      sum[cell] += drawn[cell];
      square[cell] += static_cast<double>(drawn[cell]) * drawn[cell];
    }
    product += static_cast<double>(drawn[0]) * drawn[2];
  }
  for (std::size_t cell = 0; cell < counts.size(); ++cell) {
    const double p = static_cast<double>(counts[cell]) / n;
    const double mean = sum[cell] / kReplicates;
    const double variance = square[cell] / kReplicates - mean * mean;
    EXPECT_NEAR(mean, n * p, 5.0 * std::sqrt(n * p * (1 - p) / kReplicates) + 1e-12) << cell;
    EXPECT_NEAR(variance, n * p * (1 - p), 0.06 * n * p * (1 - p) + 1e-12) << cell;
  }
  const double covariance = product / kReplicates - sum[0] / kReplicates * (sum[2] / kReplicates);
  EXPECT_NEAR(covariance, -900.0 * 47.0 / n, 5.0);
}

// More small examples than a block holds, and cells that lie across two.
TEST(CellResampler, BlocksDoNotShow) {
  const std::vector<std::uint64_t> counts(60, 50);
  const CellResampler resampler(counts);
  constexpr int kReplicates = 20'000;
  std::vector<std::uint32_t> drawn(60);
  std::vector<double> sum(60);
  std::vector<double> square(60);
  double neighbours = 0.0;
  for (int r = 0; r < kReplicates; ++r) {
    resampler.draw(5, static_cast<std::uint64_t>(r), drawn);
    for (std::size_t cell = 0; cell < 60; ++cell) {
      sum[cell] += drawn[cell];
      square[cell] += static_cast<double>(drawn[cell]) * drawn[cell];
    }
    neighbours += static_cast<double>(drawn[20]) * drawn[59];
  }
  const double variance = 50.0 * (1.0 - 1.0 / 60.0);
  for (std::size_t cell = 0; cell < 60; ++cell) {
    EXPECT_NEAR(sum[cell] / kReplicates, 50.0, 5.0 * std::sqrt(variance / kReplicates)) << cell;
    EXPECT_NEAR(square[cell] / kReplicates - std::pow(sum[cell] / kReplicates, 2), variance,
                6.0 * variance * std::sqrt(2.0 / kReplicates))
        << cell;
  }
  EXPECT_NEAR(neighbours / kReplicates - sum[20] * sum[59] / kReplicates / kReplicates, -50.0 / 60.0,
              6.0 * variance / std::sqrt(kReplicates));
}

TEST(CellResampler, SingleExamplesAreDrawnByTheGeneratorAsPublished) {
  const CellResampler resampler(std::vector<std::uint64_t>{1, 1, 1, 1, 1});
  std::vector<std::uint32_t> drawn(5);
  resampler.draw(42, 9, drawn);
  // The first five numbers of the first words of consecutive counters.
  std::vector<std::uint32_t> expected(5);
  for (std::uint32_t counter = 0; counter < 5; ++counter) {
    const auto block = Philox::block({counter, 0, 9, 0x80000000u}, {42, 0});
    ++expected[static_cast<std::size_t>((std::uint64_t{block[0]} * 5) >> 32)];
  }
  EXPECT_EQ(drawn, expected);
}

TEST(CellResampler, OneExampleAndNone) {
  std::vector<std::uint32_t> drawn(1);
  CellResampler(std::vector<std::uint64_t>{1}).draw(1, 1, drawn);
  EXPECT_EQ(drawn[0], 1U);
  CellResampler(std::vector<std::uint64_t>{0}).draw(1, 1, drawn);
  EXPECT_EQ(drawn[0], 0U);
}

}  // namespace
}  // namespace quantier
