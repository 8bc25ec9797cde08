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

// Whether the names of a kind beside a number leave room for this one: it is among them, or there are none.
bool leaves_room(const Passage& passage, MentionKind kind, const std::string& name) {
  if (name.empty()) return true;
  std::vector<std::string> own = said(passage.mentions, kind);
  for (const std::vector<Mention>* list : {&passage.row_mentions, &passage.column_mentions}) {
    for (const std::string& each : said(*list, kind)) own.push_back(each);
  }
  return own.empty() || has(own, name);
}

// Whether a number can be this fact by its value, and says so with digits enough to tell it.
bool may_state(const Passage& passage, const WrittenNumber& number, const Fact& fact) {
  constexpr double kTellingFraction = 0.0055;  // "0.5 %" tells a share, "1" does not
  constexpr double kTellingCost = 0.1;
  for (const double scale : scales_of(passage, number, fact.unit)) {
    const double half = number.half_width * scale;
    const bool cost = fact.unit == FactUnit::kMilliseconds || fact.unit == FactUnit::kBytes;
    if (fact.unit == FactUnit::kFraction && half > kTellingFraction) continue;
    if (cost && half > kTellingCost * std::fabs(fact.value)) continue;
    const double off = std::fabs(std::fabs(number.value * scale) - std::fabs(fact.value));
    if (off <= half * 1.001 + 3.0 * fact.monte_carlo_sd) return true;
  }
  return false;
}

// Whether a number was tied to what it is of: then it is of nothing else. `metric_said`: only where what is
// measured was said, not guessed from the value. Few digits that fit many things are tied to none.
bool is_tied(const CheckedNumber& each, const Passage& passage, bool metric_said) {
  const WrittenNumber& number = passage.numbers[each.number];
  const bool counts_beside_shares =
      passage.kind == PassageKind::kCell && number.integer && number.unit == WrittenUnit::kNone &&
      std::ranges::any_of(passage.numbers, [](const WrittenNumber& other) { return !other.integer; });
  constexpr double kFewDigits = 0.02;
  constexpr std::size_t kManyThings = 3;
  if (each.finding.facts.empty() || is_alarm(each.finding.verdict)) return false;
  // A whole number among decimal ones in a cell counts something, whatever share it happens to equal.
  if (counts_beside_shares) return false;
  if (each.finding.facts.size() > kManyThings && number.half_width > kFewDigits * std::fabs(number.value))
    return false;
  // A value that fits something, beside no name at all, was tied by accident.
  const auto names_any = [](const std::vector<Mention>& mentions) {
    return std::ranges::any_of(mentions,
                               [](const Mention& name) { return name.kind <= MentionKind::kLabel; });
  };
  const bool nameless =
      !names_any(passage.mentions) && !names_any(passage.row_mentions) && !names_any(passage.column_mentions);
  return (!metric_said && !nameless) || each.finding.metric_is_known;
}

bool is_count(const std::string& metric) {
  return has({"n", "class_n", "classes", "lost", "gained", "flips", "net", "wrong_to_wrong", "gate_kept"},
             metric);
}

// What a passage says itself that it measures leaves room for these metrics: one of them, or nothing at all.
bool leaves_room_for(const Passage& passage, const std::vector<std::string>& metrics) {
  std::vector<std::string> own = said(passage.mentions, MentionKind::kMetric);
  for (const std::vector<Mention>* list : {&passage.row_mentions, &passage.column_mentions}) {
    for (const std::string& each : said(*list, MentionKind::kMetric)) own.push_back(each);
  }
  // A count may stand beside the share that it explains, under the name of that.
  std::erase_if(own, [&](const std::string& each) { return is_count(each) != is_count(metrics.front()); });
  return own.empty() || std::ranges::any_of(metrics, [&](const std::string& each) { return has(own, each); });
}

// What stands in brackets is no value.
bool role_may_be(const WrittenNumber& number, const Fact& fact) {
  return fact.role != FactRole::kValue || !number.in_brackets;
}

// A class has one name, and nobody states its numbers without it.
bool names_label(const Passage& passage, const std::string& label) {
  for (const std::vector<Mention>* list : {&passage.mentions, &passage.row_mentions, &passage.column_mentions,
                                           &passage.before, &passage.lead_in, &passage.heading}) {
    if (has(said(*list, MentionKind::kLabel), label)) return true;
  }
  return false;
}

// The configuration, and the tier if it is of one, beside a number.
bool names_all_of(const Target& target, const Passage& passage) {
  const auto named = [&](MentionKind kind, const std::string& name) {
    return name.empty() || has(said(passage.mentions, kind), name) ||
           has(said(passage.row_mentions, kind), name) || has(said(passage.column_mentions, kind), name);
  };
  return !target.model.empty() && named(MentionKind::kModel, target.model) &&
         named(MentionKind::kRecipe, target.recipe) && named(MentionKind::kTier, target.tier);
}

