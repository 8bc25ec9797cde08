// The fast operations: every loop is a kernel of the instruction set chosen for this machine (kernels.h).
//
// Every result depends on its own row (or its own text) alone, with a fixed order of sums, so logits are the
// same bits at any batch size, order and number of threads; with LLM.int8() over batches, they depend on the
// batch by definition. Weights come as CpuPanels. One object serves one thread.
#pragma once

#include <string>
#include <vector>

#include "quantier/engine/cpu/kernels.h"
#include "quantier/engine/cpu/panels.h"
#include "quantier/engine/ops.h"

namespace quantier {

class CpuOps final : public Ops {
 public:
  // `plan` must outlive the operations.
  CpuOps(const Plan& plan, const cpu::Kernels& kernels)
      : plan_(plan), kernels_(kernels), rounding_(kernel_rounding(plan.rounding)) {}

  void embed(const ModelWeights& weights, std::span<const std::int32_t> ids, std::span<float> out) override;
  void linear(const LinearWeights& weights, std::span<const float> x, std::span<const std::uint32_t> scopes,
              std::span<float> y) override;
  void layer_norm(const NormWeights& norm, double epsilon, std::span<const float> x,
                  std::span<float> y) override;
  void rms_norm(const NormWeights& norm, double epsilon, std::span<const float> x,
                std::span<float> y) override;
  void rope(std::span<float> x, const TokenBatch& batch, std::size_t stride, std::size_t first,
            std::size_t heads, std::size_t head_dim, double theta) override;
  void attention(const AttentionShape& shape, const float* queries, const float* keys, const float* values,
                 std::size_t tokens, std::size_t first_query, std::size_t query_count,
                 std::span<float> out) override;
  void gated(Activation activation, const float* gate, const float* up, std::size_t stride, std::size_t rows,
             std::size_t features, std::span<float> y) override;
  void activate(Activation activation, std::span<float> x) override;
  void add(std::span<float> x, std::span<const float> y) override;
  void mean(std::span<const float> x, std::size_t rows, std::span<float> out) override;

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

  static cpu::Rounding kernel_rounding(ActivationRounding rounding);

  // Inputs after the layer's multiplier and, for FP8, rounded; `x` itself when there is nothing to do.
  std::span<const float> prepared(const CpuPanels& panels, std::span<const float> x);
  [[nodiscard]] cpu::Epilogue epilogue(const CpuPanels& panels, std::size_t panel) const;

  // cpu_linear.cc: weights become float one panel at a time.
  void multiply_float(const CpuPanels& panels, std::span<const float> x, std::size_t rows,
                      std::span<float> y);
  const float* float_panel(const CpuPanels& panels, std::size_t panel);
  void add_low_rank(const CpuPanels& panels, std::span<const float> x, std::size_t rows, std::span<float> y);
  // out[rows, outputs] = x[rows, inputs] times panels of halves, rounded as the plan says.
  void multiply_halves(const AlignedBuffer<std::uint16_t>& panels, std::size_t outputs, std::size_t inputs,
                       const float* x, std::size_t rows, float* out);

  // cpu_linear_i8.cc: inputs become int8, products are integers.
  void multiply_int8(const CpuPanels& panels, const I8Panels& weights, std::span<const float> x,
                     std::span<const std::uint32_t> scopes, std::span<float> y);
  // Codes and absmax of all rows; outlier columns of each scope, and of all together.
  void quantize_activations(const LinearInput& input, std::size_t columns, std::span<const float> x,
                            std::span<const std::uint32_t> scopes);
  void quantize_row(const float* values, std::size_t columns, std::size_t row, float absmax);
  void quantize_with_outliers(std::size_t columns, std::span<const float> x,
                              std::span<const std::uint32_t> scopes);
  void quantize_with_fixed_outliers(std::span<const std::uint32_t> outliers, std::size_t columns,
                                    std::span<const float> x, std::size_t rows);
  void outlier_weights(const CpuPanels& panels, const I8Panels& weights, std::size_t panel);
  void add_outliers(const CpuPanels& panels, const I8Panels& weights, std::size_t panel,
                    std::span<const float> x, float* y, std::size_t count);

  // cpu_linear_i4.cc: four-bit weights become int8 one panel at a time.
  void multiply_i4_i8(const CpuPanels& panels, const I4Panels& weights, std::span<const float> x,
                      std::size_t rows, std::span<float> y);

  const Plan& plan_;
  const cpu::Kernels& kernels_;
  cpu::Rounding rounding_;
  std::vector<RotaryTable> rotary_tables_;
  AlignedBuffer<float> panel_;           // [K, 16] one panel of weights as float
  AlignedBuffer<float> prepared_;        // [rows, K] inputs after a multiplier or FP8
  AlignedBuffer<float> low_rank_x_;      // [rows, rank]
  AlignedBuffer<float> low_rank_y_;      // [rows, N]
  AlignedBuffer<float> prepared_row_;    // [K] one row without its outliers
  AlignedBuffer<float> group_y_;         // [rows, 16] the sums of one group
  AlignedBuffer<std::int8_t> i8_panel_;  // [ceil(K / 4), 16, 4] one panel of weights as int8
  AlignedBuffer<std::uint8_t> codes_;    // [rows, K] activations in int8 steps, plus 128
  AlignedBuffer<float> row_absmax_;      // [rows]
  struct OutlierScopeRows {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::vector<std::uint32_t> columns;
  };
  std::vector<std::size_t> rows_with_outliers_;   // of one scope
  std::vector<std::uint8_t> is_outlier_;          // [K], of one scope
  std::vector<OutlierScopeRows> outlier_scopes_;  // those that have any
  std::vector<std::uint32_t> outlier_columns_;    // of all scopes, ascending
  AlignedBuffer<float> outlier_panel_;            // [outlier columns, 16]
  AlignedBuffer<float> scope_panel_;              // [outlier columns of a scope, 16]
  AlignedBuffer<float> outlier_x_;                // [rows, outlier columns of a scope]
  AlignedBuffer<float> outlier_y_;                // [rows, 16]
  AlignedBuffer<float> key_panels_;               // [tokens / 16, head_dim, 16]
  AlignedBuffer<float> value_panels_;             // [head_dim / 16, tokens, 16]
  AlignedBuffer<float> scores_;                   // [queries of a block, tokens]
};

// What runs for a layer, for the executed plan, e.g. "avx2/nf4_panels".
[[nodiscard]] std::string cpu_kernel_name(const LayerRecipe& recipe, const cpu::Kernels& kernels);

}  // namespace quantier
