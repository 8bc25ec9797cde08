#include "quantier/pipeline/resolve_plan.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/nearest_word.h"
#include "quantier/base/utf8.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/interchange/stored_model.h"

namespace quantier {
namespace {

// The layers of a part of the model.
Plan part_of(Plan plan, const Checkpoint& checkpoint, const ModelSpec& spec) {
  std::vector<LayerPlan> layers;
  for (const LinearSpec& linear : spec.linears) {
    const auto at = std::ranges::find(plan.layers, linear.name, &LayerPlan::linear);
    if (at != plan.layers.end()) layers.push_back(std::move(*at));
  }
  plan.layers = std::move(layers);
  if (spec.vocabulary != checkpoint.spec().vocabulary) {
    plan.embedding_bytes = embedding_bytes(plan.embedding, spec.vocabulary, spec.hidden);
  }
  return plan;
}

// Rank and bytes of what stays beside the weights.
Plan with_adapter(Plan plan, const Checkpoint& checkpoint, const ModelSpec& spec) {
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    const LinearSpec& linear = spec.linears[i];
    const std::optional<LoraFactors> factors = checkpoint.beside(linear.weight);
    if (!factors) continue;
    plan.layers[i].adapter_rank = factors->rank();
    plan.layers[i].bytes += low_rank_bytes(linear.out_features, linear.in_features, factors->rank());
  }
  return plan;
}

}  // namespace

Result<Plan> resolve_plan(const Checkpoint& checkpoint, const ModelSpec& spec, const PlanRules& rules,
                          const RecipeOptions& options) {
  if (!checkpoint.quantization()) {
    if (rules.base.empty()) {
      return fail(ErrorKind::kUsage, "no recipe is given", checkpoint.directory().string(),
                  "the weights are in floating point", suggestion("", known_recipes()));
    }
    QT_TRY(Plan plan, resolve_rules(rules, spec, options));
    return with_adapter(std::move(plan), checkpoint, spec);
  }
  QT_TRY(Plan plan, stored_plan(checkpoint));
  if (!rules.base.empty() && rules.shown_name() != plan.recipe) {
    return fail(
        ErrorKind::kUsage,
        fmt::format("the weights are quantized already, by the recipe {}", printable(plan.recipe, 80)),
        checkpoint.directory().string(), fmt::format("asked for: {}", printable(rules.shown_name(), 80)),
        "leave the recipe out, or start from the full-precision checkpoint");
  }
  // Another program's weights do not say over which rows outliers are looked for; ours do.
  if (checkpoint.quantization()->method != "quantier") plan.outlier_scope = options.outlier_scope;
  return part_of(std::move(plan), checkpoint, spec);
}

Result<bool> has_quantized_weights(const ModelLocation& location) {
  QT_TRY(const Checkpoint checkpoint, Checkpoint::open(location));
  return checkpoint.quantization().has_value();
}

}  // namespace quantier
