#include "quantier/stats/comparisons/paired_counts.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "quantier/base/check.h"

namespace quantier::analysis_internal {
namespace {

constexpr double kNormalQuantile = 1.959963984540054;  // of 0.975
constexpr double kAlpha = 0.05;
constexpr double kPower = 0.8;
// Outcomes rarer than this do not change a probability that is printed.
constexpr double kNegligible = 1e-13;
constexpr double kDoesNotCount = 1e-18;  // beside a sum

double log_gamma(double x) {
  int sign = 0;
  return lgamma_r(x, &sign);  // std::lgamma writes a global
}

double log_choose(double n, double k) { return log_gamma(n + 1) - log_gamma(k + 1) - log_gamma(n - k + 1); }

double log_beta(double a, double b) { return log_gamma(a) + log_gamma(b) - log_gamma(a + b); }

// Sum of a unimodal distribution over 0..last. It starts at the mode or at `last`, whichever comes first, and
// walks by ratios until terms no longer count: O(spread), with no underflow at the far end.
// log_mass(k) of one outcome; ratio(k) = mass(k + 1) / mass(k).
template <class LogMass, class Ratio>
double lower_tail(std::uint64_t last, std::uint64_t mode, const LogMass& log_mass, const Ratio& ratio) {
  const std::uint64_t start = std::min(last, mode);
  const double first = std::exp(log_mass(start));
  double sum = first;
  double term = first;
  for (std::uint64_t k = start; k > 0 && term > kDoesNotCount * sum; --k) sum += term /= ratio(k - 1);
  term = first;
  for (std::uint64_t k = start; k < last && term > kDoesNotCount * sum; ++k) sum += term *= ratio(k);
  return std::min(sum, 1.0);
}

double log_binomial(std::uint64_t n, std::uint64_t k, double p) {
  const auto trials = static_cast<double>(n);
  const auto hits = static_cast<double>(k);
  return log_choose(trials, hits) + hits * std::log(p) + (trials - hits) * std::log1p(-p);
}

// P(Bin(n, p) = k), also for p = 0 and 1.
double binomial(std::uint64_t n, std::uint64_t k, double p) {
  if (p <= 0.0) return k == 0 ? 1.0 : 0.0;
  if (p >= 1.0) return k == n ? 1.0 : 0.0;
  return std::exp(log_binomial(n, k, p));
}

// P(Bin(n, p) < count).
double binomial_below(std::uint64_t n, std::uint64_t count, double p) {
  if (count == 0) return 0.0;
  if (count > n || p <= 0.0) return 1.0;
  if (p >= 1.0) return 0.0;
  const double odds = p / (1.0 - p);
  const auto mode = std::min(static_cast<std::uint64_t>(static_cast<double>(n + 1) * p), n);
  return lower_tail(
      count - 1, mode, [&](std::uint64_t k) { return log_binomial(n, k, p); },
      [&](std::uint64_t k) { return odds * static_cast<double>(n - k) / static_cast<double>(k + 1); });
}

double log_beta_binomial(std::uint64_t n, std::uint64_t k, double a, double b) {
  const auto trials = static_cast<double>(n);
  const auto hits = static_cast<double>(k);
  return log_choose(trials, hits) + log_beta(hits + a, trials - hits + b) - log_beta(a, b);
}

// P(BetaBinomial(n, a, b) < count) for b > 1.
double beta_binomial_below(std::uint64_t n, std::uint64_t count, double a, double b) {
  if (count == 0) return 0.0;
  if (count > n) return 1.0;
  const double peak = a > 1.0 ? static_cast<double>(n + 1) * (a - 1.0) / (a + b - 2.0) : 0.0;
  const auto mode = std::min(static_cast<std::uint64_t>(peak), n);
  return lower_tail(
      count - 1, mode, [&](std::uint64_t k) { return log_beta_binomial(n, k, a, b); },
      [&](std::uint64_t k) {
        const auto hits = static_cast<double>(k);
        const auto misses = static_cast<double>(n - k);
        return misses / (hits + 1.0) * (hits + a) / (misses - 1.0 + b);
      });
}

// Is `difference` inside Tango's acceptance region?
bool score_accepts(const PairedCounts& counts, double difference) {
  const auto n = static_cast<double>(counts.n);
  const auto b = static_cast<double>(counts.gained);
  const auto c = static_cast<double>(counts.lost);
  // Restricted maximum-likelihood estimate of P(lost) when P(gained) - P(lost) is `difference`.
  const double linear = -b - c + (2.0 * n - b + c) * difference;
  const double constant = -c * difference * (1.0 - difference);
  const double root = std::sqrt(std::max(linear * linear - 8.0 * n * constant, 0.0));
  const double lost = std::max((root - linear) / (4.0 * n), 0.0);
  const double variance = std::max(n * (2.0 * lost + difference * (1.0 - difference)), 0.0);
  const double distance = b - c - n * difference;
  return distance * distance <= kNormalQuantile * kNormalQuantile * variance;
}

double score_bound(const PairedCounts& counts, double outside) {
  double inside = counts.difference();
  if (score_accepts(counts, outside)) return outside;
  for (int step = 0; step < 200; ++step) {
    const double middle = 0.5 * (inside + outside);
    if (middle == inside || middle == outside) break;
    (score_accepts(counts, middle) ? inside : outside) = middle;
  }
  return inside;
}

// How many outcomes of Bin(discordant, 1/2), counted from 0, have a two-sided mid-p < 0.05: outcome k is
// significant when k < this.
std::uint64_t significant_outcomes(std::uint64_t discordant) {
  const auto trials = static_cast<double>(discordant);
  // Certainly significant, so that only the last few need a look.
  const double guess = std::floor(0.5 * trials - 1.1 * std::sqrt(trials) - 2.0);
  auto k = static_cast<std::uint64_t>(std::max(guess, 0.0));
  double below = binomial_below(discordant, k, 0.5);
  while (2 * k < discordant) {
    const double here = binomial(discordant, k, 0.5);
    if (!(2.0 * below + here < kAlpha)) break;
    below += here;
    ++k;
  }
  return k;
}

}  // namespace

Interval tango_score_interval(const PairedCounts& counts) {
  QT_CHECK(counts.n > 0 && counts.discordant() <= counts.n, "paired counts need examples");
  return {.low = score_bound(counts, -1.0),
          .high = score_bound(counts, 1.0),
          .level = 0.95,
          .method = "Tango score"};
}

Interval exact_bootstrap_interval(const PairedCounts& counts) {
  QT_CHECK(counts.n > 0 && counts.discordant() <= counts.n, "paired counts need examples");
  Interval interval{.low = 0.0, .high = 0.0, .level = 0.95, .method = "paired percentile bootstrap, exact"};
  if (counts.discordant() == 0) return interval;
  const double changing = static_cast<double>(counts.discordant()) / static_cast<double>(counts.n);
  const double gaining = static_cast<double>(counts.gained) / static_cast<double>(counts.discordant());
  // probability[offset + net]: of a net change. The draw is binomial twice: how many examples change
  // correctness, and how many of those for the better.
  const double spread = 8.0 * std::sqrt(static_cast<double>(counts.discordant())) + 32.0;
  const auto most = static_cast<std::uint64_t>(
      std::min(static_cast<double>(counts.discordant()) + 2.0 * spread, static_cast<double>(counts.n)));
  std::vector<double> probability(2 * most + 1, 0.0);
  for (std::uint64_t changed = 0; changed <= most; ++changed) {
    const double outer = binomial(counts.n, changed, changing);
    if (outer < kNegligible) continue;
    // Eight standard deviations to either side.
    const double centre = static_cast<double>(changed) * gaining;
    const double reach = 8.0 * std::sqrt(centre * (1.0 - gaining)) + 32.0;
    const auto from = static_cast<std::uint64_t>(std::max(centre - reach, 0.0));
    const auto to = std::min(static_cast<std::uint64_t>(std::ceil(centre + reach)), changed);
    for (std::uint64_t gained = from; gained <= to; ++gained) {
      probability[most + 2 * gained - changed] += outer * binomial(changed, gained, gaining);
    }
  }
  const auto value = [&](std::size_t index) {
    return (static_cast<double>(index) - static_cast<double>(most)) / static_cast<double>(counts.n);
  };
  const double total = std::accumulate(probability.begin(), probability.end(), 0.0);
  double below = 0.0;
  std::size_t index = 0;
  while (index + 1 < probability.size() && below + probability[index] < 0.025 * total) {
    below += probability[index++];
  }
  interval.low = value(index);
  double above = 0.0;
  index = probability.size() - 1;
  while (index > 0 && above + probability[index] < 0.025 * total) above += probability[index--];
  interval.high = value(index);
  return interval;
}

double mcnemar_mid_p_value(std::uint64_t lost, std::uint64_t gained) {
  const std::uint64_t discordant = lost + gained;
  if (lost == gained) return 1.0;
  const std::uint64_t fewer = std::min(lost, gained);
  const double below = binomial_below(discordant, fewer, 0.5);
  return std::min(2.0 * below + binomial(discordant, fewer, 0.5), 1.0);
}

std::vector<double> holm_adjusted(std::span<const double> p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double running = 0.0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const auto remaining = static_cast<double>(order.size() - rank);
    running = std::max(running, std::min(remaining * p_values[order[rank]], 1.0));
    adjusted[order[rank]] = running;
  }
  return adjusted;
}