bool names_one_of(const Passage& passage, const std::vector<std::string>& metrics) {
  for (const std::vector<Mention>* list :
       {&passage.mentions, &passage.row_mentions, &passage.column_mentions, &passage.before}) {
    const std::vector<std::string> named = said(*list, MentionKind::kMetric);
    if (std::ranges::any_of(metrics, [&](const std::string& metric) { return has(named, metric); }))
      return true;
  }
  return false;
}

}  // namespace

// In which units a number may be read, for a fact of this one.
std::vector<double> scales_of(const Passage& passage, const WrittenNumber& number, FactUnit unit) {
  const WrittenUnit written = number.unit != WrittenUnit::kNone ? number.unit : passage.column_unit;
  const double own = number.unit != WrittenUnit::kNone ? 1.0 : passage.column_scale;
  const bool none = written == WrittenUnit::kNone;
  switch (unit) {
    case FactUnit::kFraction:
      if (none && number.integer) return {};
      if (none) return {1.0, 0.01};
      if (written == WrittenUnit::kPercent || written == WrittenUnit::kPoints) return {own};
      return {};
    case FactUnit::kMilliseconds:
      if (none) return {1.0, 1000.0};
      if (written == WrittenUnit::kMilliseconds) return {own};
      return {};
    case FactUnit::kBytes:
      if (none) return {1e6, 1e9};
      if (written == WrittenUnit::kBytes) return {own, 1.048576 * own, 1.073741824 * own};
      return {};
    case FactUnit::kRate:
      if (none || written == WrittenUnit::kRate) return {own};
      return {};
    case FactUnit::kCount:
      // "-2/+1" behind a change in points.
      if (number.unit == WrittenUnit::kNone && number.integer) return {1.0};
      return {};
    case FactUnit::kPlain:
    case FactUnit::kRatio:
      if (none) return {1.0};
      return {};
  }
  return {};
}

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

namespace {

bool names_any_label(const Passage& passage) {
  return !said(passage.mentions, MentionKind::kLabel).empty() ||
         !said(passage.row_mentions, MentionKind::kLabel).empty();
}

}  // namespace

bool DemandChecker::stated(const Target& target, const DemandWay& way,
                           const std::function<bool(const Fact&)>& wanted) const {
  return std::ranges::any_of(numbers_, [&](const CheckedNumber& number) {
    const Passage& passage = passages_[number.passage];
    if (is_alarm(number.finding.verdict) || passage.provenance) return false;
    // What is asked of nobody in particular must at least be called by its name.
    if (target.name.empty() && way.each == "any" && (!number.finding.metric_is_known || passage.appendix))
      return false;
    // Beside the name of a class it is the class's, whatever else has its value.
    const bool of_class = way.each == "any" && names_any_label(passage);
    return std::ranges::any_of(number.finding.facts, [&](std::size_t i) {
      const Fact& fact = evidence_.facts[i];
      return wanted(fact) && !(of_class && fact.label.empty());
    });
  });
}

// "Before scaling the ECE lies between 0.141 and 0.146": a range of everybody, or of a model's, states each
// of its values.
bool DemandChecker::within_a_range(const Target& target, const std::vector<std::string>& metrics,
                                   const std::function<bool(const Fact&)>& wanted) const {
  if (target.model.empty()) return false;
  const auto has_metric = [&](const CheckedNumber& each) {
    return !is_alarm(each.finding.verdict) && std::ranges::any_of(each.finding.facts, [&](std::size_t i) {
      return has(metrics, evidence_.facts[i].metric) && evidence_.facts[i].role == FactRole::kValue;
    });
  };
  for (std::size_t i = 0; i + 1 < numbers_.size(); ++i) {
    const CheckedNumber& first = numbers_[i];
    const CheckedNumber& second = numbers_[i + 1];
    if (first.passage != second.passage || !has_metric(first) || !has_metric(second)) continue;
    const Passage& passage = passages_[first.passage];
    const WrittenNumber& low = passage.numbers[first.number];
    const WrittenNumber& high = passage.numbers[second.number];
    if (!low.in_range || !high.in_range || low.in_brackets || passage.appendix) continue;
    if (!leaves_room(passage, MentionKind::kModel, target.model) ||
        !leaves_room(passage, MentionKind::kRecipe, target.recipe) ||
        !leaves_room(passage, MentionKind::kTier, target.tier))
      continue;
    const bool inside = std::ranges::any_of(evidence_.facts, [&](const Fact& fact) {
      if (!wanted(fact) || fact.role != FactRole::kValue) return false;
      return std::ranges::any_of(scales_of(passage, low, fact.unit), [&](double scale) {
        return fact.value >= (low.value - low.half_width) * scale &&
               fact.value <= (high.value + high.half_width) * scale;
      });
    });
    if (inside) return true;
  }
  return false;
}

