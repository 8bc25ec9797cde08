#include "quantier/decide/promises.h"

#include <algorithm>
#include <cmath>

namespace quantier {
namespace {

constexpr const char* kAllTiers = "all";

CostPromise cost_promise(const std::optional<double>& value, const std::optional<double>& reference,
                         double margin) {
  CostPromise promise;
  promise.value = value;
  promise.reference = reference;
  const auto usable = [](const std::optional<double>& number) {
    return number && std::isfinite(*number) && *number > 0.0;
  };
  if (!usable(value) || !usable(reference)) return promise;
  promise.ratio = *value / *reference;
  const double allowed = margin * std::max(*value, *reference);
  if (*reference - *value > allowed) {
    promise.outcome = PromiseOutcome::kKept;
  } else if (*value - *reference > allowed) {
    promise.outcome = PromiseOutcome::kBroken;
  } else {
    promise.outcome = PromiseOutcome::kNoGain;
  }
  return promise;
}

AccuracyPromise accuracy_promise(const ConfigurationCost& configuration,
                                 const std::vector<TierComparison>& comparisons) {
  AccuracyPromise promise;
  for (const TierComparison& comparison : comparisons) {
    if (comparison.model != configuration.model || comparison.recipe != configuration.recipe) continue;
    const bool is_loss = comparison.delta < 0.0;
    const bool established = is_loss && comparison.evidence == EvidenceWord::kEstablished;
    if (comparison.tier != kAllTiers) {
      if (established) promise.established_losses.push_back(comparison.tier);
      continue;
    }
    promise.delta = comparison.delta;
    promise.low = comparison.tango.low;
    promise.high = comparison.tango.high;
    if (established || (is_loss && comparison.size == SizeWord::kMaterial)) {
      promise.outcome = PromiseOutcome::kBroken;
    } else if (comparison.size == SizeWord::kNegligible || (!is_loss && comparison.tango.low > 0.0)) {
      promise.outcome = PromiseOutcome::kKept;
    } else {
      promise.outcome = PromiseOutcome::kUnresolved;
    }
  }
  if (!promise.established_losses.empty()) promise.outcome = PromiseOutcome::kBroken;
  return promise;
}

}  // namespace

const char* promise_outcome_name(PromiseOutcome outcome) {
  switch (outcome) {
    case PromiseOutcome::kKept:
      return "kept";
    case PromiseOutcome::kNoGain:
      return "no gain";
    case PromiseOutcome::kBroken:
      return "broken";
    case PromiseOutcome::kUnresolved:
      return "unresolved";
    case PromiseOutcome::kNotMeasured:
      return "not measured";
  }
  return "not measured";
}

namespace {

template <class AccuracyOf>
std::vector<Promises> checked(const std::vector<ConfigurationCost>& costs,
                              const std::string& reference_recipe, const Margins& margins,
                              const std::vector<std::string>& uncompressed, const AccuracyOf& accuracy_of) {
  std::vector<Promises> all;
  for (const ConfigurationCost& cost : costs) {
    if (cost.recipe == reference_recipe) continue;
    if (std::ranges::find(uncompressed, cost.recipe) != uncompressed.end()) continue;
    const auto reference = std::ranges::find_if(costs, [&](const ConfigurationCost& other) {
      return other.model == cost.model && other.recipe == reference_recipe;
    });
    if (reference == costs.end()) continue;
    all.push_back(
        {.model = cost.model,
         .recipe = cost.recipe,
         .reference_recipe = reference_recipe,
         .run_key = cost.run_key,
         .accuracy = accuracy_of(cost, *reference),
         .memory = cost_promise(cost.memory_bytes, reference->memory_bytes, margins.memory_fraction),
         .latency = cost_promise(cost.ms_per_example, reference->ms_per_example, margins.latency_fraction)});
  }
  return all;
}

AccuracyPromise stated_promise(const ConfigurationCost& cost, const ConfigurationCost& reference,
                               double margin) {
  constexpr double kRounding = 1e-12;  // 0.210 - 0.200 is not exactly 0.010
  const auto usable = [](const std::optional<double>& number) { return number && std::isfinite(*number); };
  AccuracyPromise promise;
  promise.stated = true;
  promise.of_macro_f1 = !usable(cost.accuracy) || !usable(reference.accuracy);
  const std::optional<double>& value = promise.of_macro_f1 ? cost.macro_f1 : cost.accuracy;
  const std::optional<double>& base = promise.of_macro_f1 ? reference.macro_f1 : reference.accuracy;
  if (!usable(value) || !usable(base)) return promise;
  promise.delta = *value - *base;
  promise.outcome = promise.delta < -margin - kRounding ? PromiseOutcome::kBroken : PromiseOutcome::kKept;
  return promise;
}

}  // namespace

std::vector<Promises> check_promises(const std::vector<ConfigurationCost>& costs,
                                     const std::vector<TierComparison>& comparisons,
                                     const std::string& reference_recipe, const Margins& margins,
                                     const std::vector<std::string>& uncompressed) {
  return checked(costs, reference_recipe, margins, uncompressed,
                 [&](const ConfigurationCost& cost, const ConfigurationCost& /*reference*/) {
                   return accuracy_promise(cost, comparisons);
                 });
}

std::vector<Promises> check_stated_promises(const std::vector<ConfigurationCost>& costs,
                                            const std::string& reference_recipe, const Margins& margins,
                                            const std::vector<std::string>& uncompressed) {
  return checked(costs, reference_recipe, margins, uncompressed,
                 [&](const ConfigurationCost& cost, const ConfigurationCost& reference) {
                   return stated_promise(cost, reference, margins.macro_f1);
                 });
}

}  // namespace quantier
