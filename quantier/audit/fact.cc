#include "quantier/audit/fact.h"

#include <algorithm>

#include <fmt/format.h>

namespace quantier {
namespace {

std::string value_text(const Fact& fact) {
  switch (fact.unit) {
    case FactUnit::kMilliseconds:
      return fmt::format("{:.4g} ms", fact.value);
    case FactUnit::kBytes:
      return fact.value >= 1e9 ? fmt::format("{:.4g} GB", fact.value / 1e9)
                               : fmt::format("{:.4g} MB", fact.value / 1e6);
    case FactUnit::kRatio:
      return fmt::format("{:.4g} times", fact.value);
    case FactUnit::kCount:
      return fmt::format("{:.0f}", fact.value);
    case FactUnit::kRate:
      return fmt::format("{:.4g} requests/s", fact.value);
    case FactUnit::kFraction:
      if (fact.difference) return fmt::format("{:+.4f} ({:+.2f} points)", fact.value, 100.0 * fact.value);
      return fmt::format("{:.4f}", fact.value);
    case FactUnit::kPlain:
      break;
  }
  return fmt::format("{:.4f}", fact.value);
}

}  // namespace

std::string fact_text(const Fact& fact) {
  std::string text = fact.model;
  for (const std::string* part : {&fact.recipe, &fact.tier, &fact.label}) {
    if (!part->empty()) text += (text.empty() ? "" : " ") + *part;
  }
  std::string metric = fact.metric;
  std::ranges::replace(metric, '_', ' ');
  text += (text.empty() ? "" : ", ") + metric;
  if (!fact.fit.empty()) text += " " + fact.fit;
  if (fact.role == FactRole::kLow) text += ", lower end";
  if (fact.role == FactRole::kHigh) text += ", upper end";
  if (fact.role == FactRole::kLimit) text += ", limit";
  return text + " " + value_text(fact);
}

}  // namespace quantier
