// What a model directory holds and what a recipe would make of it, without loading a weight.
// Errors: those of Checkpoint::open and resolve_rules.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "quantier/base/error.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/formats/plan.h"

namespace quantier {

struct Inspection {
  ModelSpec spec;
  ParameterCounts parameters;
  std::uint64_t stored_bytes = 0;         // of the weight files
  std::vector<std::string> weight_files;  // names
  std::optional<AdapterInfo> adapter;     // when the model is one on a base
  std::optional<Plan> plan;               // when a recipe was given, or the weights have one
  bool quantized = false;                 // the weights are: the plan is theirs
};

[[nodiscard]] Result<Inspection> inspect_model(const ModelLocation& location,
                                               const std::optional<PlanRules>& rules,
                                               const RecipeOptions& options = {});

}  // namespace quantier
