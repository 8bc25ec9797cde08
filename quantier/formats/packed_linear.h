// The weights of one linear layer in one of the storage formats, as methods (quantize/) write them and
// kernels (engine/) read them. One struct per format; a variant, not a bag of nullable pointers, says which
// it is. W is [out_features, in_features] = [N, K], row-major, y = x W^T + b.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "quantier/formats/weight_format.h"
#include "quantier/tensor/aligned_buffer.h"

namespace quantier {

// f32: N*K floats.
struct F32Weights {
  AlignedBuffer<float> values;
};

// f16: N*K IEEE halves (bits). Products are taken with the float value of each half; sums are float.
struct F16Weights {
  AlignedBuffer<std::uint16_t> values;
};

// bf16: N*K bfloat16 (bits); products and sums as for f16.
struct BF16Weights {
  AlignedBuffer<std::uint16_t> values;
};

// i8-row: one scale for each row (Dettmers et al. 2022, section 2.1): codes[n, k] = round(W[n, k] * 127 /
// absmax[n]) in [-127, 127], W ~ codes * absmax[n] / 127. `outlier_f16` holds the original halves when
// outlier columns multiply with the paper's fp16 weights instead of the dequantized int8 ones; otherwise it
// is empty.
struct I8RowWeights {
  AlignedBuffer<std::int8_t> codes;          // [N, K]
  AlignedBuffer<float> row_absmax;           // [N]
  AlignedBuffer<std::uint16_t> outlier_f16;  // [N, K] or empty
};

// nf4-block: NF4 (Dettmers et al. 2023, appendix E): blocks of 64 consecutive elements of the flattened
// weight share an absmax; codes are indices into the NF4 table, two in a byte, the earlier element in the
// high nibble. Double quantization: absmax is stored as an 8-bit code of the dynamic map after subtracting
// `offset`, with one float scale for each 256 blocks: absmax[b] = dynamic_map[absmax_codes[b]] *
// nested_absmax[b / 256] + offset. Without it, absmax stands as it is.
struct Nf4Weights {
  AlignedBuffer<std::uint8_t> packed;        // [(N*K + 1) / 2]
  AlignedBuffer<std::uint8_t> absmax_codes;  // [ceil(N*K / 64)], or empty
  AlignedBuffer<float> nested_absmax;        // [ceil(blocks / 256)], or empty
  AlignedBuffer<float> absmax;               // [ceil(N*K / 64)] without double quantization, else empty
  float offset = 0;
};

// i4-group: integers 0..15 with a scale, and where wanted a zero point, for each group of inputs of a row:
// W[n, k] ~ (code - zero[n, g]) * scale[n, g], zero = 8 when there are none. Two codes in a byte, the earlier
// input in the low nibble; every row begins with a byte of its own. Scales are IEEE halves.
struct I4GroupWeights {
  std::uint32_t group = 0;                      // inputs that share a scale; 0: the whole row
  AlignedBuffer<std::uint8_t> codes;            // [N, ceil(K / 2)]
  AlignedBuffer<std::uint16_t> scales;          // [N, groups]
  AlignedBuffer<std::uint8_t> zeros;            // [N, groups] or empty
  AlignedBuffer<std::uint16_t> group_of_input;  // [K] where groups are not consecutive inputs, else empty
};

// fp8-row: E4M3 codes (bits) with one float scale a row: W ~ code * scale[n]. With one scale for the whole
// tensor, all entries of `row_scale` are equal.
struct Fp8RowWeights {
  AlignedBuffer<std::uint8_t> codes;  // [N, K]
  AlignedBuffer<float> row_scale;     // [N]
};

// What happens to the inputs before the product.
struct LinearInput {
  InputFormat format = InputFormat::kFloat;
  std::vector<float> multiplier;               // [K] x[k] * multiplier[k] comes first; or empty
  std::vector<std::uint32_t> outlier_columns;  // of kI8FixedOutliers, ascending
};

// An adapter beside the weights: y += scaling * B (A x), with A [rank, K] and B [N, rank] as IEEE halves.
struct LowRank {
  std::uint32_t rank = 0;
  float scaling = 1;
  AlignedBuffer<std::uint16_t> a;
  AlignedBuffer<std::uint16_t> b;
};

using PackedWeights = std::variant<F32Weights, F16Weights, BF16Weights, I8RowWeights, Nf4Weights,
                                   I4GroupWeights, Fp8RowWeights>;

struct PackedLinear {
  std::uint64_t out_features = 0;
  std::uint64_t in_features = 0;
  PackedWeights weights;
  LinearInput input;
  LowRank low_rank;         // rank 0: none
  std::vector<float> bias;  // [N] or empty; already rounded as the plan says
};

// Everything of a layer once more.
[[nodiscard]] PackedLinear clone(const PackedLinear& linear);
[[nodiscard]] LowRank clone(const LowRank& adapter);

// The format that the variant holds, and what it leaves open.
[[nodiscard]] WeightFormat format_of(const PackedLinear& linear);
[[nodiscard]] FormatOptions options_of(const PackedLinear& linear);

// Bytes that everything of the layer occupies; and the part that a plan cannot know: what is kept for the
// inputs (a multiplier, outlier columns), a list of groups.
[[nodiscard]] std::uint64_t packed_bytes(const PackedLinear& linear);
[[nodiscard]] std::uint64_t found_bytes(const PackedLinear& linear);

// Bytes of a multiplier, of outlier columns, of an adapter.
[[nodiscard]] constexpr std::uint64_t multiplier_bytes(std::uint64_t in_features) { return in_features * 4; }
[[nodiscard]] constexpr std::uint64_t low_rank_bytes(std::uint64_t out_features, std::uint64_t in_features,
                                                     std::uint64_t rank) {
  return rank * (out_features + in_features) * 2;
}

}  // namespace quantier
