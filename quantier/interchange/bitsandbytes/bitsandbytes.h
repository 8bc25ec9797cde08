// Checkpoints as transformers writes them from models that bitsandbytes quantized
// (docs/formats/bitsandbytes.md).
//
// 8 bit, LLM.int8(), of a layer's module X: X.weight I8 [N, K], codes by row; X.SCB F32 [N], absmax of the
// rows; X.weight_format U8, 0 for "by row".
// 4 bit: X.weight U8 [ceil(N*K / 2), 1], two codes a byte, the earlier in the high nibble; X.weight.absmax;
// X.weight.quant_map F32 [16], the code book; with double quantization X.weight.nested_absmax and
// .nested_quant_map F32 [256]; X.weight.quant_state.bitsandbytes__nf4 U8, JSON: sizes, types and the offset.
// Layers not named in llm_int8_skip_modules are all in the same form.
//
// Source: Params4bit and Linear8bitLt of bitsandbytes 0.50.2, quantizer_bnb_*.py of transformers 5.23.
#pragma once

#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/formats/plan.h"
#include "quantier/interchange/stored_tensor.h"

namespace quantier {

[[nodiscard]] Result<Plan> read_bitsandbytes_plan(const Checkpoint& checkpoint);
[[nodiscard]] Result<PackedLinear> read_bitsandbytes_linear(const Checkpoint& checkpoint,
                                                            const LinearSpec& linear,
                                                            const LayerRecipe& recipe, const Plan& plan);

// The error names the layer and the rule.
[[nodiscard]] Status check_bitsandbytes(const ModelSpec& spec, const Plan& plan);
[[nodiscard]] Json bitsandbytes_config(const ModelSpec& spec, const Plan& plan);
[[nodiscard]] Result<std::vector<StoredTensor>> bitsandbytes_tensors(const LinearSpec& linear,
                                                                     const PackedLinear& packed,
                                                                     const Plan& plan);

}  // namespace quantier
