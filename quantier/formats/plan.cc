#include "quantier/formats/plan.h"

#include <array>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/formats/packed_linear.h"

namespace quantier {
namespace {

struct Recipe {
  const char* name;
  Method method;
  WeightFormat body;  // every linear layer of the transformer
  WeightFormat rest;  // head and embedding
  ActivationRounding rounding;
};

// The one list of recipes; help texts, errors and tests read it.
constexpr std::array<Recipe, 4> kRecipes{{
    {"fp32", Method::kNone, WeightFormat::kF32, WeightFormat::kF32, ActivationRounding::kNone},
    {"fp16", Method::kNone, WeightFormat::kF16, WeightFormat::kF16, ActivationRounding::kHalf},
    {"int8", Method::kLlmInt8, WeightFormat::kI8Row, WeightFormat::kF16, ActivationRounding::kHalf},
    {"int4", Method::kNf4, WeightFormat::kNf4Block, WeightFormat::kF16, ActivationRounding::kHalf},
}};

}  // namespace

const char* weight_format_name(WeightFormat format) {
  switch (format) {
    case WeightFormat::kF32:
      return "f32";
    case WeightFormat::kF16:
      return "f16";
    case WeightFormat::kI8Row:
      return "i8-row";
    case WeightFormat::kNf4Block:
      return "nf4-block";
  }
  return "f32";
}

const char* method_name(Method method) {
  switch (method) {
    case Method::kNone:
      return "none";
    case Method::kLlmInt8:
      return "llm-int8";
    case Method::kNf4:
      return "nf4";
  }
  return "none";
}

std::uint64_t Plan::total_bytes() const {
  return std::accumulate(layers.begin(), layers.end(), embedding_bytes + other_bytes,
                         [](std::uint64_t sum, const LayerPlan& layer) { return sum + layer.bytes; });
}

std::vector<std::string> known_recipes() {
  std::vector<std::string> names;
  for (const Recipe& recipe : kRecipes) names.emplace_back(recipe.name);
  return names;
}

Result<Plan> resolve_recipe(std::string_view name, const ModelSpec& spec, const RecipeOptions& options) {
  for (const Recipe& recipe : kRecipes) {
    if (name != recipe.name) continue;
    Plan plan;
    plan.recipe = recipe.name;
    plan.rounding = recipe.rounding;
    plan.outlier_scope = options.outlier_scope;
    plan.outlier_weights = options.outlier_weights;
    plan.embedding_format = recipe.rest;
    const bool keeps_halves =
        recipe.method == Method::kLlmInt8 && options.outlier_weights == OutlierWeights::kF16;
    for (const LinearSpec& linear : spec.linears) {
      LayerPlan layer;
      layer.linear = linear.name;
      layer.method = is_head(linear.role) ? Method::kNone : recipe.method;
      layer.format = is_head(linear.role) ? recipe.rest : recipe.body;
      layer.bytes =
          planned_bytes(layer.format, linear.out_features, linear.in_features, linear.bias.has_value(),
                        keeps_halves && layer.format == WeightFormat::kI8Row);
      plan.layers.push_back(std::move(layer));
    }
    plan.embedding_bytes = spec.vocabulary * spec.hidden * (recipe.rest == WeightFormat::kF32 ? 4 : 2);
    for (const NormSpec& norm : spec.norms) {
      plan.other_bytes += spec.hidden * sizeof(float) * (norm.bias ? 2 : 1);
    }
    return plan;
  }
  return fail(ErrorKind::kUsage, fmt::format("unknown recipe \"{}\"", name), "", "",
              fmt::format("known recipes: {}", fmt::join(known_recipes(), ", ")));
}

}  // namespace quantier
