// A limit told once more, "ECE at most 0.025", "latency <= 10 ms": against the declared one of the same
// digits, which way it bounds and in which unit.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/header_unit.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

bool is_ceiling(std::string_view metric) {
  return metric == "latency" || metric == "memory" || metric == "ece";
}

// Words that bound from above or from below and say nothing else. "Above 0.025" may tell who fails.
std::optional<bool> bounds_from_above(std::string_view before) {
  while (!before.empty() && before.back() == ' ') before.remove_suffix(1);
  for (const std::string_view word : {"<=", "≤", "=<", "at most", "no more than", "not more than",
                                      "at the most", "maximum", "maximum of", "max", "max.", "up to"}) {
    if (before.ends_with(word)) return true;
  }
  for (const std::string_view word : {">=", "≥", "=>", "at least", "no less than", "not less than",
                                      "at the least", "minimum", "minimum of", "min", "min."}) {
    if (before.ends_with(word)) return false;
  }
  return std::nullopt;
}

// Who is named speaks of a result; a supposition, a failure or a plan of another limit.
bool tells_something_else(const Passage& passage) {
  for (const char* word :
       {"fail", "negation", "hypothetical", "relax", "prior", "would_change", "resampled"}) {
    if (says(passage.mentions, word)) return true;
  }
  return passage.of_conditions || !said(passage.mentions, MentionKind::kRecipe).empty() ||
         !said(passage.mentions, MentionKind::kModel).empty() ||
         !said(passage.row_mentions, MentionKind::kRecipe).empty() ||
         passage.text.find('?') != std::string::npos;
}

// "peak MB ≤ 50": the unit stands in front of the sign, so the number has none of its own.
bool unit_before(const Passage& passage, const WrittenNumber& number) {
  constexpr std::size_t kReach = 16;
  const std::size_t from = number.begin - std::min(number.begin, kReach);
  const HeaderUnit* unit = unit_named_in(std::string_view(passage.text).substr(from, number.begin - from));
  return unit != nullptr && (unit->unit == WrittenUnit::kMilliseconds || unit->unit == WrittenUnit::kBytes);
}

// The metric that the number's own part of the text names last before it; in a cell also that of its row.
std::vector<std::string> metrics_at(const Passage& passage, const WrittenNumber& number) {
  constexpr std::size_t kReach = 40;
  std::vector<std::string> metrics;
  for (const Mention& each : passage.mentions) {
    if (each.kind != MentionKind::kMetric || each.end > number.begin || number.begin - each.end > kReach)
      continue;
    if (passage.text.substr(each.end, number.begin - each.end).find_first_of(";,") == std::string::npos)
      metrics = each.means;
  }
  if (metrics.empty() && passage.kind == PassageKind::kCell)
    metrics = said(passage.row_mentions, MentionKind::kMetric);
  return metrics;
}

}  // namespace

std::string misstated_limit(const Passage& passage, const AuditEvidence& evidence) {
  if (evidence.limits.empty() || passage.appendix || tells_something_else(passage)) return {};
  for (const WrittenNumber& number : passage.numbers) {
    const std::string before = lowered(std::string_view(passage.text).substr(0, number.begin));
    const std::optional<bool> above = bounds_from_above(before);
    if (!above || number.sign != 0 || number.in_brackets) continue;
    const std::vector<std::string> metrics = metrics_at(passage, number);
    for (const Fact& limit : evidence.facts) {
      if (limit.role != FactRole::kLimit || limit.difference || !contains(metrics, limit.metric)) continue;
      const bool duration = limit.unit == FactUnit::kMilliseconds || limit.unit == FactUnit::kBytes;
      const double written =
          number.unit == WrittenUnit::kOther && duration ? number.value * 1e3 : number.value;
      const auto same = [&](double scale) {
        return std::fabs(written * scale - limit.value) <= 1e-9 * std::fabs(limit.value);
      };
      if (same(1.0) && *above != is_ceiling(limit.metric))
        return fmt::format("the limit of {} on {} is one from {}", number.text, limit.metric,
                           is_ceiling(limit.metric) ? "above" : "below");
      if (duration && !unit_before(passage, number) && !same(1.0) &&
          (same(1e3) || same(1e-3) || same(1e6) || same(1e-6)))
        return fmt::format("the limit on {} has these digits in another unit", limit.metric);
    }
  }
  return {};
}

