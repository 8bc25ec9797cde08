// Ratios and differences of two facts.
#include <algorithm>

#include "quantier/audit/grammar.h"
#include "quantier/audit/matcher.h"

namespace quantier::audit_internal {

bool Matcher::derived(NumberFinding& finding) const {
  const bool ratio = number_.unit == WrittenUnit::kTimes;
  const bool percent =
      number_.unit == WrittenUnit::kPercent && scopes_.is_difference && passage_.kind != PassageKind::kCell;
  const bool subtraction = scopes_.is_difference ||
                           (number_.unit == WrittenUnit::kPoints && (number_.sign != 0 || scopes_.compares));
  if (!ratio && !percent && !subtraction) return false;
  // What a model of hardware gives is no arithmetic on measurements.
  if (subtraction && !ratio && !percent && says_modelled() && number_.unit != WrittenUnit::kPoints)
    return false;
  // A list of values states no differences unless it says so in front.
  const Reader reader(passage_, static_cast<std::size_t>(&number_ - passage_.numbers.data()));
  if (!ratio && reader.is_bare_list() && number_.sign == 0 && !reader.list_of_differences()) return false;
  // Where the evidence has the difference itself, arithmetic on other numbers explains nothing.
  if (!ratio && scopes_.narrow.tier.pinned && number_.unit != WrittenUnit::kPercent) return false;
  Scope scope = scopes_.wide;
  if (!scope.recipe.values.empty()) {
    if (std::ranges::find(scope.recipe.values, evidence_.reference_recipe) == scope.recipe.values.end()) {
      scope.recipe.values.push_back(evidence_.reference_recipe);
    }
  }
  scope.fit = {};
  // "5.80 against 2.31 ms: 2.5 times": the unit says which metrics can be divided.
  if (ratio && !scopes_.metric_is_near) scope.metric = {};
  Scope own = scopes_.narrow;
  own.metric = scope.metric;
  own.fit = {};
  std::vector<std::size_t> operands;
  for (std::size_t i = 0; i < evidence_.facts.size(); ++i) {
    const Fact& fact = evidence_.facts[i];
    if (fact.source == FactSource::kModelled || fact.metric == "resampled_share" ||
        fact.unit == FactUnit::kRatio)
      continue;
    if (fact.role == FactRole::kLimit && !limit_said_) continue;
    if (fact.metric == "tier_f1" || fact.metric == "probability" || fact.unit == FactUnit::kCount) continue;
    if (fact.difference || fact.role == FactRole::kLow || fact.role == FactRole::kHigh ||
        fact.role == FactRole::kStep)
      continue;
    if (!fact.label.empty() && scope.label.values.empty()) continue;
    if (in_scope(fact, scope)) operands.push_back(i);
  }
  if (operands.size() > 400) return false;
  for (const std::size_t a : operands) {
    for (const std::size_t b : operands) {
      // One of the two is what the number is tied to.
      const bool tied =
          !scopes_.narrow.pinned() || in_scope(evidence_.facts[a], own) || in_scope(evidence_.facts[b], own);
      if (a != b && tied && explains(evidence_.facts[a], evidence_.facts[b], ratio, percent, subtraction)) {
        finding.verdict = NumberVerdict::kDerived;
        finding.facts = {a, b};
        return true;
      }
    }
  }
  return false;
}

bool Matcher::differs_from_somebody() const {
  const bool percent = number_.unit == WrittenUnit::kPercent;
  const bool points = number_.unit == WrittenUnit::kPoints;
  if (passage_.kind != PassageKind::kSentence || (!percent && !points) || number_.in_brackets ||
      number_.in_range)
    return false;
  const std::string_view before = std::string_view(passage_.text).substr(0, number_.begin);
  const std::string_view behind =
      std::string_view(passage_.text).substr(std::min(number_.end, passage_.text.size()), 10);
  const bool by = before.ends_with("by ") || before.ends_with("by about ") || before.ends_with("by some ") ||
                  before.ends_with("by roughly ") || before.ends_with("by nearly ");
  if (!by && !compared_behind(behind)) return false;
  // Nobody else is named: the other side is.
  if (said(passage_.mentions, MentionKind::kModel).size() > 1) return false;
  const auto operand = [&](const Fact& fact) {
    const bool value = fact.role == FactRole::kValue && !fact.difference && fact.label.empty() &&
                       fact.tier.empty() && !fact.model.empty() && fact.source != FactSource::kModelled &&
                       fact.unit != FactUnit::kRatio;
    const bool metric = fact.metric == "latency" || fact.metric == "memory" || fact.metric == "accuracy" ||
                        fact.metric == "macro_f1" || fact.metric == "ece";
    // Of points the difference is what is measured.
    const std::string change = fact.metric == "accuracy" ? "accuracy_change" : fact.metric + "_difference";
    return value && metric && (scopes_.wide.metric.allows(fact.metric) || scopes_.wide.metric.allows(change));
  };
  for (const Fact& a : evidence_.facts) {
    if (!operand(a) || (scopes_.narrow.model.pinned && !scopes_.narrow.model.allows(a.model))) continue;
    for (const Fact& b : evidence_.facts) {
      if (!operand(b) || (a.model == b.model) == (a.recipe == b.recipe)) continue;
      if (explains(a, b, false, percent, points) || explains(b, a, false, percent, points)) return true;
    }
  }
  return false;
}

bool Matcher::explains(const Fact& a, const Fact& b, bool ratio, bool percent, bool subtraction) const {
  if (a.metric != b.metric || a.unit != b.unit || a.tier != b.tier || a.label != b.label) return false;
  // One configuration's own times, of several protocols or passes, are no comparison.
  const bool cost = a.metric == "latency" || a.metric == "memory";
  if (cost && a.model == b.model && a.recipe == b.recipe && a.role == b.role) return false;
  // What one fit does to two models, or two fits to one; not both at once.
  if (a.fit != b.fit && (a.model != b.model || a.recipe != b.recipe)) return false;
  const double written = std::fabs(number_.value);
  double half = number_.half_width;
  if (scopes_.approximate) half = std::max(2.0 * half, 0.05 * written);
  const bool scale = a.metric == "latency" || a.metric == "memory";
  // Multiples are told of costs and errors.
  if (ratio) return (scale || a.metric == "ece") && b.value != 0.0 && near(written, a.value / b.value, half);
  if (percent && b.value != 0.0 && (scale || a.metric == "ece")) {
    if (near(written, std::fabs(a.value - b.value) / std::fabs(b.value), half)) return true;
    if (near(written, a.value / b.value, half)) return true;
  }
  if (!subtraction && !percent) return false;
  const double difference = std::fabs(a.value - b.value);
  // The difference of two rounded numbers is off by up to one unit in their last digit.
  return std::ranges::any_of(readings_, [&](const Reading& each) {
    return each.unit == a.unit &&
           near(std::fabs(each.value), difference, 2.0 * each.half_width + (half - number_.half_width));
  });
}

}  // namespace quantier::audit_internal
