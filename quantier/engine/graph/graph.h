// The forward passes, one file per architecture, each written once over the ops.
#pragma once

#include <span>
#include <vector>

#include "quantier/engine/ops.h"
#include "quantier/engine/token_batch.h"
#include "quantier/engine/weights.h"

namespace quantier {

// Scratch of one forward pass. Grows to the largest batch seen and is then reused: nothing is allocated after
// warm-up.
struct Workspace {
  AlignedBuffer<float> hidden;     // [tokens, hidden] the residual stream
  AlignedBuffer<float> normed;     // [tokens, hidden]
  AlignedBuffer<float> projected;  // [tokens, widest projection]
  AlignedBuffer<float> attended;   // [tokens, heads * head_dim]
  AlignedBuffer<float> gated;      // [tokens, intermediate]
  AlignedBuffer<float> pooled;     // [texts, hidden]
  void prepare(const ModelSpec& spec, std::size_t tokens, std::size_t texts);
};

// logits: [batch.size(), classes]. The batch has been validated.
void run_modernbert(const ModelWeights& weights, const TokenBatch& batch, Ops& ops, Workspace& workspace,
                    std::span<float> logits);
void run_qwen2(const ModelWeights& weights, const TokenBatch& batch, Ops& ops, Workspace& workspace,
               std::span<float> logits);

}  // namespace quantier
