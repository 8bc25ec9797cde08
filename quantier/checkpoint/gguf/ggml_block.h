// Element types of ggml, in which the tensors of a GGUF file are stored: the scalar reference that encodes
// and decodes them.
//
// A row of a matrix is cut into blocks of 32 elements (of one, for the float types); blocks never straddle
// rows. With d and m stored as halves, x the elements of a block and codes q:
//
//   q8_0  34 bytes  d, 32 x int8        d = max |x| / 127      q = round(x / d), ties away from 0    x' = q d
//   q4_0  18 bytes  d, 16 bytes         d = x_m / -8           q = floor(x / d + 8.5), at most 15    x' = (q
//   - 8) d q4_1  20 bytes  d, m, 16 bytes      d = (max - min) / 15   q = floor((x - m) / d + 0.5) x' = q d +
//   m
//
// x_m is the element of largest magnitude with its sign, the first of several. Byte j of the four-bit types
// holds element j in its low half and element j + 16 in the high one. Codes come from the scale before it is
// rounded to half; x / d is x times the float nearest to 1 / d. Layout, rounding and rules for the edges are
// those of ggml's quantize_row_*_ref as the Python package gguf 0.19 computes them: docs/formats/gguf.md says
// where a fused multiply-add makes compiled versions of the reference differ among themselves.
//
// Nothing here can fail. Elements must be finite; a scale too large for a half becomes infinite, as it does
// in ggml, and find_overflow() tells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace quantier {

// The numbers are those of the file.
enum class GgmlType : std::uint32_t { kF32 = 0, kF16 = 1, kQ4_0 = 2, kQ4_1 = 3, kQ8_0 = 8, kBF16 = 30 };

[[nodiscard]] const char* ggml_type_name(GgmlType type);  // "F32", "F16", "Q4_0", ...
// Nothing for types that are not read.
[[nodiscard]] std::optional<GgmlType> ggml_type_from_id(std::uint32_t id);
[[nodiscard]] std::optional<GgmlType> ggml_type_from_name(std::string_view name);  // "q8_0", in any case
// What ggml calls a type that is not read here ("Q6_K"); nothing for a number that it does not know either.
[[nodiscard]] std::optional<std::string_view> other_ggml_type_name(std::uint32_t id);

[[nodiscard]] std::uint64_t ggml_block_elements(GgmlType type);
[[nodiscard]] std::uint64_t ggml_block_bytes(GgmlType type);

// `values` are whole blocks; `out` has ggml_block_bytes for each.
void ggml_encode(GgmlType type, std::span<const float> values, std::span<std::byte> out);
void ggml_decode(GgmlType type, std::span<const std::byte> blocks, std::span<float> out);

// The first element of the first block that cannot be decoded to finite numbers.
[[nodiscard]] std::optional<std::uint64_t> find_overflow(GgmlType type, std::span<const std::byte> blocks);

}  // namespace quantier
