#include "quantier/stats/estimators/binomial.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "quantier/base/check.h"

namespace quantier {
namespace {

constexpr double kInversionMean = 10.0;  // BTRS needs a mean of at least this
constexpr double kHalfLogTwoPi = 0.91893853320467274178;

std::array<double, 256> make_log_factorials() {
  std::array<double, 256> table{};
  long double sum = 0.0L;
  for (std::size_t k = 1; k < table.size(); ++k) {
    sum += std::log(static_cast<long double>(k));
    table[k] = static_cast<double>(sum);
  }
  return table;
}

const std::array<double, 256> log_factorials = make_log_factorials();

// p <= 1/2, n p < kInversionMean. n log(1 - p) > -2 * kInversionMean, so the first term never underflows.
std::uint64_t by_inversion(std::uint64_t n, double p, Philox& random) {
  const double odds = p / (1.0 - p);
  const double first = std::exp(static_cast<double>(n) * std::log1p(-p));
  for (;;) {
    double left = random.next_uniform();
    double probability = first;
    std::uint64_t k = 0;
    while (left >= probability && k < n) {
      left -= probability;
      probability *= odds * static_cast<double>(n - k) / static_cast<double>(k + 1);
      ++k;
    }
    // Rounding can leave a sliver beyond the last outcome that has a probability: draw again.
    if (left < probability) return k;
  }
}

// p <= 1/2, n p >= kInversionMean.
std::uint64_t by_rejection(std::uint64_t n, double p, Philox& random) {
  const auto trials = static_cast<double>(n);
  const double deviation = std::sqrt(trials * p * (1.0 - p));
  const double b = 1.15 + 2.53 * deviation;
  const double a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double centre = trials * p + 0.5;
  const double squeeze = 0.92 - 4.2 / b;
  for (;;) {
    const double u = random.next_uniform() - 0.5;
    double v = random.next_open_uniform();
    const double edge = 0.5 - std::abs(u);
    const double position = std::floor((2.0 * a / edge + b) * u + centre);
    if (edge >= 0.07 && v <= squeeze) return static_cast<std::uint64_t>(position);
    // Also false for the infinite position of edge == 0.
    if (!(position >= 0.0 && position <= trials)) continue;
    const auto k = static_cast<std::uint64_t>(position);
    const auto mode = static_cast<std::uint64_t>((trials + 1.0) * p);
    const double alpha = (2.83 + 5.1 / b) * deviation;
    v = std::log(v * alpha / (a / (edge * edge) + b));
    const double log_ratio =  // of the probability of k to that of the mode
        log_factorial(mode) + log_factorial(n - mode) - log_factorial(k) - log_factorial(n - k) +
        (position - static_cast<double>(mode)) * std::log(p / (1.0 - p));
    if (v <= log_ratio) return k;
  }
}

}  // namespace

double log_factorial(std::uint64_t k) {
  if (k < log_factorials.size()) return log_factorials[static_cast<std::size_t>(k)];
  const auto x = static_cast<double>(k);
  const double inverse = 1.0 / x;
  const double square = inverse * inverse;
  const double series = inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0)));
  return (x + 0.5) * std::log(x) - x + kHalfLogTwoPi + series;
}

std::uint64_t draw_binomial(std::uint64_t n, double p, Philox& random) {
  QT_CHECK(p >= 0.0 && p <= 1.0, "a probability lies between 0 and 1");
  if (n == 0 || p <= 0.0) return 0;
  if (p >= 1.0) return n;
  if (p > 0.5) return n - draw_binomial(n, 1.0 - p, random);
  return static_cast<double>(n) * p < kInversionMean ? by_inversion(n, p, random)
                                                     : by_rejection(n, p, random);
}

}  // namespace quantier
