#include "quantier/cli/recipe_flags.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/cli/commands.h"
#include "quantier/formats/recipe.h"
#include "quantier/pipeline/plan_file.h"

namespace quantier::cli {

void add_recipe_flags(CLI::App& command, RecipeFlags& flags, const std::string& what_else) {
  CLI::Option* recipe = command.add_option(
      "--recipe", flags.recipe,
      fmt::format("One of {}, with its options{}", fmt::join(known_recipes(), ", "), what_else));
  command
      .add_option("--plan", flags.plan,
                  "TOML file that gives recipes to layers (`inspect --write-plan` writes one)")
      ->excludes(recipe);
}

void add_adapter_flag(CLI::App& command, AdapterUse& use) {
  command
      .add_option_function<std::string>(
          "--adapter", [&use](const std::string& name) { use = *adapter_use_from_name(name); },
          "Of a LoRA adapter: merge it into the weights before they are quantized (merge), or keep its "
          "factors as halves beside the quantized base (beside)")
      ->default_str(adapter_use_name(use))
      ->check(CLI::IsMember({"merge", "beside"}));
}

void add_model_flags(CLI::App& command, ModelLocation& model) {
  command.add_option("MODEL_DIR", model.directory, kModelHelp)->required();
  command.add_option("--base", model.base, kBaseHelp);
  add_adapter_flag(command, model.adapter);
}

CLI::Option* add_device_flag(CLI::App& command, std::string& device) {
  return command
      .add_option("--device", device,
                  "Where to run: cpu, cuda (the first CUDA device), cuda:N (`quantier doctor` lists them)")
      ->capture_default_str();
}

Result<std::optional<PlanRules>> rules_of(const RecipeFlags& flags) {
  if (flags.plan) {
    QT_TRY(PlanRules rules, read_plan_file(*flags.plan));
    return rules;
  }
  if (flags.recipe) return PlanRules::of(*flags.recipe);
  return std::nullopt;
}

}  // namespace quantier::cli
