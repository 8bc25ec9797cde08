// The scalar truth of y = x W^T + b for every weight format. Dense formats (f32, f16, nf4-block): sums in
// double over the weights that take part in the product, stored as the plan says. i8-row: the formula of
// formats/i8_row.h, int32 sums, half wherever bitsandbytes rounds to half.
//
// x [rows, in_features], y [rows, out_features], row-major; `scopes` as in Ops::linear. The formats i8-row
// and nf4-block need a plan that rounds to half: their x are halves held in floats. Cannot fail.
#pragma once

#include <cstdint>
#include <span>

#include "quantier/formats/packed_linear.h"
#include "quantier/formats/plan.h"

namespace quantier {

void reference_linear(const PackedLinear& linear, const Plan& plan, std::span<const float> x,
                      std::span<const std::uint32_t> scopes, std::span<float> y);

}  // namespace quantier
