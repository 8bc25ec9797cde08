// Weights that stay floating point: f32 as stored, f16 and bf16 rounded to nearest. Reads one row at a time.
// Errors: those of weight_reader.h.
#pragma once

#include "quantier/base/error.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

[[nodiscard]] Result<F32Weights> store_f32(const LinearSpec& linear, const TensorView& weight);
[[nodiscard]] Result<F16Weights> store_f16(const LinearSpec& linear, const TensorView& weight);
[[nodiscard]] Result<BF16Weights> store_bf16(const LinearSpec& linear, const TensorView& weight);

}  // namespace quantier
