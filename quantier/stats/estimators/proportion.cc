#include "quantier/stats/estimators/proportion.h"

#include <algorithm>
#include <cmath>

#include "quantier/base/check.h"
#include "quantier/stats/estimators/binomial.h"

namespace quantier {
namespace {

constexpr double kNormalQuantile = 1.959963984540054;  // of 0.975
constexpr double kTail = 0.025;
constexpr double kDoesNotCount = 1e-18;  // beside a sum

}  // namespace

double binomial_at_most(std::uint64_t n, std::uint64_t k, double p) {
  if (k >= n || p <= 0.0) return 1.0;
  if (p >= 1.0) return 0.0;
  const auto mass = [&](std::uint64_t j) {
    return std::exp(log_factorial(n) - log_factorial(j) - log_factorial(n - j) +
                    static_cast<double>(j) * std::log(p) + static_cast<double>(n - j) * std::log1p(-p));
  };
  const double odds = p / (1.0 - p);
  const auto mode = std::min(static_cast<std::uint64_t>(static_cast<double>(n + 1) * p), n);
  // The shorter way: the tail that does not hold the mode, walked away from it.
  if (k < mode) {
    double term = mass(k);
    double sum = term;
    for (std::uint64_t j = k; j > 0 && term > kDoesNotCount * sum; --j) {
      sum += term *= static_cast<double>(j) / (odds * static_cast<double>(n - j + 1));
    }
    return std::min(sum, 1.0);
  }
  double term = mass(k + 1);
  double sum = term;
  for (std::uint64_t j = k + 1; j < n && term > kDoesNotCount * sum; ++j) {
    sum += term *= odds * static_cast<double>(n - j) / static_cast<double>(j + 1);
  }
  return std::max(1.0 - sum, 0.0);
}

Interval wilson_interval(std::uint64_t successes, std::uint64_t n) {
  QT_CHECK(n > 0 && successes <= n, "a share needs examples");
  const auto trials = static_cast<double>(n);
  const double share = static_cast<double>(successes) / trials;
  const double square = kNormalQuantile * kNormalQuantile / trials;
  const double centre = (share + 0.5 * square) / (1.0 + square);
  const double half = std::sqrt(square * (share * (1.0 - share) + 0.25 * square)) / (1.0 + square);
  Interval interval{.low = centre - half, .high = centre + half, .level = 0.95, .method = "Wilson score"};
  if (successes == 0) interval.low = 0.0;  // exactly, whatever the rounding
  if (successes == n) interval.high = 1.0;
  return interval;
}

Interval clopper_pearson_interval(std::uint64_t successes, std::uint64_t n) {
  QT_CHECK(n > 0 && successes <= n, "a share needs examples");
  const auto share_where = [&](const auto& too_low) {
    double low = 0.0;
    double high = 1.0;
    for (int step = 0; step < 100; ++step) {
      const double middle = 0.5 * (low + high);
      (too_low(middle) ? low : high) = middle;
    }
    return 0.5 * (low + high);
  };
  Interval interval{.low = 0.0, .high = 1.0, .level = 0.95, .method = "Clopper-Pearson"};
  if (successes > 0) {
    interval.low = share_where([&](double p) { return 1.0 - binomial_at_most(n, successes - 1, p) < kTail; });
  }
  if (successes < n) {
    interval.high = share_where([&](double p) { return binomial_at_most(n, successes, p) > kTail; });
  }
  return interval;
}

}  // namespace quantier
