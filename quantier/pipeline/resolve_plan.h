// Which plan a model runs with: for weights in floating point what the rules make of it, for a checkpoint of
// quantized weights the plan it holds.
//
// Errors: those of resolve_rules and stored_plan; kUsage where a recipe is asked of weights that have
// another one already, or none is named and the weights do not have one.
#pragma once

#include <string_view>

#include "quantier/base/error.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/formats/plan.h"

namespace quantier {

// `spec` is the checkpoint's, or a part of it. Rules without a base ask for what is there.
[[nodiscard]] Result<Plan> resolve_plan(const Checkpoint& checkpoint, const ModelSpec& spec,
                                        const PlanRules& rules, const RecipeOptions& options = {});

// Whether the model's weights have a plan of their own.
[[nodiscard]] Result<bool> has_quantized_weights(const ModelLocation& location);

}  // namespace quantier
