// Reads a stored weight piece by piece as what a model in half precision or bfloat16 would hold (in floats),
// and refuses what no method can represent: NaN, infinity, and magnitudes that the type rounds to infinity.
// Errors: kUserInput, naming tensor, row and column.
#pragma once

#include <cstdint>
#include <span>

#include "quantier/base/error.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

// Elements [first, first + out.size()) of the row-major weight, as stored.
[[nodiscard]] Status read_weight(const LinearSpec& linear, const TensorView& weight, std::uint64_t first,
                                 std::span<float> out);

// The same, rounded to half.
[[nodiscard]] Status read_half_weight(const LinearSpec& linear, const TensorView& weight, std::uint64_t first,
                                      std::span<float> out);

// The same, rounded to bfloat16.
[[nodiscard]] Status read_bfloat16_weight(const LinearSpec& linear, const TensorView& weight,
                                          std::uint64_t first, std::span<float> out);

}  // namespace quantier
