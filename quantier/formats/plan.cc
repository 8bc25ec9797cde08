#include "quantier/formats/plan.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "quantier/base/nearest_word.h"
#include "quantier/base/utf8.h"

namespace quantier {
namespace {

Status check_fits(const Recipe& base, const Recipe& other, std::string_view pattern) {
  if (base.rounding == other.rounding) return {};
  return fail(ErrorKind::kUsage, "two recipes do not go together in one plan",
              fmt::format("pattern \"{}\"", printable(pattern, 80)),
              fmt::format("{} rounds activations to {}, {} to {}", printable(base.name, 60),
                          activation_rounding_name(base.rounding), printable(other.name, 60),
                          activation_rounding_name(other.rounding)),
              "in a plan over int8 or int4, keep layers in half precision with \"fp16\"");
}

Status no_such_layer(std::string_view pattern, const ModelSpec& spec) {
  std::vector<std::string> names;
  for (const LinearSpec& linear : spec.linears) names.push_back(linear.name);
  const auto near = nearest_word(pattern, names);
  return fail(ErrorKind::kUsage, "a pattern names no layer of the model",
              fmt::format("pattern \"{}\"", printable(pattern, 80)), "",
              near ? fmt::format("did you mean \"{}\"? `quantier inspect` lists the layers", *near)
                   : "`quantier inspect` lists the layers");
}

// Starred patterns are about the transformer's layers; the head takes part only when it is meant.
bool names_layer(std::string_view pattern, const LinearSpec& linear) {
  if (is_head(linear.role) && pattern.starts_with('*')) return false;
  return matches_layer(pattern, linear.name);
}

}  // namespace

std::uint64_t Plan::total_bytes() const {
  return std::accumulate(layers.begin(), layers.end(), embedding_bytes + other_bytes,
                         [](std::uint64_t sum, const LayerPlan& layer) { return sum + layer.bytes; });
}

bool Plan::is_calibrated() const {
  return std::ranges::any_of(layers, [](const LayerPlan& layer) { return layer.recipe.is_calibrated(); });
}

std::string format_text(const LayerPlan& layer) {
  const std::string text = format_text(layer.recipe);
  return layer.adapter_rank == 0 ? text : fmt::format("{} + rank {}", text, layer.adapter_rank);
}

bool looks_for_outliers(const Plan& plan) {
  return std::ranges::any_of(
      plan.layers, [](const LayerPlan& layer) { return layer.recipe.input == InputFormat::kI8Outliers; });
}

std::uint64_t embedding_bytes(EmbeddingFormat format, std::uint64_t rows, std::uint64_t width) {
  switch (format) {
    case EmbeddingFormat::kF32:
      return rows * width * 4;
    case EmbeddingFormat::kF16:
    case EmbeddingFormat::kBF16:
      return rows * width * 2;
    case EmbeddingFormat::kI8Row:
      return rows * (width + sizeof(float));
  }
  return 0;
}

Result<Plan> resolve_rules(const PlanRules& rules, const ModelSpec& spec, const RecipeOptions& options) {
  QT_TRY(const Recipe base, parse_recipe(rules.base));
  Plan plan;
  plan.recipe = rules.shown_name();
  plan.rounding = base.rounding;
  plan.outlier_scope = options.outlier_scope;
  plan.outlier_weights = options.outlier_weights;
  plan.embedding = rules.embedding.value_or(base.embedding);
  plan.embedding_bytes = embedding_bytes(plan.embedding, spec.vocabulary, spec.hidden);
  for (const NormSpec& norm : spec.norms) {
    plan.other_bytes += spec.hidden * sizeof(float) * (norm.bias ? 2 : 1);
  }
  for (const LinearSpec& linear : spec.linears) {
    plan.layers.push_back({linear.name, is_head(linear.role) ? base.head : base.body, 0});
  }
  for (const PlanRules::Rule& rule : rules.layers) {
    QT_TRY(const Recipe recipe, parse_recipe(rule.recipe));
    QT_TRY_STATUS(check_fits(base, recipe, rule.pattern));
    bool found = false;
    for (std::size_t i = 0; i < spec.linears.size(); ++i) {
      if (!names_layer(rule.pattern, spec.linears[i])) continue;
      plan.layers[i].recipe = recipe.body;
      found = true;
    }
    if (!found) QT_TRY_STATUS(no_such_layer(rule.pattern, spec));
  }
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    const LinearSpec& linear = spec.linears[i];
    LayerRecipe& layer = plan.layers[i].recipe;
    if (layer.method == Method::kLlmInt8) {
      layer.options.keeps_halves = options.outlier_weights == OutlierWeights::kF16;
    }
    plan.layers[i].bytes = weight_bytes(layer.format, layer.options,
                                        {linear.out_features, linear.in_features, linear.bias.has_value()});
  }
  return plan;
}

Result<Plan> resolve_recipe(std::string_view recipe, const ModelSpec& spec, const RecipeOptions& options) {
  return resolve_rules(PlanRules::of(recipe), spec, options);
}

}  // namespace quantier