namespace {

// "ECE <= 0.035", "macro-F1 floor 0.58", "the ECE ceiling of 0.025": the number is the limit itself.
bool states_limit(std::string_view between) {
  constexpr std::array<std::string_view, 15> kForms = {
      " <= ",       " ≤ ",        " >= ",     " ≥ ",          "≤",
      "≥",          " ceiling ",  " floor ",  " limit ",      " ceiling of ",
      " floor of ", " limit of ", " limit: ", " ceiling is ", " floor is "};
  return std::ranges::find(kForms, between) != kForms.end();
}

// "The margin of 10 %", "within a margin of 0.005": a declared margin is one of few.
std::string other_margin(const Passage& passage, const AuditEvidence& evidence) {
  if (passage.appendix || says(passage.mentions, "hypothetical")) return {};
  for (const WrittenNumber& number : passage.numbers) {
    const std::string_view before = std::string_view(passage.text).substr(0, number.begin);
    if (!before.ends_with("the margin of ") && !before.ends_with("a margin of ")) continue;
    bool any = false;
    const bool known = std::ranges::any_of(evidence.facts, [&](const Fact& fact) {
      if (fact.metric != "margin" || fact.source != FactSource::kDeclared) return false;
      any = true;
      return std::fabs(fact.value - number.value) <= 1.01 * number.half_width;
    });
    if (any && !known) return fmt::format("no declared margin is {}", number.text);
  }
  return {};
}

}  // namespace

// A limit with another value than the declared one, where nothing says that it moves.
std::string other_limit(const Passage& passage, const AuditEvidence& evidence) {
  if (std::string why = other_margin(passage, evidence); !why.empty()) return why;
  if (evidence.limits.empty() || passage.appendix || passage.of_conditions) return {};
  for (const char* word : {"hypothetical", "relax", "prior", "would_change", "margin"}) {
    if (says(passage.mentions, word)) return {};
  }
  const std::string lower = lowered(passage.text);
  for (const char* word : {"moved", "instead of", "would", " if ", "were", "until", "→", "->", "earlier",
                           "another", "tighter", "looser", "gate", "confiden"}) {
    if (lower.find(word) != std::string::npos) return {};
  }
  // "Is the ceiling (ECE ≤ 0.025) right?" states it, "ECE ≤ 0.035?" asks for it.
  if (lower.find('?') != std::string::npos && lower.find("the ceiling (") == std::string::npos &&
      lower.find("the floor (") == std::string::npos && lower.find("the limit (") == std::string::npos)
    return {};
  for (const WrittenNumber& number : passage.numbers) {
    if (number.sign != 0 || number.in_brackets || number.in_range || number.in_words) continue;
    const Mention* metric = nullptr;
    for (const Mention& each : passage.mentions) {
      const bool before = each.kind == MentionKind::kMetric && each.end <= number.begin;
      if (before && states_limit(std::string_view(lower).substr(each.end, number.begin - each.end)))
        metric = &each;
    }
    // "accuracy in tier tail ≥ 0.450": the tier stands between.
    const std::string_view lead = std::string_view(passage.text).substr(0, number.begin);
    std::vector<std::string> tiers;
    if (metric == nullptr && (lead.ends_with(" ≥ ") || lead.ends_with(" >= ") || lead.ends_with(" floor "))) {
      constexpr std::size_t kReach = 26;
      for (const Mention& each : passage.mentions) {
        if (each.end > number.begin || number.begin - each.end > kReach) continue;
        if (each.kind == MentionKind::kMetric) metric = &each;
        if (each.kind == MentionKind::kTier) tiers = each.means;
      }
      if (tiers.empty()) metric = nullptr;
    }
    if (metric == nullptr) continue;
    const Fact* declared = nullptr;
    bool known = false;
    for (const Fact& fact : evidence.facts) {
      if (!contains(metric->means, fact.metric) || fact.difference) continue;
      if (fact.role == FactRole::kLimit && (tiers.empty() || contains(tiers, fact.tier))) declared = &fact;
      // One of a class, of a tier, or where the choice would change.
      const bool bound = fact.role == FactRole::kLimit || fact.role == FactRole::kStep;
      known = known || (bound && std::fabs(fact.value - number.value) <= 1.01 * number.half_width);
    }
    const bool unit =
        declared != nullptr && (declared->unit == FactUnit::kFraction || number.unit != WrittenUnit::kNone);
    if (declared != nullptr && unit && !known)
      return fmt::format("the declared limit on {} is {:g}", declared->metric, declared->value);
  }
  return {};
}

}  // namespace quantier::audit_internal