double replication_probability(const PairedCounts& counts) {
  QT_CHECK(counts.n > 0 && counts.discordant() <= counts.n, "paired counts need examples");
  if (counts.lost == counts.gained) return 0.0;
  // The direction seen is `with`; the posterior of "changes at all" and of "changes in that direction" are
  // independent, because a Dirichlet splits so.
  const double with = static_cast<double>(std::max(counts.lost, counts.gained)) + 0.5;
  const double against = static_cast<double>(std::min(counts.lost, counts.gained)) + 0.5;
  const double neither = static_cast<double>(counts.n - counts.discordant()) + 0.5;
  double probability = 0.0;
  for (std::uint64_t changed = 0; changed <= counts.n; ++changed) {
    const double outer = std::exp(log_beta_binomial(counts.n, changed, with + against, neither));
    if (outer < kNegligible) continue;
    probability += outer * beta_binomial_below(changed, significant_outcomes(changed), against, with);
  }
  return std::clamp(probability, 0.0, 1.0);
}

std::optional<double> smallest_detectable_difference(const PairedCounts& counts) {
  QT_CHECK(counts.n > 0 && counts.discordant() <= counts.n, "paired counts need examples");
  const std::uint64_t significant = significant_outcomes(counts.discordant());
  if (significant == 0) return std::nullopt;
  // Probability that the smaller direction, of share 1 - share, stays among the significant outcomes.
  const auto power = [&](double share) {
    return binomial_below(counts.discordant(), significant, 1.0 - share);
  };
  double low = 0.5;
  double high = 1.0;
  for (int step = 0; step < 100; ++step) {
    const double middle = 0.5 * (low + high);
    (power(middle) >= kPower ? high : low) = middle;
  }
  return (2.0 * high - 1.0) * static_cast<double>(counts.discordant()) / static_cast<double>(counts.n);
}

}  // namespace quantier::analysis_internal
