#include "quantier/stats/estimators/percentile_interval.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "quantier/base/check.h"
#include "quantier/stats/estimators/binomial.h"

namespace quantier {
namespace {

constexpr double kHalfAlpha = 0.025;
constexpr double kNormal975 = 1.959963984540054;

// Long blocks see long dependence, many blocks measure the variance well: the worst of three counts. Each
// variance is uncertain, so it is widened by (t / z)^2 of its degrees of freedom.
struct Blocks {
  std::size_t count;
  double student_975;  // of count - 1 degrees of freedom
};
constexpr std::array<Blocks, 3> kBlocks{{{10, 2.2622}, {20, 2.0930}, {40, 2.0227}}};
// Shorter blocks say nothing about dependence.
constexpr std::size_t kShortestBlock = 8;

double log_binomial(std::uint64_t n, std::uint64_t k, double q) {
  const auto successes = static_cast<double>(k);
  const auto failures = static_cast<double>(n - k);
  return log_factorial(n) - log_factorial(k) - log_factorial(n - k) + successes * std::log(q) +
         failures * std::log1p(-q);
}

// Variance of the mean of the indicator over blocks, times the length of a block, over q (1 - q).
double design_effect(std::span<const std::int64_t> samples, std::int64_t value, const Blocks& blocks) {
  const std::size_t length = samples.size() / blocks.count;
  if (length < kShortestBlock) return 0.0;
  std::vector<double> means(blocks.count);
  double mean = 0.0;
  for (std::size_t b = 0; b < blocks.count; ++b) {
    const auto block = samples.subspan(b * length, length);
    const auto above = std::ranges::count_if(block, [value](std::int64_t x) { return x > value; });
    means[b] = static_cast<double>(above) / static_cast<double>(length);
    mean += means[b] / static_cast<double>(blocks.count);
  }
  if (mean <= 0.0 || mean >= 1.0) return 0.0;
  double variance = 0.0;
  for (const double m : means) variance += (m - mean) * (m - mean) / static_cast<double>(blocks.count - 1);
  const double widening = blocks.student_975 / kNormal975;
  return widening * widening * variance * static_cast<double>(length) / (mean * (1.0 - mean));
}

// What `rank` of `independent` samples is among all of them, before rounding.
double scaled_rank(std::uint64_t rank, std::uint64_t independent, std::uint64_t all) {
  return static_cast<double>(rank) * static_cast<double>(all) / static_cast<double>(independent);
}

}  // namespace

QuantileRanks quantile_ranks(std::uint64_t n, double q) {
  QT_CHECK(q > 0.0 && q < 1.0, "a quantile is inside (0, 1)");
  const double mean = static_cast<double>(n) * q;
  const double spread = std::sqrt(mean * (1.0 - q));
  // Below this stands less than the rounding of doubles.
  const auto first = static_cast<std::uint64_t>(std::max(0.0, std::floor(mean - 12.0 * spread - 30.0)));
  QuantileRanks ranks;
  double cumulative = 0.0;  // P(Bin(n, q) <= k)
  for (std::uint64_t k = first; k < n; ++k) {
    cumulative += std::exp(log_binomial(n, k, q));
    if (cumulative <= kHalfAlpha) ranks.low = k + 1;
    if (cumulative >= 1.0 - kHalfAlpha) {
      ranks.high = k + 1;
      break;
    }
  }
  return ranks;
}

DependentQuantile dependent_quantile(std::span<const std::int64_t> samples, double q) {
  QT_CHECK(!samples.empty() && q > 0.0 && q < 1.0, "a quantile needs samples and a fraction inside (0, 1)");
  std::vector<std::int64_t> sorted(samples.begin(), samples.end());
  std::ranges::sort(sorted);
  const std::uint64_t n = sorted.size();
  // 0.95 * 100 must have rank 95 whichever way it rounds.
  const double rank = std::ceil(static_cast<double>(n) * q - 1e-9);
  DependentQuantile quantile;
  quantile.value = sorted[static_cast<std::size_t>(std::clamp(rank, 1.0, static_cast<double>(n))) - 1];
  double effect = 1.0;
  for (const Blocks& blocks : kBlocks) {
    effect = std::max(effect, design_effect(samples, quantile.value, blocks));
  }
  quantile.independent_samples = static_cast<double>(n) / effect;
  const auto independent = static_cast<std::uint64_t>(quantile.independent_samples);
  if (independent == 0) return quantile;
  const QuantileRanks ranks = quantile_ranks(independent, q);
  // Both ends are rounded outwards.
  if (ranks.low) {
    quantile.low = sorted[static_cast<std::size_t>(scaled_rank(*ranks.low - 1, independent, n))];
  }
  if (ranks.high) {
    const auto high = static_cast<std::uint64_t>(std::ceil(scaled_rank(*ranks.high, independent, n)));
    quantile.high = sorted[std::min(high, n) - 1];
  }
  return quantile;
}

std::uint64_t samples_for_interval(double q) {
  const double upper = std::log(kHalfAlpha) / std::log(q);
  const double lower = std::log(kHalfAlpha) / std::log1p(-q);
  return static_cast<std::uint64_t>(std::ceil(std::max(upper, lower) - 1e-9));
}

std::uint64_t samples_for_margin(double q, double margin) {
  return static_cast<std::uint64_t>(
      std::ceil(kNormal975 * kNormal975 * q * (1.0 - q) / (margin * margin) - 1e-9));
}

}  // namespace quantier
