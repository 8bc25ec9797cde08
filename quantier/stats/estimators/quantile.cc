#include "quantier/stats/estimators/quantile.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "quantier/base/check.h"

namespace quantier {

double linear_quantile(std::span<const double> sorted, double q) {
  QT_CHECK(!sorted.empty() && q >= 0.0 && q <= 1.0, "a quantile needs samples and a fraction");
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(position));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double fraction = position - static_cast<double>(below);
  const double step = sorted[above] - sorted[below];
  // Measured from the nearer end, as numpy does.
  return fraction < 0.5 ? sorted[below] + step * fraction : sorted[above] - step * (1.0 - fraction);
}

std::optional<double> supported_quantile(std::span<const double> sorted, double q) {
  const double beyond = static_cast<double>(sorted.size()) * std::min(q, 1.0 - q);
  // 100 * (1 - 0.95) must count as 5 whichever way it rounds.
  if (!(beyond >= kSamplesBeyondQuantile - 1e-9)) return std::nullopt;
  return linear_quantile(sorted, q);
}

std::optional<Interval> median_interval(std::span<const double> sorted) {
  const std::size_t n = sorted.size();
  double log_probability = -static_cast<double>(n) * std::numbers::ln2;  // of exactly j = 0 successes
  double cumulative = 0.0;
  std::size_t k = 0;  // largest with 2 P(Bin(n, 1/2) <= k - 1) <= 0.05
  for (std::size_t j = 0; j < n; ++j) {
    cumulative += std::exp(log_probability);
    if (2.0 * cumulative > 0.05) break;
    k = j + 1;
    log_probability += std::log(static_cast<double>(n - j) / static_cast<double>(j + 1));
  }
  if (k == 0) return std::nullopt;
  return Interval{.low = sorted[k - 1], .high = sorted[n - k], .level = 0.95, .method = "order statistics"};
}

}  // namespace quantier
