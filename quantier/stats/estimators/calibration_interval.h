// An interval for the expected calibration error that covers, also where the error is small.
//
// The plug-in T = sum w_k |g_k| reads too high, by an amount that depends on how the true error is spread
// over the bins: where gaps are large their noise cancels, where they are 0 all of it counts. A percentile
// bootstrap adds the bias a second time and covers almost never near 0. Here the interval is a test turned
// around: an error of size d is inside when T is not surprising for it. T's mean and variance for given gaps
// are those of folded normals (Leone, Nelson, Nottingham, Technometrics 1961), plus the variance of the bins'
// weights. What the gaps would be for an error of size d is the nuisance, and is settled at each end so that
// the interval does not end too early:
//   lower end: the gaps seen, shrunk by as many standard errors as it takes to leave d (soft threshold): few
//   large
//              gaps remain, so the noise of all other bins still counts;
//   upper end: every gap the same number of standard errors: of all ways to spread d, the one for which T is
//              smallest on average (the mean of a folded normal is convex in its gap, and the slopes are then
//              equal).
// Both ends are clipped to [0, 1]. Coverage in simulation: docs/estimators/calibration.md, bench/honesty.
//
// The interval speaks about the confidences at the temperature they were read at. Errors: none.
#pragma once

#include <span>

#include "quantier/stats/estimators/calibration.h"
#include "quantier/stats/estimators/interval.h"

namespace quantier {

// `bins` hold at least one example, in any partition by confidence (equal width or equal mass).
[[nodiscard]] Interval calibration_error_interval(std::span<const ReliabilityBin> bins);

}  // namespace quantier
