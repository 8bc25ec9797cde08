#include "quantier/pipeline/search/unit_costs.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

namespace quantier {
namespace {

std::vector<std::string> all_recipes(const std::string& base, const std::vector<std::string>& recipes) {
  std::vector<std::string> all = {base};
  all.insert(all.end(), recipes.begin(), recipes.end());
  return all;
}

double sum_of(const SearchUnit& unit, const std::vector<double>& of_linears) {
  return std::accumulate(unit.linears.begin(), unit.linears.end(), 0.0,
                         [&](double sum, std::size_t linear) { return sum + of_linears[linear]; });
}

}  // namespace

std::vector<SearchUnit> units_of(const ModelSpec& spec, bool by_layer) {
  std::vector<SearchUnit> units;
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    const LinearSpec& linear = spec.linears[i];
    if (is_head(linear.role)) continue;
    const std::string pattern = by_layer ? fmt::format("layers.{}", linear.layer) : linear.name;
    if (units.empty() || units.back().pattern != pattern) units.push_back({pattern, {}});
    units.back().linears.push_back(i);
  }
  return units;
}

PlanRules rules_for(const std::string& base, const SearchUnit& unit, const std::string& recipe) {
  PlanRules rules;
  rules.base = base;
  rules.layers.push_back({unit.pattern, recipe});
  return rules;
}

double UnitCosts::least() const {
  return std::accumulate(of_unit.begin(), of_unit.end(), rest, [](double sum, const auto& options) {
    return sum + *std::ranges::min_element(options);
  });
}

Result<UnitCosts> byte_costs(const ModelSpec& spec, const std::vector<SearchUnit>& units,
                             const std::string& base, const std::vector<std::string>& recipes) {
  UnitCosts costs;
  costs.of_unit.resize(units.size());
  QT_TRY(const Plan base_plan, resolve_recipe(base, spec));
  costs.rest = static_cast<double>(base_plan.total_bytes());
  for (const std::string& recipe : all_recipes(base, recipes)) {
    for (std::size_t u = 0; u < units.size(); ++u) {
      QT_TRY(const Plan plan, resolve_rules(rules_for(base, units[u], recipe), spec));
      std::vector<double> bytes;
      bytes.reserve(plan.layers.size());
      for (const LayerPlan& layer : plan.layers) bytes.push_back(static_cast<double>(layer.bytes));
      costs.of_unit[u].push_back(sum_of(units[u], bytes));
    }
  }
  for (const auto& options : costs.of_unit) costs.rest -= options.front();
  return costs;
}

Result<TimeCosts> time_costs(PlanClock& clock, const ModelSpec& spec, const std::vector<SearchUnit>& units,
                             const std::string& base, const std::vector<std::string>& recipes,
                             const ProgressFunction& progress) {
  TimeCosts times;
  UnitCosts& costs = times.costs;
  costs.of_unit.resize(units.size());
  const std::vector<std::string> all = all_recipes(base, recipes);
  for (std::size_t r = 0; r < all.size(); ++r) {
    QT_TRY(const Plan plan, resolve_recipe(all[r], spec));
    QT_TRY(const LayerTimes products, clock.layers_ns(plan));
    QT_TRY(const double pass, clock.pass_ns(plan));
    times.passes.push_back(pass);
    double sum = 0;
    for (const SearchUnit& unit : units) sum += sum_of(unit, products);
    if (r == 0) costs.rest = std::max(pass - sum, 0.0);
    const double scale = pass > costs.rest && sum > 0 ? (pass - costs.rest) / sum : 1.0;
    for (std::size_t u = 0; u < units.size(); ++u) {
      costs.of_unit[u].push_back(scale * sum_of(units[u], products));
    }
    if (progress) progress({"timing layers", r + 1, all.size()});
  }
  return times;
}

}  // namespace quantier
