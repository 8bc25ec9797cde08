// From shapes to a ForwardCost: which operations a pass has, with their FLOPs, bytes and launches.
//
// A linear layer of N x K over M tokens is 2MNK FLOPs; attention of one text of L tokens is 4 * visible pairs
// * heads * head_dim (scores and weighted sum), where a window or causality leaves fewer than L^2 pairs.
// Bytes are weights once, inputs and outputs once. The fused stack adds nothing else; the eager stack adds
// what its kernels move and launch by reading their sources: norms, rotary embedding, residual sums,
// activations, and for quantized layers the passes of bitsandbytes (docs/methods/roofline.md has the list).
// Head layers see one row for each text. Embeddings are looked up, not multiplied.
//
// Errors: kUsage for a batch or a length that is zero, or longer than the model's positions; kUnsupported for
// a plan with a format that has no cost model.
#pragma once

#include <cstdint>
#include <filesystem>

#include "quantier/base/error.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/checkpoint/random_checkpoint.h"
#include "quantier/formats/plan.h"
#include "quantier/record/cost.h"

namespace quantier {

struct CostWorkload {
  std::uint64_t batch = 32;
  std::uint64_t tokens_per_text = 128;
  // Scores written to memory and read again, as frameworks did before fused attention.
  bool unfused_attention = false;
};

[[nodiscard]] Result<ForwardCost> forward_cost(const ModelSpec& spec, Technique technique,
                                               const CostWorkload& workload, Stack stack);
// The same for a recipe; weight bytes are the plan's own.
[[nodiscard]] Result<ForwardCost> forward_cost(const ModelSpec& spec, const Plan& plan,
                                               const CostWorkload& workload, Stack stack);

[[nodiscard]] Result<Technique> technique_of(const Plan& plan);

// Pairs (query, key) that attention of one text computes in this layer.
[[nodiscard]] double visible_pairs(const ModelSpec& spec, const LayerSpec& layer, std::uint64_t tokens);

// A specification without weights: from shapes, or from a config.json.
[[nodiscard]] Result<ModelSpec> spec_from_geometry(const RandomGeometry& geometry);
[[nodiscard]] Result<ModelSpec> spec_from_config(const std::filesystem::path& config_json);

}  // namespace quantier
