// The weights of a linear layer in the order in which the CPU kernels read them.
//
// Sixteen outputs stand side by side in a panel, input after input, so that a kernel loads two vectors of
// weights for each input and multiplies them with several rows of activations held in registers. Made once,
// while the model is loaded; the same bytes as the storage format up to the padding of the last panel, whose
// missing outputs are zeros. N outputs, K inputs, P = ceil(N / 16) panels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>

#include "quantier/formats/packed_linear.h"
#include "quantier/tensor/aligned_buffer.h"

namespace quantier {

inline constexpr std::size_t kPanelWidth = 16;

struct F32Panels {
  AlignedBuffer<float> values;  // [P, K, 16]
};

struct F16Panels {
  AlignedBuffer<std::uint16_t> values;  // [P, K, 16] IEEE halves
};

// Inputs in pairs, as the instruction wants them that multiplies and adds two at once; an odd last one is
// padded with zeros.
struct BF16Panels {
  AlignedBuffer<std::uint16_t> values;  // [P, ceil(K / 2), 16, 2] bfloat16

  [[nodiscard]] static std::size_t pairs(std::size_t inputs) { return (inputs + 1) / 2; }
};

// Inputs in fours, as the instructions want them that multiply and add four bytes at once; the last four are
// padded with zeros.
struct I8Panels {
  AlignedBuffer<std::int8_t> codes;          // [P, ceil(K / 4), 16, 4]
  AlignedBuffer<std::int32_t> surplus;       // [P, 16] 128 times the sum of an output's codes (kernels.h)
  AlignedBuffer<float> row_absmax;           // [P, 16]
  AlignedBuffer<std::uint16_t> outlier_f16;  // [P, K, 16] or empty

  [[nodiscard]] static std::size_t quads(std::size_t inputs) { return (inputs + 3) / 4; }
  // Where the code of input k and output i stands inside a panel.
  [[nodiscard]] static std::size_t index(std::size_t k, std::size_t i) {
    return (k / 4 * kPanelWidth + i) * 4 + k % 4;
  }
};

// Byte j of an input holds the codes of output j (low nibble) and output j + 8 (high nibble). The scales stay
// in the order of the storage format: block b covers the elements [64 b, 64 b + 64) of the flattened weight.
struct Nf4Panels {
  AlignedBuffer<std::uint8_t> codes;  // [P, K, 8]
  Nf4Weights scales;                  // `packed` is empty
};

// Codes as in Nf4Panels; scales (halves) and zero points stand group after group, sixteen outputs side by
// side.
struct I4Panels {
  std::uint32_t group = 0;
  AlignedBuffer<std::uint8_t> codes;            // [P, K, 8]
  AlignedBuffer<std::uint16_t> scales;          // [P, groups, 16]
  AlignedBuffer<std::uint8_t> zeros;            // [P, groups, 16] or empty
  AlignedBuffer<std::uint16_t> group_of_input;  // [K] or empty
};

struct Fp8Panels {
  AlignedBuffer<std::uint8_t> codes;  // [P, K, 16]
  AlignedBuffer<float> row_scale;     // [P, 16]
};

// The two factors of an adapter (LowRank), each in panels of halves.
struct LowRankPanels {
  std::uint32_t rank = 0;
  float scaling = 1;
  AlignedBuffer<std::uint16_t> a;  // [ceil(rank / 16), K, 16]
  AlignedBuffer<std::uint16_t> b;  // [P, rank, 16]
};

struct CpuPanels {
  std::uint64_t out_features = 0;
  std::uint64_t in_features = 0;
  std::variant<F32Panels, F16Panels, BF16Panels, I8Panels, Nf4Panels, I4Panels, Fp8Panels> weights;
  LinearInput input;
  LowRankPanels low_rank;     // rank 0: none
  AlignedBuffer<float> bias;  // [P, 16] or empty

  [[nodiscard]] std::size_t panel_count() const { return (out_features + kPanelWidth - 1) / kPanelWidth; }
};

[[nodiscard]] CpuPanels arrange_in_panels(PackedLinear&& packed);

}  // namespace quantier
