// i8-row: LLM.int8(). Weights as int8 with one scale for each row (output feature), activations as int8 with
// one scale for each row (token), products in int32; columns (input features) in which some activation is
// large stay out of the int8 product and are multiplied in half precision. The scalar truth for the method
// that writes the weights and for every kernel that multiplies with them.
//
// Why: a few input features carry activations tens of times larger than all others; one of them in the row
// maximum would leave the rest of the row a handful of int8 steps.
//
// y[t, n] = half( half( acc * (a[t] * w[n]) / 127^2 + bias[n] ) + sum over outlier columns of x[t, k] * W[n,
// k] )
//   acc   int32 sum over k of the codes of x[t, k] and W[n, k]; outlier columns of x have code 0
//   a, w  absmax of the row: of x without its entries >= threshold, of W over all entries
//   W     in the last sum half(code * w[n] / 127), or the original half (OutlierWeights)
// Activations are halves held in floats, [rows, columns] row-major; all values are dimensionless.
//
// Nothing here can fail. A NaN activation makes its row's absmax NaN, so that it shows in the output.
//
// Source: Dettmers et al. 2022, "LLM.int8()", sections 2 and 3; arithmetic of bitsandbytes 0.50.2. Where its
// CPU and CUDA backends differ, docs/methods/llm-int8.md says which is followed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "quantier/base/half.h"

namespace quantier {

inline constexpr float kI8Steps = 127.0F;  // the largest code

// The largest magnitude of a row; 0 for a row of zeros.
[[nodiscard]] float i8_row_absmax(std::span<const float> row);

// What an entry is multiplied with before it is rounded to a code. As the reference computes it, with two
// roundings: for many a pair of halves 127 / absmax would decide a near tie the other way.
[[nodiscard]] inline float i8_scale(float absmax) { return (1.0F / absmax) * kI8Steps; }

// codes[k] = nearest integer to row[k] * i8_scale(absmax), ties to even; all zero when absmax is 0 or NaN. No
// entry may be larger than absmax.
void i8_quantize_row(std::span<const float> row, float absmax, std::span<std::int8_t> codes);

// The columns in which some row of `x` has a magnitude of at least `threshold`, ascending. x is the rows of
// one scope.
void i8_outlier_columns(std::span<const float> x, std::size_t columns, float threshold,
                        std::vector<std::uint32_t>& outlier_columns);

// Codes [rows, columns] and absmax [rows] of activations. absmax is over the entries below the threshold, in
// outlier columns too; the codes of outlier columns (those of the scope that the rows belong to) are zero.
void i8_quantize_activations(std::span<const float> x, std::size_t columns, float threshold,
                             std::span<const std::uint32_t> outlier_columns, std::span<std::int8_t> codes,
                             std::span<float> row_absmax);

// An int32 sum of products as a number: three float operations in this order, so that kernels can agree to
// the last bit.
[[nodiscard]] inline float i8_product(std::int32_t sum, float activation_absmax, float weight_absmax) {
  return static_cast<float>(sum) * (activation_absmax * weight_absmax) * (1.0F / (kI8Steps * kI8Steps));
}

// A weight of an outlier column from its code, rounded to half.
[[nodiscard]] inline float i8_weight(std::int8_t code, float weight_absmax) {
  return round_to_half(static_cast<float>(code) * weight_absmax * (1.0F / kI8Steps));
}

}  // namespace quantier
