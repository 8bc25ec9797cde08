// nf4-block: four-bit NormalFloat codes in blocks of 64, block maxima stored in eight bits (double
// quantization). The scalar truth for the method that writes it and for every kernel that reads it.
//
// W is taken flat and row-major, after rounding to half (bitsandbytes quantizes the half-precision model);
// blocks may straddle rows. Per block b: absmax[b] = max |w|, code = nearest entry of nf4_table() to
// w / absmax[b]. The maxima minus their mean (`offset`) are coded once more, in nested blocks of 256, against
// dynamic_map(). A weight that takes part in a product is half(nf4_table[code] * nf4_absmax(b)), all
// operations in float. Layout of the bytes: Nf4Weights in packed_linear.h and docs/formats/nf4-block.md.
//
// Values are dimensionless; nothing here can fail: callers pass finite weights of at most 65504.
//
// Source: Dettmers et al. 2023, "QLoRA", section 3 and appendix E; arithmetic of bitsandbytes 0.50.2, CPU
// backend on x86-64. Where that backend and the CUDA one differ, docs/methods/nf4.md says which is followed.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "quantier/formats/packed_linear.h"

namespace quantier {

// Sixteen increasing values in [-1, 1]; entry 7 is zero.
[[nodiscard]] const std::array<float, 16>& nf4_table();

// 256 increasing values in (-1, 1]: signed, seven decades, the more fraction bits the larger the value
// (Dettmers 2015, "8-Bit Approximations for Parallelism in Deep Learning").
[[nodiscard]] const std::array<float, 256>& dynamic_map();

// The maximum of a block as it is stored: dynamic_map[code] * nested_absmax + offset, rounded after the
// product and after the sum (no fused multiply-add); as it was found, without double quantization.
[[nodiscard]] inline float nf4_absmax(const Nf4Weights& weights, std::uint64_t block) {
  if (!weights.absmax.empty()) return weights.absmax[block];
  const float centred =
      dynamic_map()[weights.absmax_codes[block]] * weights.nested_absmax[block / kNf4NestedBlocks];
  return centred + weights.offset;
}

// The code of element i of the flattened weight.
[[nodiscard]] inline std::uint8_t nf4_code(const Nf4Weights& weights, std::uint64_t element) {
  const std::uint8_t pair = weights.packed[element / 2];
  return element % 2 == 0 ? pair >> 4 : pair & 0xFU;
}

// Elements [first, first + out.size()) of the flattened weight, as they take part in a product (halves held
// in floats).
void nf4_dequantize(const Nf4Weights& weights, std::uint64_t first, std::span<float> out);

// Quantizes one block of 1 to 64 halves (held in floats): writes (size + 1) / 2 bytes, the unused low nibble
// of an odd tail being the code of zero, and returns the block's absmax. Only the last block of a weight may
// have fewer than 64 elements.
float nf4_quantize_block(std::span<const float> values, std::span<std::uint8_t> packed);

// The offset of the double quantization: the mean of all absmax, summed in double.
[[nodiscard]] float nf4_mean(std::span<const float> absmax);

// Codes and nested absmax for all blocks of a weight, given its offset.
void nf4_quantize_absmax(std::span<const float> absmax, float offset, std::span<std::uint8_t> codes,
                         std::span<float> nested_absmax);

}  // namespace quantier
