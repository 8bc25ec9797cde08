// Demands that are met by numbers: of every configuration, tier, class or model, and the declared limits.
#include <cmath>

#include <fmt/format.h>

#include "quantier/audit/demand_parts.h"

namespace quantier::audit_internal {
namespace {

Target target_of(const AuditConfiguration& one) {
  return {.name = one.display(), .model = one.model, .recipe = one.recipe};
}

bool fits(const Fact& fact, const DemandWay& way, const std::vector<std::string>& metrics) {
  if (!has(metrics, fact.metric)) return false;
  if (!way.fits.empty() && !has(way.fits, fact.fit)) return false;
  if (fact.role == FactRole::kLimit || fact.role == FactRole::kStep) return false;
  if (way.roles.empty()) return true;
  return (fact.role == FactRole::kLow && has(way.roles, "low")) ||
         (fact.role == FactRole::kHigh && has(way.roles, "high"));
}

// Whether a passage speaks of a name, or what stands around it does where it names none of that kind.
bool speaks_of_name(const Passage& passage, MentionKind kind, const std::string& name) {
  std::vector<std::string> own = said(passage.mentions, kind);
  for (const std::vector<Mention>* list : {&passage.row_mentions, &passage.column_mentions}) {
    for (const std::string& each : said(*list, kind)) own.push_back(each);
  }
  if (!own.empty()) return has(own, name);
  for (const std::vector<Mention>* list : {&passage.before, &passage.lead_in, &passage.heading}) {
    const std::vector<std::string> around = said(*list, kind);
    if (!around.empty()) return has(around, name);
  }
  return false;
}

bool may_state(const WrittenNumber& number, const Fact& fact) {
  for (const double scale : {1.0, 0.01, 0.001, 1e6, 1e9}) {
    const double off = std::fabs(std::fabs(number.value * scale) - std::fabs(fact.value));
    if (off <= number.half_width * scale * 1.001 + 3.0 * fact.monte_carlo_sd) return true;
  }
  return false;
}

}  // namespace

bool Target::is(const Fact& fact) const {
  if (!label.empty()) return fact.label == label;
  if (model.empty()) return true;
  const bool own = fact.model == model && (recipe.empty() || fact.recipe == recipe);
  const bool other = !recipe.empty() && fact.against_model == model && fact.against_recipe == recipe;
  if (exact_tier) return fact.model == model && fact.recipe == recipe && fact.tier == tier;
  return (own || other) && (tier.empty() || fact.tier == tier);
}

std::vector<Target> targets_of(const std::string& each, const AuditEvidence& evidence) {
  std::vector<Target> targets;
  if (each == "any") return {{.name = ""}};
  if (each == "model") {
    for (const std::string& model : evidence.models) targets.push_back({.name = model, .model = model});
    return targets;
  }
  if (each == "class") {
    for (const std::string& label : evidence.labels) targets.push_back({.name = label, .label = label});
    return targets;
  }
  if (each == "directional") {
    for (const AuditComparison& one : evidence.comparisons) {
      if (one.evidence != EvidenceWord::kDirectional) continue;
      targets.push_back({.name = fmt::format("{} {} {}", one.model, one.recipe,
                                             one.tier.empty() ? "all examples" : one.tier),
                         .model = one.model,
                         .recipe = one.recipe,
                         .tier = one.tier,
                         .exact_tier = true});
    }
    return targets;
  }
  for (const AuditConfiguration& one : evidence.configurations) {
    if (each != "configuration" && one.recipe == evidence.reference_recipe) continue;
    Target target = target_of(one);
    if (each != "quantized-tier") {
      targets.push_back(std::move(target));
      continue;
    }
    for (const std::string& tier : evidence.tiers) {
      target.name = one.display() + " " + tier;
      target.tier = tier;
      targets.push_back(target);
    }
  }
  return targets;
}

bool DemandChecker::stated(const Target& target, const DemandWay& way,
                           const std::function<bool(const Fact&)>& wanted) const {
  return std::ranges::any_of(numbers_, [&](const CheckedNumber& number) {
    if (is_alarm(number.finding.verdict)) return false;
    // What is asked of nobody in particular must at least be called by its name.
    if (target.name.empty() && way.each == "any" && !number.finding.metric_is_known) return false;
    return std::ranges::any_of(number.finding.facts,
                               [&](std::size_t i) { return wanted(evidence_.facts[i]); });
  });
}

bool DemandChecker::possibly(const Target& target, const std::vector<std::string>& metrics,
                             const std::function<bool(const Fact&)>& wanted) const {
  return std::ranges::any_of(numbers_, [&](const CheckedNumber& each) {
    const Passage& passage = passages_[each.passage];
    if (each.finding.verdict != NumberVerdict::kNotChecked || passage.appendix) return false;
    // Of nobody in particular: its metric must be named.
    if (target.name.empty()) {
      const std::vector<std::string> named = said(passage.mentions, MentionKind::kMetric);
      if (std::ranges::none_of(metrics, [&](const std::string& metric) { return has(named, metric); }))
        return false;
    }
    if (evidence_.models.size() > 1 && !target.model.empty() &&
        !speaks_of_name(passage, MentionKind::kModel, target.model))
      return false;
    if (!target.recipe.empty() && !speaks_of_name(passage, MentionKind::kRecipe, target.recipe)) return false;
    if (!target.label.empty() && !speaks_of_name(passage, MentionKind::kLabel, target.label)) return false;
    if (!target.tier.empty() && !speaks_of_name(passage, MentionKind::kTier, target.tier)) return false;
    const WrittenNumber& number = passage.numbers[each.number];
    return std::ranges::any_of(evidence_.facts,
                               [&](const Fact& fact) { return wanted(fact) && may_state(number, fact); });
  });
}

DemandFinding DemandChecker::cover(const DemandWay& way) const {
  std::vector<std::vector<std::string>> metrics = way.metrics;
  if (way.metrics_of_limits) {
    for (const AuditLimit& limit : evidence_.limits) metrics.push_back({limit.metric});
  }
  DemandFinding finding;
  std::size_t asked = 0;
  std::size_t missing = 0;
  std::vector<std::string> open;
  for (const Target& target : targets_of(way.each, evidence_)) {
    for (const std::vector<std::string>& any_of : metrics) {
      const auto wanted = [&](const Fact& fact) { return target.is(fact) && fits(fact, way, any_of); };
      // Nobody can state what was not measured.
      if (std::ranges::none_of(evidence_.facts, wanted)) continue;
      ++asked;
      if (stated(target, way, wanted)) continue;
      std::string metric = any_of.front();
      std::ranges::replace(metric, '_', ' ');
      std::string name = target.name.empty() ? metric : fmt::format("{}: {}", target.name, metric);
      const bool may = possibly(target, any_of, wanted);
      if (!may) ++missing;
      (may ? open : finding.missing).push_back(std::move(name));
    }
  }
  if (asked == 0)
    return {.status = DemandStatus::kNotApplicable, .missing = {}, .why = "the evidence has no such numbers"};
  if (missing > 0) {
    if (missing == asked) finding.missing.clear();
    finding.status = DemandStatus::kAbsent;
  } else if (!open.empty()) {
    finding.status = DemandStatus::kNotChecked;
    finding.why = fmt::format("numbers that could not be checked may be these: {}", fmt::join(open, "; "));
  } else {
    finding.status = DemandStatus::kPresent;
  }
  return finding;
}

DemandFinding DemandChecker::limits() const {
  DemandFinding finding{.status = DemandStatus::kPresent, .missing = {}, .why = {}};
  if (evidence_.limits.empty())
    return {.status = DemandStatus::kNotApplicable, .missing = {}, .why = "no limit was declared"};
  bool open = false;
  for (const AuditLimit& limit : evidence_.limits) {
    const auto wanted = [&](const Fact& fact) {
      return fact.role == FactRole::kLimit && ((fact.metric == limit.metric && fact.tier == limit.tier) ||
                                               (limit.metric == "latency" && fact.metric == "requests"));
    };
    const bool stated = std::ranges::any_of(numbers_, [&](const CheckedNumber& number) {
      return std::ranges::any_of(number.finding.facts,
                                 [&](std::size_t i) { return wanted(evidence_.facts[i]); });
    });
    if (stated) continue;
    if (possibly({.name = limit.metric, .tier = limit.tier}, {limit.metric}, wanted)) {
      open = true;
    } else {
      finding.missing.push_back(limit.tier.empty() ? limit.metric : limit.tier + " " + limit.metric);
    }
  }
  if (!finding.missing.empty()) {
    finding.status = DemandStatus::kAbsent;
  } else if (open) {
    finding.status = DemandStatus::kNotChecked;
    finding.why = "numbers that could not be checked may be the limits";
  }
  return finding;
}

}  // namespace quantier::audit_internal
