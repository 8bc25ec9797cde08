// The scalar truth: every operation as its formula reads, sums in double. Slow on purpose; the fast ops are
// tested against it.
#pragma once

#include "quantier/engine/ops.h"

namespace quantier {

class ReferenceOps : public Ops {
 public:
  // `plan` must outlive the operations.
  explicit ReferenceOps(const Plan& plan) : plan_(plan) {}

  void embed(const ModelWeights& weights, std::span<const std::int32_t> ids, std::span<float> out) override;
  void linear(const LinearWeights& weights, std::span<const float> x, std::span<const std::uint32_t> scopes,
              std::span<float> y) override;
  void layer_norm(const NormWeights& norm, double epsilon, std::span<const float> x,
                  std::span<float> y) override;
  void rms_norm(const NormWeights& norm, double epsilon, std::span<const float> x,
                std::span<float> y) override;
  void rope(std::span<float> x, const TokenBatch& batch, std::size_t first_row, std::size_t stride,
            std::size_t first, std::size_t heads, std::size_t head_dim, double theta) override;
  void attention(const AttentionShape& shape, const float* queries, const float* keys, const float* values,
                 std::size_t tokens, std::size_t first_query, std::size_t query_count,
                 std::span<float> out) override;
  void gated(Activation activation, const float* gate, const float* up, std::size_t stride, std::size_t rows,
             std::size_t features, std::span<float> y) override;
  void activate(Activation activation, std::span<float> x) override;
  void add(std::span<float> x, std::span<const float> y) override;
  void mean(std::span<const float> x, std::size_t rows, std::span<float> out) override;

 protected:
  [[nodiscard]] const Plan& plan() const { return plan_; }
  // What the plan stores of a result.
  [[nodiscard]] float stored(double value) const;

 private:
  const Plan& plan_;
};

}  // namespace quantier
