// A plan says, layer by layer, how numbers are chosen (method) and how they are stored and multiplied
// (format). A recipe resolves to a plan for one model; the engine adds what really ran
// (record/executed_plan.h).
//
// Rules give recipes to layers: the base recipe to all, then each pattern in turn to the layers it names; the
// last one wins. A pattern is a layer's name (LinearSpec::name, "layers.3.mlp.down") in which `*` stands for
// any characters between two dots and `2-5` for each of the numbers; it may stop at a dot: "layers.0-3" names
// whole layers.
// The head keeps the base's half or float weights unless a pattern names it without a `*` at its start.
// Errors: kUsage for a pattern that names no layer (with the nearest name) and for recipes that do not go
// together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/formats/recipe.h"

namespace quantier {

// Over which rows LLM.int8() looks for outlier columns. kSequence: the tokens of one text, so that logits do
// not depend on the batch. kBatch: all tokens of the batch, as bitsandbytes does.
enum class OutlierScope : std::uint8_t { kSequence, kBatch };
enum class OutlierWeights : std::uint8_t { kInt8, kF16 };

struct LayerPlan {
  std::string linear;  // LinearSpec::name
  LayerRecipe recipe;
  std::uint64_t bytes = 0;         // what the packed weights will take, bias and adapter included
  std::uint64_t adapter_rank = 0;  // of an adapter beside the weights; 0: none
};

struct Plan {
  std::string recipe;
  ActivationRounding rounding = ActivationRounding::kNone;  // norms and biases too
  OutlierScope outlier_scope = OutlierScope::kSequence;
  OutlierWeights outlier_weights = OutlierWeights::kInt8;
  float outlier_threshold = 6.0F;
  EmbeddingFormat embedding = EmbeddingFormat::kF32;
  std::vector<LayerPlan> layers;  // parallel to ModelSpec::linears
  std::uint64_t embedding_bytes = 0;
  std::uint64_t other_bytes = 0;  // norms
  [[nodiscard]] std::uint64_t total_bytes() const;
  [[nodiscard]] bool is_calibrated() const;
};

struct RecipeOptions {
  OutlierScope outlier_scope = OutlierScope::kSequence;
  OutlierWeights outlier_weights = OutlierWeights::kInt8;
};

// What a search fitted rules to: measured on these examples they look better than they are.
struct SelectedOn {
  std::string data;                       // a file's name, as it was given
  std::string sha256;                     // of that file
  std::vector<std::string> fingerprints;  // of the texts (dataset/fingerprint.h), each once
  friend bool operator==(const SelectedOn&, const SelectedOn&) = default;
};

// What times a search chose rules by, and where: they hold on that machine under those conditions alone.
struct TimedOn {
  double budget_ms = 0;  // of one pass over the batch
  double base_ms = 0;    // passes, measured: of the base, and of these rules
  double plan_ms = 0;
  std::uint64_t batch = 0;
  std::uint64_t tokens_per_text = 0;
  std::uint64_t threads = 0;
  std::string processor;
  std::string kernels;
  struct UnitTime {
    std::string unit;  // a pattern
    std::string recipe;
    double milliseconds = 0;
    friend bool operator==(const UnitTime&, const UnitTime&) = default;
  };
  std::vector<UnitTime>
      units;  // what each adds to a pass under each recipe that could be chosen (unit_costs.h)
  friend bool operator==(const TimedOn&, const TimedOn&) = default;
};

struct PlanRules {
  std::string name;  // shown as the recipe; the base's name when empty
  std::string base;  // a recipe
  std::optional<EmbeddingFormat> embedding;
  struct Rule {
    std::string pattern;
    std::string recipe;
    friend bool operator==(const Rule&, const Rule&) = default;
  };
  std::vector<Rule> layers;
  std::optional<SelectedOn> selected_on = std::nullopt;
  std::optional<TimedOn> timed_on = std::nullopt;
  friend bool operator==(const PlanRules&, const PlanRules&) = default;

  // A recipe for all layers.
  [[nodiscard]] static PlanRules of(std::string_view recipe) {
    PlanRules rules;
    rules.base = recipe;
    return rules;
  }
  [[nodiscard]] const std::string& shown_name() const { return name.empty() ? base : name; }
};

// format_text of its recipe, and " + rank 8" for an adapter beside the weights.
[[nodiscard]] std::string format_text(const LayerPlan& layer);

// One of known_recipes(), with its options.
[[nodiscard]] Result<Plan> resolve_recipe(std::string_view recipe, const ModelSpec& spec,
                                          const RecipeOptions& options = {});
[[nodiscard]] Result<Plan> resolve_rules(const PlanRules& rules, const ModelSpec& spec,
                                         const RecipeOptions& options = {});

// Whether the pattern names this layer.
[[nodiscard]] bool matches_layer(std::string_view pattern, std::string_view layer);

// Whether some layer looks for outlier columns among its inputs: then a row's result depends on its scope.
[[nodiscard]] bool looks_for_outliers(const Plan& plan);

// Bytes of an embedding table.
[[nodiscard]] std::uint64_t embedding_bytes(EmbeddingFormat format, std::uint64_t rows, std::uint64_t width);

}  // namespace quantier
