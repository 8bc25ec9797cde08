// The scalar truth of y = x W^T + b for every weight format. Where inputs stay float: sums in double over the
// weights that take part in the product, stored as the plan says. Where they become int8: int32 sums and the
// formulas of formats/i8_row.h and i4_group.h, half wherever bitsandbytes rounds to half.
//
// x [rows, in_features], y [rows, out_features], row-major; `scopes` as in Ops::linear. Cannot fail.
#pragma once

#include <cstdint>
#include <span>

#include "quantier/formats/packed_linear.h"
#include "quantier/formats/plan.h"

namespace quantier {

void reference_linear(const PackedLinear& linear, const Plan& plan, std::span<const float> x,
                      std::span<const std::uint32_t> scopes, std::span<float> y);

}  // namespace quantier
