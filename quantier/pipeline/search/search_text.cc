#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/pipeline/search/search.h"

namespace quantier {
namespace {

double megabytes(std::uint64_t bytes) { return static_cast<double>(bytes) * 1e-6; }

// "12 (-3 +2)": predictions that changed, and of those what was lost and gained.
std::string flips(const TierDamage& tier) {
  return fmt::format("{} (-{} +{})", tier.changed, tier.lost, tier.gained);
}

void head(std::string& text, const SearchResult& result, const char* first, std::size_t width) {
  fmt::format_to(std::back_inserter(text), "{:<{}} {:>9}", first, width, "MB");
  for (const std::string& tier : result.tiers) {
    fmt::format_to(std::back_inserter(text), "  {:>16} {:>9}", "flips " + tier, "mnat");
  }
  text += '\n';
}

void tiers(std::string& text, const std::vector<TierDamage>& damage) {
  for (const TierDamage& tier : damage) {
    fmt::format_to(std::back_inserter(text), "  {:>16} {:>9.3f}", flips(tier), 1e3 * tier.mean_divergence);
  }
}

}  // namespace

std::string search_text(const SearchResult& result) {
  std::string text = fmt::format(
      "{} examples of {}, against {}. Flips: predictions that changed (right ones lost, wrong ones gained).\n"
      "mnat: mean divergence of the probabilities, in thousandths of a nat; it nearly adds up over "
      "layers.\n\n",
      result.examples, result.data, result.base);
  std::size_t width = 24;
  for (const UnitDamage& unit : result.sensitivity) {
    width = std::max(width, unit.unit.size() + unit.recipe.size() + 2);
  }
  head(text, result, "one layer changed", width);
  for (const UnitDamage& unit : result.sensitivity) {
    fmt::format_to(std::back_inserter(text), "{:<{}} {:>9.3f}", unit.unit + "  " + unit.recipe, width,
                   megabytes(unit.bytes));
    tiers(text, unit.tiers);
    text += '\n';
  }
  text += '\n';
  head(text, result, "whole plans", width);
  for (const PlanDamage& plan : result.plans) {
    fmt::format_to(std::back_inserter(text), "{:<{}} {:>9.3f}", plan.name, width, megabytes(plan.bytes));
    tiers(text, plan.tiers);
    if (plan.expected)
      fmt::format_to(std::back_inserter(text), "  (sum of its layers {:.3f})", 1e3 * *plan.expected);
    if (!plan.within_budget) text += "  over budget";
    if (&plan == &result.chosen()) text += "  CHOSEN";
    text += '\n';
  }
  fmt::format_to(std::back_inserter(text), "\nbudget {:.3f} MB of resident weights; chosen {:.3f} MB: {}\n",
                 megabytes(result.budget_bytes), megabytes(result.chosen().bytes), result.chosen().name);
  for (const PlanRules::Rule& rule : result.chosen().rules.layers) {
    fmt::format_to(std::back_inserter(text), "  {:<{}} {}\n", rule.pattern, width, rule.recipe);
  }
  text += "These numbers are in-sample: the plan was chosen on these examples. Measure it on others.\n";
  return text;
}

namespace {

Json to_json(const std::vector<TierDamage>& damage, const std::vector<std::string>& names) {
  Json tiers = Json::array();
  for (std::size_t t = 0; t < damage.size(); ++t) {
    const TierDamage& tier = damage[t];
    tiers.push_back({{"tier", names[t]},
                     {"examples", tier.examples},
                     {"changed", tier.changed},
                     {"lost", tier.lost},
                     {"gained", tier.gained},
                     {"right", tier.right},
                     {"mean_divergence_nat", tier.mean_divergence}});
  }
  return tiers;
}

}  // namespace

Json search_json(const SearchResult& result) {
  Json sensitivity = Json::array();
  for (const UnitDamage& unit : result.sensitivity) {
    sensitivity.push_back({{"layers", unit.unit},
                           {"recipe", unit.recipe},
                           {"bytes", unit.bytes},
                           {"tiers", to_json(unit.tiers, result.tiers)}});
  }
  Json plans = Json::array();
  for (const PlanDamage& plan : result.plans) {
    Json layers = Json::array();
    for (const PlanRules::Rule& rule : plan.rules.layers) layers.push_back({rule.pattern, rule.recipe});
    plans.push_back({{"name", plan.name},
                     {"base", plan.rules.base},
                     {"layers", std::move(layers)},
                     {"bytes", plan.bytes},
                     {"within_budget", plan.within_budget},
                     {"chosen", &plan == &result.chosen()},
                     {"expected_divergence_nat", plan.expected ? Json(*plan.expected) : Json(nullptr)},
                     {"measured_divergence_nat", plan.measured},
                     {"tiers", to_json(plan.tiers, result.tiers)}});
  }
  return {{"data", result.data},
          {"data_sha256", result.data_sha256},
          {"examples", result.examples},
          {"selected_in_sample", true},
          {"base", result.base},
          {"base_bytes", result.base_bytes},
          {"budget_bytes", result.budget_bytes},
          {"reference", to_json(result.reference, result.tiers)},
          {"sensitivity", std::move(sensitivity)},
          {"plans", std::move(plans)}};
}

}  // namespace quantier
