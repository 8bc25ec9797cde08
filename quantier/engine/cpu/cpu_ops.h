// The fast operations: dense products through oneDNN, the rest in loops that the compiler vectorises for the
// machine at hand.
//
// Every result depends on its own row (or its own text) alone, with a fixed order of sums, so logits are the
// same bits at any batch size, order and number of threads. No multiply-add is fused outside oneDNN, so the
// loops give the same bits on every instruction set. One object serves one thread.
#pragma once

#include <vector>

#include "quantier/engine/reference/reference_ops.h"

namespace quantier {

class CpuOps final : public ReferenceOps {
 public:
  explicit CpuOps(const Plan& plan) : ReferenceOps(plan) {}

  void linear(const PackedLinear& linear, std::span<const float> x, std::span<const std::uint32_t> scopes,
              std::span<float> y) override;
  void rope(std::span<float> x, const TokenBatch& batch, std::size_t stride, std::size_t first,
            std::size_t heads, std::size_t head_dim, double theta) override;
  void attention(const AttentionShape& shape, const float* queries, const float* keys, const float* values,
                 std::size_t tokens, std::size_t first_query, std::size_t query_count,
                 std::span<float> out) override;
  void gated(Activation activation, const float* gate, const float* up, std::size_t stride, std::size_t rows,
             std::size_t features, std::span<float> y) override;
  void add(std::span<float> x, std::span<const float> y) override;

 private:
  // cos and sin of position * frequency, [positions, head_dim / 2] each, for one rotary base.
  struct RotaryTable {
    double theta = 0;
    std::size_t head_dim = 0;
    std::size_t positions = 0;
    AlignedBuffer<float> cosine;
    AlignedBuffer<float> sine;
  };
  const RotaryTable& rotary_table(double theta, std::size_t head_dim, std::size_t positions);

  AlignedBuffer<float> panel_;     // a block of weight rows as float
  AlignedBuffer<float> padded_x_;  // the fewest rows that oneDNN treats like many
  AlignedBuffer<float> padded_y_;
  AlignedBuffer<float> transposed_keys_;  // [head_dim, tokens]
  AlignedBuffer<float> scores_;           // [tokens]
  std::vector<RotaryTable> rotary_tables_;
};

// What runs for a layer: the name that goes into the executed plan.
[[nodiscard]] const char* cpu_kernel_name(WeightFormat format);

}  // namespace quantier
