#include "quantier/pipeline/search/search_input.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/utf8.h"

namespace quantier {

Status check_recipes_of(const SearchRequest& request) {
  std::set<std::string> seen = {request.base};
  QT_TRY(const Recipe base, parse_recipe(request.base));
  if (base.body.is_calibrated()) {
    return fail(ErrorKind::kUnsupported, "damage is measured against a base that looks at weights alone",
                fmt::format("recipe {}", printable(request.base, 80)), "",
                "offer it with --recipes beside --base fp16");
  }
  bool looks_at_data = false;
  for (const std::string& name : request.recipes) {
    QT_TRY(const Recipe recipe, parse_recipe(name));
    looks_at_data = looks_at_data || recipe.body.is_calibrated();
    if (recipe.body.is_calibrated() && !request.calibration) {
      return fail(
          ErrorKind::kUsage, "this recipe looks at calibration texts",
          fmt::format("recipe {}", printable(name, 80)), "none were given",
          "give some hundred texts of the training split, other ones than --data, with --calibration FILE");
    }
    if (seen.insert(name).second) continue;
    return fail(ErrorKind::kUsage, fmt::format("the recipe {} stands twice", printable(name, 80)),
                "base and --recipes");
  }
  if (request.recipes.empty()) {
    return fail(ErrorKind::kUsage, "there is nothing to choose from", "--recipes", "it names no recipe");
  }
  if (request.calibration && !looks_at_data) {
    return fail(ErrorKind::kUsage, "these recipes look at the weights alone", "--recipes",
                "--calibration would change nothing",
                "leave it out, or offer int4-gptq, int4-awq or int8-smooth");
  }
  return {};
}

Result<ExampleTiers> tiers_of_search(const SearchRequest& request, const Dataset& data,
                                     const ModelSpec& spec) {
  ExampleTiers tiers;
  if (request.tiers.tiers.empty()) {
    tiers.names = {"all"};
    tiers.tier_of_example.assign(data.size(), 0);
    return tiers;
  }
  if (data.labels.empty()) {
    return fail(ErrorKind::kUsage, "tiers need labels", request.data.string(),
                "a tier is made of the examples of its classes", "name the column with --label-col");
  }
  PredictionTable table;
  table.source = request.data.string();
  table.example_count = data.size();
  table.class_count = spec.classes;
  table.ids = data.ids;
  QT_TRY(AnalysisTiers read, tiers_from_request(request.tiers, spec.label_names, table, data.labels));
  tiers.names = std::move(read.names);
  for (const std::int32_t label : data.labels) {
    tiers.tier_of_example.push_back(read.tier_of_class[static_cast<std::size_t>(label)]);
  }
  return tiers;
}

Result<std::vector<double>> tier_weights_of(const SearchRequest& request, const ExampleTiers& tiers) {
  std::vector<double> weights = request.tier_weights;
  if (weights.empty()) weights.assign(tiers.names.size(), 1.0);
  const bool fits = weights.size() == tiers.names.size() &&
                    std::ranges::all_of(weights, [](double weight) { return weight >= 0.0; }) &&
                    std::ranges::any_of(weights, [](double weight) { return weight > 0.0; });
  if (fits) return weights;
  return fail(ErrorKind::kUsage, "the weights do not fit the tiers", "--tier-weights",
              fmt::format("{} weights for {} tiers", weights.size(), tiers.names.size()),
              "give one number for each tier, none negative and not all 0");
}

}  // namespace quantier
