// Exact draws from the binomial distribution.
//
// Few expected successes: inversion, walking the probabilities up from 0. Else Hörmann's transformed
// rejection with squeeze (BTRS), whose accepted draws follow the exact probabilities, at a cost that does not
// depend on n. Exact up to the rounding of doubles: no Poisson or normal stands in for anything. Source:
// Hörmann, "The generation of binomial random variates", Journal of Statistical Computation and Simulation
// 1993, algorithm BTRS.
#pragma once

#include <cstdint>

#include "quantier/base/rng.h"

namespace quantier {

// log(k!), within 1e-14 relative: a table for small k, Stirling's series beyond.
[[nodiscard]] double log_factorial(std::uint64_t k);

// Successes in n trials of probability p in [0, 1].
[[nodiscard]] std::uint64_t draw_binomial(std::uint64_t n, double p, Philox& random);

}  // namespace quantier
