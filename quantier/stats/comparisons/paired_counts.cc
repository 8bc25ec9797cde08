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
bool score_accepts(const PairedCounts& counts, double difference, double quantile) {
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
  return distance * distance <= quantile * quantile * variance;
}

double score_bound(const PairedCounts& counts, double outside, double quantile) {
  double inside = counts.difference();
  if (score_accepts(counts, outside, quantile)) return outside;
  for (int step = 0; step < 200; ++step) {
    const double middle = 0.5 * (inside + outside);
    if (middle == inside || middle == outside) break;
    (score_accepts(counts, middle, quantile) ? inside : outside) = middle;
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
  return tango_score_interval_at(counts, kNormalQuantile);
}

Interval tango_score_interval_at(const PairedCounts& counts, double normal_quantile) {
  QT_CHECK(counts.n > 0 && counts.discordant() <= counts.n, "paired counts need examples");
  return {
      .low = score_bound(counts, -1.0, normal_quantile),
      .high = score_bound(counts, 1.0, normal_quantile),
      .level = normal_quantile == kNormalQuantile ? 0.95 : std::erf(normal_quantile / std::numbers::sqrt2),
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
  // Twelve standard deviations of how many change.
  const auto n = static_cast<double>(counts.n);
  const double mean = n * (with + against) / (with + against + neither);
  const double variance =
      mean * (1.0 - mean / n) * (n + with + against + neither) / (1.0 + with + against + neither);
  const double reach = 12.0 * std::sqrt(variance) + 60.0;
  const auto first = static_cast<std::uint64_t>(std::max(mean - reach, 0.0));
  const auto last = static_cast<std::uint64_t>(std::min(mean + reach, n));
  for (std::uint64_t changed = first; changed <= last; ++changed) {
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

std::optional<std::uint64_t> examples_to_resolve(const PairedCounts& counts) {
  QT_CHECK(counts.n > 0 && counts.discordant() <= counts.n, "paired counts need examples");
  constexpr double kMostExamples = 1e9;
  if (counts.lost == counts.gained) return std::nullopt;
  const auto changing = static_cast<double>(counts.discordant());
  const double share =
      static_cast<double>(std::min(counts.lost, counts.gained)) / changing;  // against the sign
  const double per_change = static_cast<double>(counts.n) / changing;
  const auto enough = [&](std::uint64_t changes) {
    const std::uint64_t significant = significant_outcomes(changes);
    return significant > 0 && binomial_below(changes, significant, share) >= kPower;
  };
  // Doubling, then halving: power has teeth of a few changes, which do not matter here.
  std::uint64_t high = counts.discordant();
  if (enough(high)) return counts.n;
  while (!enough(high)) {
    high *= 2;
    if (static_cast<double>(high) * per_change > 2.0 * kMostExamples) return std::nullopt;
  }
  std::uint64_t low = high / 2;
  while (low + 1 < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    (enough(middle) ? high : low) = middle;
  }
  const double needed = std::ceil(static_cast<double>(high) * per_change);
  if (needed > kMostExamples) return std::nullopt;
  return std::max(static_cast<std::uint64_t>(needed), counts.n);
}

std::optional<HalfSplits> half_splits_of(const PairedCounts& counts) {
  QT_CHECK(counts.n > 0 && counts.discordant() <= counts.n, "paired counts need examples");
  if (counts.n < 2 || counts.lost == counts.gained) return std::nullopt;
  const std::uint64_t half = counts.n / 2;
  const std::uint64_t changed = counts.discordant();
  const std::uint64_t with = std::max(counts.lost, counts.gained);  // in the direction seen
  const auto log_hypergeometric = [](std::uint64_t population, std::uint64_t marked, std::uint64_t draws,
                                     std::uint64_t hits) {
    return log_choose(static_cast<double>(marked), static_cast<double>(hits)) +
           log_choose(static_cast<double>(population - marked), static_cast<double>(draws - hits)) -
           log_choose(static_cast<double>(population), static_cast<double>(draws));
  };
  // Outcomes within eight standard deviations of the middle.
  const auto around = [](double centre, double variance, std::uint64_t lowest, std::uint64_t highest) {
    const double reach = 8.0 * std::sqrt(variance) + 8.0;
    const double low = std::max(centre - reach, static_cast<double>(lowest));
    const double high = std::min(centre + reach, static_cast<double>(highest));
    return std::pair{static_cast<std::uint64_t>(std::ceil(low)),
                     static_cast<std::uint64_t>(std::floor(high))};
  };
  HalfSplits result;
  const double share = static_cast<double>(half) / static_cast<double>(counts.n);
  const auto [first, last] =
      around(static_cast<double>(changed) * share, static_cast<double>(changed) * share * (1.0 - share),
             changed > counts.n - half ? changed - (counts.n - half) : 0, std::min(changed, half));
  for (std::uint64_t here = first; here <= last; ++here) {
    const double outer = std::exp(log_hypergeometric(counts.n, changed, half, here));
    if (outer < kNegligible) continue;
    const std::uint64_t significant = significant_outcomes(here);
    const double centre =
        static_cast<double>(here) * static_cast<double>(with) / static_cast<double>(changed);
    const auto [from, to] = around(centre, 0.25 * static_cast<double>(here),
                                   here > changed - with ? here - (changed - with) : 0, std::min(here, with));
    if (from > to) continue;
    // By ratios from one end: a logarithm an outcome would cost too much.
    double inner = std::exp(log_hypergeometric(changed, with, here, from));
    for (std::uint64_t k = from; k <= to; ++k) {
      const bool here_with = 2 * k > here;
      const bool there_with = 2 * (with - k) > changed - here;
      if (here_with && there_with) result.same_sign_in_both += outer * inner;
      if (here_with && here - k < significant) result.half_reaches_significance += outer * inner;
      if (k == to) break;
      const auto hits = static_cast<double>(k);
      inner *=
          (static_cast<double>(with) - hits) * (static_cast<double>(here) - hits) /
          ((hits + 1.0) * (static_cast<double>(changed - with) - static_cast<double>(here) + hits + 1.0));
    }
  }
  result.same_sign_in_both = std::min(result.same_sign_in_both, 1.0);
  result.half_reaches_significance = std::min(result.half_reaches_significance, 1.0);
  return result;
}

}  // namespace quantier::analysis_internal
