// Four-bit checkpoints of the GPTQ and AWQ families (docs/formats/gptq.md, docs/formats/awq.md). Of a layer's
// module X, [N, K], with G groups:
//
//   GPTQ  X.qweight I32 [K / 8, N], inputs 8 i ... 8 i + 7 of an output in one word; X.scales F16 [G, N];
//         X.qzeros I32 [G, N / 8], outputs side by side, one less than the zero point (version 2: the zero
//         point itself); X.g_idx I32 [K], the group of each input
//   AWQ   X.qweight I32 [K, N / 8], X.qzeros I32 [G, N / 8]: places 0 to 7 of a word hold the outputs 0, 2,
//         4, 6, 1, 3, 5, 7 of eight; X.scales F16 [G, N]
//
// A weight is (code - zero) * scale in both. Source: qlinear_cuda_old.py of AutoGPTQ 0.7 and the "gemm"
// version of AutoAWQ 0.2 (packing_utils.py).
#pragma once

#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/formats/plan.h"
#include "quantier/interchange/stored_tensor.h"

namespace quantier {

[[nodiscard]] Result<Plan> read_gptq_plan(const Checkpoint& checkpoint);
[[nodiscard]] Result<PackedLinear> read_gptq_linear(const Checkpoint& checkpoint, const LinearSpec& linear,
                                                    const LayerRecipe& recipe, const Plan& plan);
[[nodiscard]] Result<Plan> read_awq_plan(const Checkpoint& checkpoint);
[[nodiscard]] Result<PackedLinear> read_awq_linear(const Checkpoint& checkpoint, const LinearSpec& linear,
                                                   const LayerRecipe& recipe, const Plan& plan);

[[nodiscard]] Status check_gptq(const ModelSpec& spec, const Plan& plan);
[[nodiscard]] Json gptq_config(const ModelSpec& spec, const Plan& plan);
[[nodiscard]] Result<std::vector<StoredTensor>> gptq_tensors(const LinearSpec& linear,
                                                             const PackedLinear& packed, const Plan& plan);
[[nodiscard]] Status check_awq(const ModelSpec& spec, const Plan& plan);
[[nodiscard]] Json awq_config(const ModelSpec& spec, const Plan& plan);
[[nodiscard]] Result<std::vector<StoredTensor>> awq_tensors(const LinearSpec& linear,
                                                            const PackedLinear& packed, const Plan& plan);

}  // namespace quantier
