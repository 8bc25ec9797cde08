// fp8-row: E4M3 codes with one float scale for each row of the weight (or the same for all), and inputs as
// E4M3 with one scale for each token. The scalar truth for the method that writes the weights and for the
// kernels.
//
// scale = absmax / 448, code = E4M3(value / scale), value ~ code * scale; a row of zeros has scale 0 and
// codes 0. y[t, n] = sum over k of (xcode * a[t]) * (wcode * w[n]) + bias[n], each factor rounded to float,
// sums in float. This is the numeric side of FP8 alone: CPUs have no FP8 arithmetic, so a time measured here
// says nothing about FP8.
//
// Source: Micikevicius et al. 2022, "FP8 Formats for Deep Learning"; scales as compressed-tensors
// (float-quantized, dynamic per token) takes them.
#pragma once

#include <cstdint>
#include <span>

#include "quantier/base/fp8.h"

namespace quantier {

[[nodiscard]] inline float fp8_scale(float absmax) { return absmax / kFp8Largest; }

// codes[k] of values[k]; all zero when the scale is 0 or NaN. No value may be larger than 448 * scale, up to
// the rounding of the scale itself.
void fp8_quantize(std::span<const float> values, float scale, std::span<std::uint8_t> codes);

// The row as the products see it: x[k] = float(code(x[k])) * scale with the row's own scale, in place. A NaN
// makes the whole row NaN.
void fp8_round_row(std::span<float> row);

}  // namespace quantier
