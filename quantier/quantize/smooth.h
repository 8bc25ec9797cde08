// SmoothQuant: inputs with a large range are made smaller and the weights that meet them larger by as much,
// so that both can be int8 (Xiao et al. 2023, "SmoothQuant", equation 4).
//
// s[k] = absmax_x[k]^alpha / absmax_w[k]^(1 - alpha), at least 1e-5; x is multiplied by 1 / s, column k of W
// by s[k]. The paper fixes alpha for a model; here the caller searches it layer by layer. The product W * s
// may leave half's range, so it is taken in float and only its int8 form is kept. Errors: those of
// weight_reader.h.
#pragma once

#include <span>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

// [K] scales; 1 where an input or its weights are all zero.
[[nodiscard]] std::vector<float> smooth_scales(std::span<const float> absmax_x,
                                               std::span<const float> absmax_w, float alpha);

// Largest |W[n, k]| over the rows, for each input; several layers that read the same inputs: the larger.
[[nodiscard]] Status raise_column_absmax(const LinearSpec& linear, const TensorView& weight,
                                         std::span<float> absmax_w);

// i8-row codes of W * scales.
[[nodiscard]] Result<I8RowWeights> quantize_smoothed_i8(const LinearSpec& linear, const TensorView& weight,
                                                        std::span<const float> scales);

}  // namespace quantier
