// Checkpoints whose weights are quantized already, of Quantier and of other programs: which plan they hold,
// and their layers one at a time. Loading changes no number: what a format of ours cannot hold exactly is
// refused by name.
//
// Errors: kUnsupported for a program, a version or an option that is not read, with the layer; kCorruptData
// for parts that are missing, have another type or shape, or lie.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/formats/model_sink.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/formats/plan.h"

namespace quantier {

// quant_method of what is read: "quantier", "bitsandbytes", ...
[[nodiscard]] std::vector<std::string> readable_formats();

// The checkpoint must have quantization().
[[nodiscard]] Result<Plan> stored_plan(const Checkpoint& checkpoint);
[[nodiscard]] Result<PackedLinear> stored_linear(const Checkpoint& checkpoint, const LinearSpec& linear,
                                                 const LayerRecipe& recipe, const Plan& plan);
// Rows [first, first + count) of the embedding, also where it is stored as int8.
[[nodiscard]] Result<TensorData> stored_embedding_rows(const Checkpoint& checkpoint, const Plan& plan,
                                                       std::uint64_t first, std::uint64_t count);

// The layers of `spec`, which is the checkpoint's or a part of it; `plan` is for them.
[[nodiscard]] Status hand_over_stored(const Checkpoint& checkpoint, const ModelSpec& spec, const Plan& plan,
                                      ModelSink& sink);

}  // namespace quantier
