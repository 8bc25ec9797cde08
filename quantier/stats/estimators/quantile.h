// Quantiles of timings, with the honesty to be absent.
//
// Interpolation is linear between order statistics, as numpy.quantile does by default (Hyndman and Fan,
// "Sample quantiles in statistical packages", 1996, type 7). The interval of the median needs no
// distribution: [x_(k), x_(n+1-k)] with the largest k for which 2 P(Bin(n, 1/2) < k) <= 0.05 (David and
// Nagaraja, "Order statistics", 3rd edition, section 7.1). Fewer than 6 samples have no such interval, and a
// quantile with fewer than 5 samples expected beyond it is not reported: p99 of 40 samples is their maximum
// under another name.
//
// Samples are sorted ascending and finite, in any unit. Errors: none.
#pragma once

#include <optional>
#include <span>

#include "quantier/stats/estimators/interval.h"

namespace quantier {

inline constexpr double kSamplesBeyondQuantile = 5.0;

// `sorted` must not be empty; q in [0, 1].
[[nodiscard]] double linear_quantile(std::span<const double> sorted, double q);

// Absent unless at least kSamplesBeyondQuantile samples stand beyond it: 10 for p50, 100 for p95, 500 for
// p99.
[[nodiscard]] std::optional<double> supported_quantile(std::span<const double> sorted, double q);

// 95 %, conservative; absent with fewer than 6 samples.
[[nodiscard]] std::optional<Interval> median_interval(std::span<const double> sorted);

}  // namespace quantier
