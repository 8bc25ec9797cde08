// "Clearly the better one", "established as better than int4": sure of a difference in quality whose paired
// interval holds zero.
#include <algorithm>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/sentence_text.h"

namespace quantier::audit_internal {
namespace {

bool speaks_of_quality(const ClaimClause& clause) {
  const std::vector<std::string> metrics = said(clause.mentions, MentionKind::kMetric);
  return std::ranges::all_of(
             metrics, [](const std::string& each) { return each == "macro_f1" || each == "accuracy"; }) &&
         !says(clause.mentions, "limit") && !says(clause.mentions, "pass") &&
         !says(clause.mentions, "frontier") && !says(clause.mentions, "dominated") &&
         said(clause.mentions, MentionKind::kLabel).empty() &&
         said(clause.mentions, MentionKind::kTier).empty();
}

// The interval of the paired difference in macro-F1; nullopt: not known.
std::optional<std::pair<double, double>> interval_of(const AuditEvidence& evidence,
                                                     const NamedConfiguration& a,
                                                     const NamedConfiguration& b) {
  std::optional<double> low;
  std::optional<double> high;
  for (const Fact& fact : evidence.facts) {
    if (fact.metric != "macro_f1_difference" || fact.source != FactSource::kMeasured ||
        fact.model != a.model || fact.recipe != a.recipe || fact.against_model != b.model ||
        fact.against_recipe != b.recipe)
      continue;
    if (fact.role == FactRole::kLow) low = fact.value;
    if (fact.role == FactRole::kHigh) high = fact.value;
  }
  if (!low || !high) return std::nullopt;
  return std::pair(*low, *high);
}

// Every pair that may be meant, each named model filled in; empty where too little is named.
std::vector<std::pair<NamedConfiguration, NamedConfiguration>> pairs_of(const Passage& passage,
                                                                        const ClaimClause& clause,
                                                                        const AuditEvidence& evidence) {
  std::vector<NamedConfiguration> here;
  for (const NamedConfiguration& each : possible_configurations_in(passage)) {
    if (each.begin >= clause.begin && each.end <= clause.end && !each.recipe.empty()) here.push_back(each);
  }
  std::vector<std::pair<NamedConfiguration, NamedConfiguration>> pairs;
  if (here.empty() || here.size() > 2) return pairs;
  for (const std::string& model : evidence.models) {
    NamedConfiguration a = here.front();
    if (!a.model.empty() && a.model != model) continue;
    a.model = model;
    for (const std::string& recipe : evidence.recipes) {
      NamedConfiguration b =
          here.size() == 2 ? here.back() : NamedConfiguration{.model = model, .recipe = recipe};
      if (b.model.empty()) b.model = model;
      if (here.size() == 2 && recipe != evidence.recipes.front()) break;
      if (a.model != b.model || a.recipe != b.recipe) pairs.emplace_back(a, b);
    }
  }
  return pairs;
}

}  // namespace

std::string too_sure_of_better(const Passage& passage, const ClaimClause& clause,
                               const AuditEvidence& evidence) {
  const std::string lower =
      lowered(std::string_view(passage.text).substr(clause.begin, clause.end - clause.begin));
  const bool sure =
      says(clause.mentions, "strong") ||
      any_word_of(lower, {"really", "truly", "surely", "clearly", "reliably", "certainly", "definitely"});
  const bool better = any_word_of(lower, {"better", "best", "superior", "more accurate", "most accurate"});
  if (!sure || !better || !speaks_of_quality(clause) || is_cautious(clause.mentions, passage) ||
      says(clause.mentions, "negation") || says(clause.mentions, "reported"))
    return {};
  // "Decoders generalise better": than whom is not said.
  if (!any_word_of(lower, {"best", "the better", "than", "superior to"})) return {};
  std::string weak;
  for (const auto& [a, b] : pairs_of(passage, clause, evidence)) {
    const auto interval = interval_of(evidence, a, b);
    if (!interval) continue;
    if (interval->first > 0.0 || interval->second < 0.0) return {};
    weak = fmt::format("{} {} against {} {}: [{:+.4f}, {:+.4f}]", a.model, a.recipe, b.model, b.recipe,
                       interval->first, interval->second);
  }
  if (weak.empty()) return {};
  return fmt::format("sure of a difference in macro-F1 whose paired interval holds zero: {}", weak);
}

}  // namespace quantier::audit_internal
