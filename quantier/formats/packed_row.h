// A row of a packed layer as numbers, whatever its format: what reports compare with the original weights and
// what a format's own product works with, up to the roundings that only a product has.
#pragma once

#include <cstdint>
#include <span>

#include "quantier/formats/packed_linear.h"

namespace quantier {

// Row n of the weight that stands for W, in terms of the layer's inputs: codes times scales, times the
// multiplier of the inputs where there is one. An adapter beside the weights is not in it. out: in_features
// entries.
void packed_row(const PackedLinear& linear, std::uint64_t n, std::span<float> out);

}  // namespace quantier
