// How the numbers of a linear layer are stored, and what its inputs become before the product. One table of
// traits: names, bytes and checks of every format are read from here.
//
// W is [out_features, in_features] = [N, K]; the scalar truth of each format is in the header named after it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "quantier/base/error.h"

namespace quantier {

enum class WeightFormat : std::uint8_t { kF32, kF16, kBF16, kI8Row, kNf4Block, kI4Group, kFp8Row };
// "f32", "f16", "bf16", "i8-row", "nf4-block", "i4-group", "fp8-row"
[[nodiscard]] const char* weight_format_name(WeightFormat format);
// Neither codes nor scales: the numbers themselves.
[[nodiscard]] constexpr bool is_float_format(WeightFormat format) {
  return format == WeightFormat::kF32 || format == WeightFormat::kF16 || format == WeightFormat::kBF16;
}
[[nodiscard]] std::optional<WeightFormat> weight_format_from_name(std::string_view name);

// What a layer does to its inputs, row by row (a row is a token).
enum class InputFormat : std::uint8_t {
  kFloat,            // nothing: the product is taken in float
  kI8Outliers,       // int8 with one scale a row; columns with a large entry stay out (LLM.int8())
  kI8FixedOutliers,  // the same, but for columns chosen beforehand
  kI8,               // int8 with one scale a row
  kFp8,              // E4M3 with one scale a row
};
[[nodiscard]] const char* input_format_name(InputFormat format);  // "float", "i8-outliers", ...
[[nodiscard]] std::optional<InputFormat> input_format_from_name(std::string_view name);

// What a format leaves open. Each option belongs to the formats named; elsewhere it keeps its default.
struct FormatOptions {
  std::uint32_t group = 0;       // i4-group: consecutive inputs that share a scale; 0: the whole row
  bool symmetric = true;         // i4-group: codes around 8, or a zero point for each group
  bool double_quantized = true;  // nf4-block: block maxima in eight bits, or float
  bool keeps_halves = false;     // i8-row: the original halves beside the codes
  bool per_tensor = false;       // fp8-row: the same scale for all rows
  friend bool operator==(const FormatOptions&, const FormatOptions&) = default;
};

// Shape of one linear layer.
struct LinearShape {
  std::uint64_t out_features = 0;
  std::uint64_t in_features = 0;
  bool bias = false;
};

// Bytes that the packed weights and the bias occupy. What is kept for the inputs (a multiplier, a list of
// outlier columns, an adapter) is not in it: packed_linear.h.
[[nodiscard]] std::uint64_t weight_bytes(WeightFormat format, const FormatOptions& options,
                                         const LinearShape& shape);

// Bits of weight storage for each weight, scales included and the bias left out.
[[nodiscard]] double bits_per_weight(WeightFormat format, const FormatOptions& options,
                                     const LinearShape& shape);

inline constexpr std::uint64_t kNf4BlockElements = 64;
inline constexpr std::uint64_t kNf4NestedBlocks = 256;
struct Nf4Sizes {
  std::uint64_t packed_bytes = 0;
  std::uint64_t blocks = 0;
  std::uint64_t nested_blocks = 0;
};
[[nodiscard]] Nf4Sizes nf4_sizes(std::uint64_t elements);

// Groups of a row of K inputs; the last one may be shorter.
[[nodiscard]] constexpr std::uint64_t i4_groups(std::uint64_t in_features, std::uint32_t group) {
  return group == 0 ? 1 : (in_features + group - 1) / group;
}

}  // namespace quantier
