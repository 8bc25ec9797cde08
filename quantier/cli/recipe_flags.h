// --recipe and --plan, of every command that needs to know how a model is to be quantized.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "quantier/base/error.h"
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

}  // namespace quantier::cli