// Whether a number is free to be a wanted fact: not tied to anything else, and nothing beside it says that it
// is of something else.
bool DemandChecker::may_be_of(const Target& target, const CheckedNumber& each,
                              const std::vector<std::string>& metrics,
                              const std::function<bool(const Fact&)>& wanted) const {
  const Passage& passage = passages_[each.passage];
  const WrittenNumber& number = passage.numbers[each.number];
  if (passage.appendix || each.finding.set_aside) return false;
  if (is_tied(each, passage, target.name.empty()) && !in_loose_list(each)) return false;
  if (target.name.empty() ? !names_one_of(passage, metrics) : !leaves_room_for(passage, metrics))
    return false;
  if (!target.label.empty() && !names_label(passage, target.label)) return false;
  if ((evidence_.models.size() > 1 && !leaves_room(passage, MentionKind::kModel, target.model)) ||
      !leaves_room(passage, MentionKind::kRecipe, target.recipe) ||
      !leaves_room(passage, MentionKind::kLabel, target.label) ||
      !leaves_room(passage, MentionKind::kTier, target.tier))
    return false;
  return std::ranges::any_of(evidence_.facts, [&](const Fact& fact) {
    if (!wanted(fact)) return false;
    // "± 0.3": half of an interval.
    if (number.is_spread) return fact.role == FactRole::kLow || fact.role == FactRole::kHigh;
    return role_may_be(number, fact) && may_state(passage, number, fact);
  });
}

// "14.6, 14.6 and 14.4 points": where the others were tied to nothing, this one was by accident.
bool DemandChecker::in_loose_list(const CheckedNumber& each) const {
  const std::vector<WrittenNumber>& numbers = passages_[each.passage].numbers;
  const auto digits = [&](const CheckedNumber& one) {
    return numbers[one.number].half_width / std::fabs(numbers[one.number].value);
  };
  return std::ranges::any_of(numbers_, [&](const CheckedNumber& other) {
    const bool beside =
        other.passage == each.passage && (other.number == each.number + 1 || other.number + 1 == each.number);
    return beside && other.finding.facts.empty() && !other.finding.set_aside &&
           !numbers[each.number].integer && digits(other) < 2.0 * digits(each) &&
           digits(each) < 2.0 * digits(other);
  });
}

// A number of few digits is anybody's: it counts only where its configuration is named beside it, or in the
// company of one that tells more, in the same block and of the same configuration.
std::optional<NotePlace> DemandChecker::possibly(const Target& target, const DemandWay& way,
                                                 const std::vector<std::string>& metrics,
                                                 const std::function<bool(const Fact&)>& wanted) const {
  constexpr double kTelling = 0.03;
  const auto tells = [&](const CheckedNumber& each) {
    const WrittenNumber& number = passages_[each.passage].numbers[each.number];
    return number.half_width <= kTelling * std::fabs(number.value);
  };
  const auto of_configuration = [&](const Fact& fact) {
    return (target.model.empty() || (fact.model == target.model && fact.recipe == target.recipe)) &&
           std::ranges::any_of(way.metrics, [&](const auto& any_of) { return has(any_of, fact.metric); });
  };
  Target whole = target;
  whole.tier.clear();
  for (const CheckedNumber& each : numbers_) {
    if (!may_be_of(target, each, metrics, wanted)) continue;
    const bool company = tells(each) || names_all_of(target, passages_[each.passage]) ||
                         std::ranges::any_of(numbers_, [&](const CheckedNumber& other) {
                           return passages_[other.passage].block == passages_[each.passage].block &&
                                  tells(other) && std::ranges::any_of(way.metrics, [&](const auto& any_of) {
                                    return may_be_of(whole, other, any_of, of_configuration);
                                  });
                         });
    if (company) return passages_[each.passage].place;
  }
  return std::nullopt;
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
      if (stated(target, way, wanted) || within_a_range(target, any_of, wanted)) continue;
      std::string metric = any_of.front();
      std::ranges::replace(metric, '_', ' ');
      std::string name = target.name.empty() ? metric : fmt::format("{}: {}", target.name, metric);
      if (way.metrics_of_limits && told_to_pass(target.name, any_of.front())) {
        open.push_back(name + " (told to pass)");
        continue;
      }
      const std::optional<NotePlace> place = possibly(target, way, any_of, wanted);
      if (!place) ++missing;
      if (place) name += fmt::format(" ({})", place->text());
      (place ? open : finding.missing).push_back(std::move(name));
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

}  // namespace quantier::audit_internal
