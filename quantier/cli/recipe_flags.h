// --recipe and --plan, of every command that needs to know how a model is to be quantized; and the flags that
// say which model.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "quantier/base/error.h"
#include "quantier/checkpoint/model_directory.h"
#include "quantier/formats/plan.h"

namespace quantier::cli {

struct RecipeFlags {
  std::optional<std::string> recipe;
  std::optional<std::filesystem::path> plan;
};

// `flags` must live as long as the parser. `what_else`: what holds without either.
void add_recipe_flags(CLI::App& command, RecipeFlags& flags, const std::string& what_else);
// What they say; nothing without either.
[[nodiscard]] Result<std::optional<PlanRules>> rules_of(const RecipeFlags& flags);

// --adapter merge|beside.
void add_adapter_flag(CLI::App& command, AdapterUse& use);
// MODEL_DIR, --base and --adapter. `model` must live as long as the parser.
void add_model_flags(CLI::App& command, ModelLocation& model);
// --device cpu|cuda[:N], for parse_device (engine/builder.h).
CLI::Option* add_device_flag(CLI::App& command, std::string& device);

}  // namespace quantier::cli
