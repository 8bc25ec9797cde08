// The weights of one linear layer in one of the storage formats, as methods (quantize/) write them and
// kernels (engine/) read them. One struct per format; a variant, not a bag of nullable pointers, says which
// it is. W is [out_features, in_features] = [N, K], row-major, y = x W^T + b.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "quantier/formats/plan.h"
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

// i8-row: LLM.int8() storage (Dettmers et al. 2022, section 2.1): codes[n, k] = round(W[n, k] * 127 /
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
// nested_absmax[b / 256] + offset.
struct Nf4Weights {
  AlignedBuffer<std::uint8_t> packed;        // [(N*K + 1) / 2]
  AlignedBuffer<std::uint8_t> absmax_codes;  // [ceil(N*K / 64)]
  AlignedBuffer<float> nested_absmax;        // [ceil(blocks / 256)]
  float offset = 0;
};

struct PackedLinear {
  std::uint64_t out_features = 0;
  std::uint64_t in_features = 0;
  std::variant<F32Weights, F16Weights, I8RowWeights, Nf4Weights> weights;
  std::vector<float> bias;  // [N] or empty; already rounded to half where the plan says so
};

// Bytes that the packed weights (and the bias) occupy.
[[nodiscard]] std::uint64_t packed_bytes(const PackedLinear& linear);

// The format that the variant holds.
[[nodiscard]] WeightFormat format_of(const PackedLinear& linear);

// The same from the shape alone, for a plan. `keeps_halves`: i8-row beside its original halves (outlier_f16).
[[nodiscard]] std::uint64_t planned_bytes(WeightFormat format, std::uint64_t out_features,
                                          std::uint64_t in_features, bool has_bias, bool keeps_halves);

inline constexpr std::uint64_t kNf4BlockElements = 64;
inline constexpr std::uint64_t kNf4NestedBlocks = 256;
struct Nf4Sizes {
  std::uint64_t packed_bytes = 0;
  std::uint64_t blocks = 0;
  std::uint64_t nested_blocks = 0;
};
[[nodiscard]] Nf4Sizes nf4_sizes(std::uint64_t elements);

}  // namespace quantier
