// Factors of a layer's outputs into its packed form: y[n] becomes y[n] * factor, by the row's scales and its
// bias. For factors that the next layer's inputs would need otherwise (checkpoint/fold_targets.h).
//
// Exact up to the rounding of what is stored: float scales of int8 and FP8 rows to a float, halves of int4
// scales and of half-precision weights to a half.
#pragma once

#include <cstdint>
#include <span>

#include "quantier/formats/packed_linear.h"

namespace quantier {

// Rows [first_row, first_row + factors.size()). False, and nothing is changed, where the format has no scale
// of its own for a row (nf4-block, one scale for all of fp8), where a half would leave its normal range, or
// where an adapter stands beside the weights.
[[nodiscard]] bool scale_rows(PackedLinear& linear, std::uint64_t first_row, std::span<const float> factors);

}  // namespace quantier
