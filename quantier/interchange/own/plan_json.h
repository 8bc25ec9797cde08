// A plan as JSON, layer by layer: what quantier.json says about the weights beside it. Everything that shapes
// the numbers is in it, so the plan that comes back is the one that was written; sizes are computed again.
// Errors: kCorruptData for what no plan can be, with the layer.
#pragma once

#include <string_view>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/formats/plan.h"

namespace quantier {

[[nodiscard]] Json to_json(const Plan& plan);
// For the layers of `spec`, in their order.
[[nodiscard]] Result<Plan> plan_from_json(const Json& json, const ModelSpec& spec, std::string_view source);

}  // namespace quantier
