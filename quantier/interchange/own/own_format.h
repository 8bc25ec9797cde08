// Quantier's own checkpoint: every buffer of formats/packed_linear.h under the name of its layer's module, so
// that what is read back is bit by bit what was written, whatever the plan. docs/formats/artefact.md lists
// the tensors. quantier.json beside the weights holds the plan.
#pragma once

#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/formats/plan.h"
#include "quantier/interchange/stored_tensor.h"

namespace quantier {

inline constexpr int kOwnFormatVersion = 1;

// Views of `packed`, which must outlive them; a bias in the type that holds what the plan rounded it to.
[[nodiscard]] std::vector<StoredTensor> own_tensors(const LinearSpec& linear, const PackedLinear& packed,
                                                    ActivationRounding rounding);

[[nodiscard]] Result<Plan> read_own_plan(const Checkpoint& checkpoint);
// Errors: kCorruptData for parts that are missing, left over, or not what the plan says.
[[nodiscard]] Result<PackedLinear> read_own_linear(const Checkpoint& checkpoint, const LinearSpec& linear,
                                                   const LayerRecipe& recipe, const Plan& plan);

// Floats in the type that holds them exactly once they are rounded as the plan says: F16, BF16 or F32.
[[nodiscard]] DType rounded_dtype(ActivationRounding rounding);
[[nodiscard]] StoredTensor rounded_tensor(std::string name, std::vector<std::uint64_t> shape,
                                          std::span<const float> values, ActivationRounding rounding);

}  // namespace quantier
