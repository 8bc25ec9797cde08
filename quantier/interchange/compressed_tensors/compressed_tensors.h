// Checkpoints of compressed-tensors, as llm-compressor writes them and transformers and vLLM load them
// (docs/formats/compressed-tensors.md). Of a layer's module X, [N, K]:
//
//   int-quantized    X.weight I8 [N, K], X.weight_scale [N, 1] or [1]; inputs int8, scaled by token as they
//   come pack-quantized   X.weight_packed I32 [N, ceil(K / 8)], X.weight_shape I64 [2], X.weight_scale [N,
//   G];
//                    X.weight_zero_point I32 [ceil(N / 8), G] unless symmetric; X.weight_g_idx I32 [K] where
//                    groups are not consecutive inputs; codes and zero points stand 8 higher than they are
//   float-quantized  X.weight F8_E4M3 [N, K], X.weight_scale [N, 1] or [1]; inputs E4M3, scaled by token
//
// Source: compressors/ and quantization/ of compressed-tensors 0.20.
#pragma once

#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/formats/plan.h"
#include "quantier/interchange/stored_tensor.h"

namespace quantier {

[[nodiscard]] Result<Plan> read_compressed_tensors_plan(const Checkpoint& checkpoint);
[[nodiscard]] Result<PackedLinear> read_compressed_tensors_linear(const Checkpoint& checkpoint,
                                                                  const LinearSpec& linear,
                                                                  const LayerRecipe& recipe,
                                                                  const Plan& plan);

[[nodiscard]] Status check_compressed_tensors(const ModelSpec& spec, const Plan& plan);
[[nodiscard]] Json compressed_tensors_config(const ModelSpec& spec, const Plan& plan);
[[nodiscard]] Result<std::vector<StoredTensor>> compressed_tensors_tensors(const LinearSpec& linear,
                                                                           const PackedLinear& packed,
                                                                           const Plan& plan);

}  // namespace quantier
