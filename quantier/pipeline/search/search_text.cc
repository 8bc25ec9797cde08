#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/base/utf8.h"
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
  if (result.times) fmt::format_to(std::back_inserter(text), " {:>9}", "ms");
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
    if (unit.unit_ms) fmt::format_to(std::back_inserter(text), " {:>9.3f}", *unit.unit_ms);
    tiers(text, unit.tiers);
    text += '\n';
  }
  text += '\n';
  head(text, result, "whole plans", width);
  for (const PlanDamage& plan : result.plans) {
    fmt::format_to(std::back_inserter(text), "{:<{}} {:>9.3f}", plan.name, width, megabytes(plan.bytes));
    if (plan.pass_ms) fmt::format_to(std::back_inserter(text), " {:>9.3f}", *plan.pass_ms);
    tiers(text, plan.tiers);
    if (plan.expected)
      fmt::format_to(std::back_inserter(text), "  (sum of its layers {:.3f})", 1e3 * *plan.expected);
    if (plan.expected_ms)
      fmt::format_to(std::back_inserter(text), "  (by its layers {:.3f} ms)", *plan.expected_ms);
    if (!plan.within_budget) text += "  over budget";
    if (&plan == &result.chosen()) text += "  CHOSEN";
    text += '\n';
  }
  if (result.times) {
    fmt::format_to(std::back_inserter(text),
                   "\nbudget {} ms for a pass over {} texts of {} tokens; chosen {:.3f} ms: {}\n"
                   "Medians on {} ({} kernels, threads: {}); on another machine other plans may win.\n",
                   result.times->budget_ms, result.times->batch, result.times->tokens_per_text,
                   result.times->plan_ms, result.chosen().name, printable(result.times->processor, 80),
                   result.times->kernels, result.times->threads);
  } else {
    fmt::format_to(std::back_inserter(text), "\nbudget {:.3f} MB of resident weights; chosen {:.3f} MB: {}\n",
                   megabytes(result.budget_bytes), megabytes(result.chosen().bytes), result.chosen().name);
  }
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

Json to_json(const TimedOn& timed) {
  return {{"budget_ms", timed.budget_ms},
          {"base_ms", timed.base_ms},
          {"plan_ms", timed.plan_ms},
          {"batch", timed.batch},
          {"tokens_per_text", timed.tokens_per_text},
          {"threads", timed.threads},
          {"processor", timed.processor},
          {"kernels", timed.kernels}};
}

}  // namespace

Json search_json(const SearchResult& result) {
  Json sensitivity = Json::array();
  for (const UnitDamage& unit : result.sensitivity) {
    sensitivity.push_back({{"layers", unit.unit},
                           {"recipe", unit.recipe},
                           {"bytes", unit.bytes},
                           {"unit_ms", unit.unit_ms ? Json(*unit.unit_ms) : Json(nullptr)},
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
                     {"expected_ms", plan.expected_ms ? Json(*plan.expected_ms) : Json(nullptr)},
                     {"pass_ms", plan.pass_ms ? Json(*plan.pass_ms) : Json(nullptr)},
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
          {"budget_bytes", result.times ? Json(nullptr) : Json(result.budget_bytes)},
          {"timed_on", result.times ? to_json(*result.times) : Json(nullptr)},
          {"reference", to_json(result.reference, result.tiers)},
          {"sensitivity", std::move(sensitivity)},
          {"plans", std::move(plans)}};
}

}  // namespace quantier
