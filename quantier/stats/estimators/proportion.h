// Intervals for a share of independent examples.
//
// Wilson's score interval is the one shown (close to nominal on average, never outside [0, 1]); Clopper and
// Pearson's is for bounds that must hold. Sources: Wilson, "Probable inference, the law of succession, and
// statistical inference", JASA 1927; Clopper, Pearson, "The use of confidence or fiducial limits", Biometrika
// 1934. Errors: none; n > 0, successes <= n.
#pragma once

#include <cstdint>

#include "quantier/stats/estimators/interval.h"

namespace quantier {

[[nodiscard]] Interval wilson_interval(std::uint64_t successes, std::uint64_t n);
[[nodiscard]] Interval clopper_pearson_interval(std::uint64_t successes, std::uint64_t n);

// P(Bin(n, p) <= k).
[[nodiscard]] double binomial_at_most(std::uint64_t n, std::uint64_t k, double p);

}  // namespace quantier
