// i4-group: integers 0..15 with a half-precision scale, and where wanted a zero point, for each group of
// inputs of a row. The scalar truth for every method that chooses them (round to nearest, GPTQ, AWQ) and for
// every kernel that multiplies with them. Layout of the bytes: I4GroupWeights in packed_linear.h.
//
// A weight that takes part in a product is half((code - zero) * scale), all operations in float, unless the
// inputs are int8 too (w4a8): then
//   y[t, n] = (sum over groups g of acc[g] * scale[n, g]) * (a[t] / 127) + bias[n]
//   acc[g]    int32 sum over the inputs of the group of xcode[t, k] * (code[n, k] - zero[n, g])
//   a[t]      the largest magnitude of the row of inputs, xcode as in i8_row.h
// with the sum over groups in float, in their order; groups are then multiples of four inputs, or the row.
//
// Symmetric: scale = absmax / 7.5, zero = 8, so that the grid reaches from -8 to 7 steps; asymmetric: the
// grid spans [min(0, smallest), max(0, largest)] in 15 steps. A group of zeros, or one so small that its
// scale is no half but zero, has scale 0 and codes equal to its zero point. Both are what GPTQ, AWQ and
// compressed-tensors take as their round-to-nearest. Nothing here can fail: callers pass finite weights of at
// most 65504.
//
// Source: Frantar et al. 2022, "GPTQ", section 3 and its published code (quant.py, find_params).
#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include "quantier/base/half.h"
#include "quantier/formats/packed_linear.h"

namespace quantier {

inline constexpr int kI4Largest = 15;
inline constexpr std::uint8_t kI4Middle = 8;  // the zero point of symmetric groups

// Scale and zero point of one group.
struct I4Grid {
  std::uint16_t scale_bits = 0;  // IEEE half
  std::uint8_t zero = kI4Middle;

  [[nodiscard]] float scale() const { return to_float(Half{scale_bits}); }
  [[nodiscard]] bool operator==(const I4Grid&) const = default;
  // The nearest code of a weight, ties to even; the zero point when the scale is 0.
  [[nodiscard]] std::uint8_t code(float weight) const;
  // The weight that a code stands for, rounded to half.
  [[nodiscard]] float value(std::uint8_t code) const {
    return round_to_half((static_cast<float>(code) - static_cast<float>(zero)) * scale());
  }
};

// I4Grid::code of each weight of a group, for finite weights that the grid was made for (within 2^21 steps).
void i4_quantize_group(I4Grid grid, std::span<const float> weights, std::span<std::uint8_t> codes);
// Codes of a row, two in a byte, as a row of I4GroupWeights::codes.
void i4_pack_row(std::span<const std::uint8_t> codes, std::span<std::uint8_t> packed);

// The grid of round to nearest for these weights. `shrink` in (0, 1] scales their range first, for methods
// that clip.
[[nodiscard]] I4Grid i4_grid(std::span<const float> weights, bool symmetric, float shrink = 1.0F);

// Adds the int32 sum of products of a group to what the groups before it gave: one fused step, so that
// kernels can agree to the last bit. The total is multiplied with i4_row_factor at the end.
[[nodiscard]] inline float i4_add_group(float total, std::int32_t sum, float scale) {
  return std::fma(static_cast<float>(sum), scale, total);
}
[[nodiscard]] inline float i4_row_factor(float activation_absmax) {
  return activation_absmax * (1.0F / 127.0F);
}

// Empty weights of the right sizes: codes 0, scales 0, and zero points unless symmetric.
[[nodiscard]] I4GroupWeights make_i4_group(std::uint64_t out_features, std::uint64_t in_features,
                                           std::uint32_t group, bool symmetric);

[[nodiscard]] std::uint64_t i4_group_of(const I4GroupWeights& weights, std::uint64_t input);
[[nodiscard]] I4Grid i4_grid_of(const I4GroupWeights& weights, std::uint64_t in_features, std::uint64_t row,
                                std::uint64_t group);
void i4_set_grid(I4GroupWeights& weights, std::uint64_t in_features, std::uint64_t row, std::uint64_t group,
                 I4Grid grid);
[[nodiscard]] std::uint8_t i4_code(const I4GroupWeights& weights, std::uint64_t in_features,
                                   std::uint64_t row, std::uint64_t input);
void i4_set_code(I4GroupWeights& weights, std::uint64_t in_features, std::uint64_t row, std::uint64_t input,
                 std::uint8_t code);

// Row n as it takes part in a product (halves held in floats); out has in_features entries.
void i4_dequantize_row(const I4GroupWeights& weights, std::uint64_t row, std::span<float> out);

}  // namespace quantier
