// Plan files: TOML that gives recipes to layers by pattern (formats/plan.h), and the text that `inspect`
// writes.
//
//   name = "mixed"              # shown as the recipe; default: the file's name without its ending
//   base = "int8"               # a recipe, with its options: every linear layer of the transformer
//   embedding = "f16"           # f32, f16, bf16, i8-row; default: the base's
//
//   [layers]                    # later lines win over earlier ones
//   "layers.0-3" = "int8-rtn"
//   "layers.*.mlp.down" = "fp16"
//
//   [selected_on]               # written by `quantier search`: the examples that the plan was fitted to
//   data = "calibration.jsonl"
//   sha256 = "..."
//   fingerprints = ["0123456789abcdef", ...]    # of their texts (dataset/fingerprint.h)
//
//   [timed_on]                  # written by `quantier search --budget-ms`: one pass over batch texts of
//   tokens each budget_ms = 20.0 base_ms = 31.4              # measured: the base, and this plan plan_ms
//   = 19.2 batch = 32 tokens = 128 threads = 2 processor = "..." kernels = "avx512vnni" [timed_on.unit_ms] #
//   what each unit adds under each recipe that could be chosen "layers.0" = { "fp16" = 2.5, "int8-rtn" = 1.1
//   }
//
// Recipes are checked when the file is read, patterns when a model is there. Errors: kUsage with line and
// column; kEnvironment when the file cannot be read.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/formats/plan.h"

namespace quantier {

[[nodiscard]] Result<PlanRules> read_plan_file(const std::filesystem::path& path);
// `name`: when the text has none. `source` names the text in errors.
[[nodiscard]] Result<PlanRules> parse_plan_file(std::string_view toml, std::string_view name,
                                                std::string_view source);

// Reads back as the same rules. `plan`, which they resolve to, stands below as a remark for each layer.
[[nodiscard]] std::string plan_file_text(const PlanRules& rules, const ModelSpec& spec, const Plan& plan);

// For the evidence, the worker and the manifest of an artefact.
[[nodiscard]] Json to_json(const PlanRules& rules);
[[nodiscard]] Result<PlanRules> plan_rules_from_json(const Json& json, std::string_view source);

}  // namespace quantier
