// The forward passes, one file per architecture, each written once over the ops.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "quantier/engine/ops.h"
#include "quantier/engine/token_batch.h"
#include "quantier/engine/weights.h"

namespace quantier {

// Scratch of one forward pass. Grows to the largest batch seen and is then reused: nothing is allocated after
// warm-up.
struct Workspace {
  AlignedBuffer<float> hidden;              // [tokens, hidden] the residual stream
  AlignedBuffer<float> normed;              // [tokens, hidden]
  AlignedBuffer<float> projected;           // [tokens, widest projection]
  AlignedBuffer<float> attended;            // [tokens, heads * head_dim]
  AlignedBuffer<float> gated;               // [tokens, intermediate]
  AlignedBuffer<float> pooled;              // [texts, hidden]
  std::vector<std::uint32_t> one_each;      // [texts + 1] 0, 1, 2, ...: scopes of one row
  std::array<std::uint32_t, 2> whole = {};  // 0, tokens: one scope of all rows
  void prepare(const ModelSpec& spec, std::size_t tokens, std::size_t texts);
};

// Whether a row's result depends on that row alone. Then the last layer needs only the rows that pooling
// reads; LLM.int8() looks for outliers over all rows of a scope and needs every one.
[[nodiscard]] bool rows_are_independent(const Plan& plan);

// Over which rows the linear layers look for outliers: each text, or all of the batch.
[[nodiscard]] std::span<const std::uint32_t> outlier_scopes(const Plan& plan, const TokenBatch& batch,
                                                            const Workspace& workspace);

// logits: [batch.size(), classes]. The batch has been validated.
void run_modernbert(const ModelWeights& weights, const TokenBatch& batch, Ops& ops, Workspace& workspace,
                    std::span<float> logits);
void run_qwen2(const ModelWeights& weights, const TokenBatch& batch, Ops& ops, Workspace& workspace,
               std::span<float> logits);

}  // namespace quantier
