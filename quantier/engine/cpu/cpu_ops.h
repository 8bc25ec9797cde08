// The fast operations: every loop is a kernel of the instruction set chosen for this machine (kernels.h).
//
// Every result depends on its own row (or its own text) alone, with a fixed order of sums, so logits are the
// same bits at any batch size, order and number of threads; with LLM.int8() over batches, they depend on the
// batch by definition. Weights come as CpuPanels. One object serves one thread.
#pragma once

#include <array>
#include <optional>
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

  void join(Team* team, std::size_t member) override {
    team_ = team;
    member_ = member;
  }
  void embed(const ModelWeights& weights, std::span<const std::int32_t> ids, std::span<float> out) override;
  void linear(const LinearWeights& weights, std::span<const float> x, std::span<const std::uint32_t> scopes,
              std::span<float> y) override;
  void linear_add(const LinearWeights& weights, std::span<const float> x,
                  std::span<const std::uint32_t> scopes, std::span<float> scratch,
                  std::span<float> y) override;
  void linear_gated(Activation activation, const LinearWeights& gate, const LinearWeights* up,
                    std::span<const float> x, std::span<const std::uint32_t> scopes, std::span<float> scratch,
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

  // Two panels of sixteen outputs that are multiplied together: neighbours of one layer, or those of a gate
  // and of what it gates. The second layer is null for a panel that is left over.
  struct PanelPair {
    std::array<const CpuPanels*, 2> layers = {};
    std::array<std::size_t, 2> panels = {};
    std::size_t advance = 0;  // how many panels further the next pair stands in both; 0: nothing to fetch

    // The panel that is multiplied after the one in a slot, if it is to be fetched.
    [[nodiscard]] std::optional<std::size_t> next(std::size_t slot) const {
      const std::size_t panel = panels[slot] + advance;
      if (advance == 0 || layers[slot] == nullptr || panel >= layers[slot]->panel_count())
        return std::nullopt;
      return panel;
    }
  };

  // What take_inputs made of a thread's rows, and where their outputs go.
  struct Inputs {
    std::size_t rows = 0;
    const float* x = nullptr;             // after `prepared`
    const std::uint16_t* bf16 = nullptr;  // the following as the buffers of the same names
    const std::uint8_t* codes = nullptr;
    const float* row_absmax = nullptr;
    float* y = nullptr;
  };

  // The rows [first, first + count) of the inputs at hand.
  struct RowBlock {
    std::size_t first = 0;
    std::size_t count = 0;
  };

  // cpu_linear.cc: every layer is a walk over pairs of panels, each for a block of rows.
  void multiply_layer(const CpuPanels& panels, std::span<const float> x,
                      std::span<const std::uint32_t> scopes, cpu::Then then, std::span<float> y);
  // Whether the members of a team each multiply some panels with the rows of all, instead of all panels with
  // their own rows.
  [[nodiscard]] bool shares_panels(const CpuPanels& panels) const;
  // Calls multiply(pair, fetches, rows) for each of the pairs of panels that is this thread's and each block
  // of rows that it is multiplied with, whose inputs are then at hand. `fetches`: whether the pair after it
  // is to be fetched.
  template <class Multiply>
  void for_pairs(const CpuPanels& panels, std::size_t pairs, std::size_t outputs, const Multiply& multiply);
  // The inputs in the form that the layer's product takes; kept until the next call.
  void take_inputs(const CpuPanels& panels, std::span<const float> x, std::span<const std::uint32_t> scopes,
                   std::span<float> y);
  // Inputs after the layer's multiplier and, for FP8, rounded; `x` itself when there is nothing to do.
  std::span<const float> prepared(const CpuPanels& panels, std::span<const float> x);
  [[nodiscard]] std::size_t rows_of_block(const CpuPanels& panels, std::size_t outputs,
                                          std::size_t rows) const;
  // Biases of the pair go into the epilogue here; its y is that of the block's first row.
  void multiply_pair(const PanelPair& pair, RowBlock rows, cpu::Epilogue epilogue);
  void add_low_rank(const CpuPanels& panels, std::span<const float> x, std::size_t rows, std::span<float> y);
  // out[rows, outputs] = x[rows, inputs] times panels of halves, rounded as the plan says.
  void multiply_halves(const AlignedBuffer<std::uint16_t>& panels, std::size_t outputs, std::size_t inputs,
                       const float* x, std::size_t rows, float* out);

  // cpu_linear_float.cc: weights become float one panel at a time, or stay bfloat16.
  [[nodiscard]] bool multiplies_bfloat16(const CpuPanels& panels) const;
  void multiply_pair_float(const PanelPair& pair, RowBlock rows, const cpu::Epilogue& epilogue);
  void multiply_pair_bf16(const PanelPair& pair, RowBlock rows, const cpu::Epilogue& epilogue);
  // `slot`: which of the two expanded panels.
  const float* float_panel(const CpuPanels& panels, std::size_t panel, std::size_t slot);

  // cpu_linear_i8.cc: inputs become int8, products are integers.
  void multiply_pair_i8(const PanelPair& pair, RowBlock rows, cpu::Epilogue epilogue);
  // Codes and absmax of all rows; outlier columns of each scope, and of all together.
  void quantize_activations(const LinearInput& input, std::size_t columns, std::span<const float> x,
                            std::span<const std::uint32_t> scopes);
  void quantize_row(const float* values, std::size_t columns, std::size_t row, float absmax);
  void quantize_with_outliers(std::size_t columns, std::span<const float> x,
                              std::span<const std::uint32_t> scopes);
  void quantize_with_fixed_outliers(std::span<const std::uint32_t> outliers, std::size_t columns,
                                    std::span<const float> x, std::size_t rows);
  // The inputs of the outlier columns side by side, scope after scope.
  void gather_outliers(std::span<const float> x, std::size_t columns);
  // The weights of the outlier columns of a panel: [outlier columns, 16].
  void outlier_weights(const CpuPanels& panels, std::size_t panel, std::size_t slot);
  // The products of the outlier columns with a pair of panels, [rows of the block, 32]; null when no column
  // is one.
  const float* outlier_products(const PanelPair& pair, RowBlock rows);

  // cpu_attention_bf16.cc
  [[nodiscard]] bool attends_in_bfloat16(const AttentionShape& shape) const;
  void attention_bf16(const AttentionShape& shape, const float* queries, const float* keys,
                      const float* values, std::size_t tokens, std::size_t first_query,
                      std::size_t query_count, std::span<float> out);

  // cpu_linear_i4.cc: four-bit weights become int8 one panel at a time.
  void multiply_pair_i4(const PanelPair& pair, RowBlock rows, const cpu::Epilogue& epilogue);
  void expand_i4_panel(const CpuPanels& panels, std::size_t panel, std::size_t slot);

  const Plan& plan_;
  const cpu::Kernels& kernels_;
  cpu::Rounding rounding_;
  Team* team_ = nullptr;
  std::size_t member_ = 0;
  std::vector<RotaryTable> rotary_tables_;
  Inputs own_;                     // of the layer at hand
  Inputs at_hand_;                 // those that are multiplied just now: `own_`, or those of another member
  AlignedBuffer<float> prepared_;  // [rows, K] inputs after a multiplier or FP8
  AlignedBuffer<std::uint16_t> bf16_;  // [rows, 2 ceil(K / 2)] inputs as bfloat16
  AlignedBuffer<std::uint8_t> codes_;  // [rows, 4 ceil(K / 4)] inputs in int8 steps, plus 128
  AlignedBuffer<float> row_absmax_;    // [rows]
  AlignedBuffer<float> low_rank_x_;    // [rows, rank]
  AlignedBuffer<float> low_rank_y_;    // [rows, N]
  AlignedBuffer<float> prepared_row_;  // [K] one row without its outliers
  // Expanded panels, one for each of a pair, and which they are.
  struct Expanded {
    const CpuPanels* layer = nullptr;
    std::size_t panel = 0;
    friend bool operator==(const Expanded&, const Expanded&) = default;
  };
  std::array<Expanded, 2> expanded_ = {};
  std::array<AlignedBuffer<float>, 2> panel_;           // [K, 16] as float
  std::array<AlignedBuffer<std::int8_t>, 2> i8_panel_;  // [ceil(K / 4), 16, 4] as int8
  std::array<AlignedBuffer<float>, 2> group_scale_;     // [groups, 16]
  std::array<AlignedBuffer<std::int32_t>, 2> surplus_;  // [groups, 16]
  std::array<AlignedBuffer<float>, 2> outlier_panel_;   // [outlier columns, 16]
  std::array<AlignedBuffer<float>, 2> scope_panel_;     // [outlier columns of a scope, 16]
  struct OutlierScopeRows {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::vector<std::uint32_t> columns;
    std::size_t first_input = 0;  // where its rows begin in outlier_x_
  };
  std::vector<std::size_t> rows_with_outliers_;   // of one scope
  std::vector<std::uint8_t> is_outlier_;          // [K], of one scope
  std::vector<OutlierScopeRows> outlier_scopes_;  // those that have any
  std::vector<std::uint32_t> outlier_columns_;    // of all scopes, ascending
  std::vector<std::uint32_t> own_columns_;        // of the scope's rows that are this thread's
  AlignedBuffer<float> outlier_x_;                // for each scope [its rows, its outlier columns]
  AlignedBuffer<float> outlier_y_;                // [rows, 32]
  AlignedBuffer<float> key_panels_;               // [tokens / 16, head_dim, 16]
  AlignedBuffer<float> value_panels_;             // [head_dim / 16, tokens, 16]
  AlignedBuffer<float> scores_;                   // [queries of a block, tokens]
  AlignedBuffer<float> key_pairs_;                // [tokens, head_dim / 2, 2] as bfloat16
  AlignedBuffer<std::uint32_t> value_pairs_;      // [head_dim / 16, tokens / 2, 16, 2] as bfloat16
  AlignedBuffer<std::uint16_t> packed_;           // queries of a block, then their probabilities
};

// What runs for a layer, for the executed plan, e.g. "avx2/nf4_panels".
[[nodiscard]] std::string cpu_kernel_name(const LayerRecipe& recipe, ActivationRounding rounding,
                                          const cpu::Kernels& kernels);

}  // namespace quantier
