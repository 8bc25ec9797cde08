// A percentile of latencies that follow one another, with an interval that knows they are not independent.
//
// The percentile is the order statistic of rank ceil(n q) (nearest rank): a latency that was observed. Its
// interval needs no distribution: [x_(l), x_(u)] with the binomial ranks of David and Nagaraja, "Order
// statistics", 3rd edition, section 7.1. Those ranks presume independent samples, and the latencies of a
// queue are not: whoever waits behind a slow request is slow as well. So the binomial has n / d trials, where
// d is the design effect of the indicator "above the percentile": the variance of its mean over blocks of
// consecutive samples against q (1 - q) / length (batch means; Law, "Simulation modeling and analysis", 5th
// edition, sections 9.5.3 and 9.5.4; for quantiles Seila 1982). An end that needs more samples is absent:
// a thousand latencies in one burst are not a thousand samples.
//
// Samples in the order in which they arose, in any unit. Errors: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace quantier {

// Ranks counted from 1 of the order statistics that enclose the quantile q of n independent samples with at
// least 95 %; absent where n is too small for that end.
struct QuantileRanks {
  std::optional<std::uint64_t> low;
  std::optional<std::uint64_t> high;
};
[[nodiscard]] QuantileRanks quantile_ranks(std::uint64_t n, double q);

struct DependentQuantile {
  std::int64_t value = 0;
  std::optional<std::int64_t> low;
  std::optional<std::int64_t> high;
  double independent_samples = 0.0;  // n over the design effect
};

// `samples` must not be empty; q in (0, 1).
[[nodiscard]] DependentQuantile dependent_quantile(std::span<const std::int64_t> samples, double q);

// The fewest independent samples with which both ends of the interval exist: ln(0.025) / ln(q) for the upper.
[[nodiscard]] std::uint64_t samples_for_interval(double q);

// With which the interval spans about q - margin to q + margin: 1.96^2 q (1 - q) / margin^2.
[[nodiscard]] std::uint64_t samples_for_margin(double q, double margin);

}  // namespace quantier
