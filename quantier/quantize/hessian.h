// The Hessian of a layer's output error as methods use it: H = gram / rows + lambda I, its inputs in the
// order in which they will be quantized, and its factor.
//
// The factor is M, lower triangular, with H = M^T M: an error e of a row of weights costs e H e^T = |M
// e^T|^2, and entry i of M e^T depends on the inputs up to i alone. So the cheapest value of input i, given
// the errors of those before it, is read off directly, and the inverse that GPTQ's paper takes (equations 2
// to 4) is never formed; both give the same codes (Chen et al. 2025, "The Geometry of LLM Quantization: GPTQ
// as Babai's Nearest Plane Algorithm"). Factored in double, kept in float.
//
// Damping: lambda = damping * mean diagonal. Where H is so close to singular that it has no factor, lambda
// grows tenfold until it has one; what was used is reported. A dead input, which no text ever moved, gets the
// mean diagonal as its own: it takes no part in compensation and is rounded to nearest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/thread_pool.h"
#include "quantier/formats/input_statistics.h"

namespace quantier {

struct Hessian {
  std::uint64_t size = 0;            // K
  std::vector<std::uint32_t> order;  // [K] position -> input
  std::vector<float> values;         // [K, K] H, by position
  std::vector<float> factor;         // [K, K] M, lower triangular, by position
  double damping = 0;                // used, as a share of the mean diagonal
  std::uint64_t dead_inputs = 0;
};

// `largest_first`: positions by falling diagonal (GPTQ's activation order), else as stored. Errors:
// kUserInput when the statistics are empty or not finite, or when no damping up to the mean diagonal itself
// helps; `layer` is named.
[[nodiscard]] Result<Hessian> factor_hessian(const InputStatistics& statistics, bool largest_first,
                                             double damping, const std::string& layer, ThreadPool& pool);

}  // namespace quantier
