#include "quantier/audit/match_reference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/reading.h"
#include "quantier/audit/scope.h"

namespace quantier {
namespace {

using audit_internal::Reading;
using audit_internal::readings_of;

// "encoder/int8/tail/accuracy" taken apart.
struct Source {
  std::vector<std::string> models;   // one, or the two that are compared
  std::vector<std::string> recipes;  // likewise
  std::string tier;
  bool whole = false;     // "all": no tier
  std::string label;      // a class, or a group of examples
  std::string measure;    // "macro-f1"
  bool decision = false;  // of a limit, and how often it is met
};

bool is_in(const std::vector<std::string>& list, const std::string& value) {
  return std::ranges::find(list, value) != list.end();
}

std::optional<Source> source_of(std::string_view finding, const AuditEvidence& evidence) {
  Source source;
  bool class_follows = false;
  while (!finding.empty()) {
    const std::size_t slash = std::min(finding.find('/'), finding.size());
    const std::string part(finding.substr(0, slash));
    finding.remove_prefix(std::min(slash + 1, finding.size()));
    if (class_follows) {
      source.label = part;
      class_follows = false;
    } else if (is_in(evidence.models, part)) {
      source.models.push_back(part);
    } else if (is_in(evidence.recipes, part)) {
      source.recipes.push_back(part);
    } else if (is_in(evidence.tiers, part)) {
      source.tier = part;
    } else if (part == "all") {
      source.whole = true;
    } else if (part == "class") {
      class_follows = true;
    } else if (part.find(" = ") != std::string::npos) {
      source.label = part;
    } else if (part.ends_with(" accuracy")) {  // a limit on a tier's
      source.tier = part.substr(0, part.size() - std::string_view(" accuracy").size());
      source.measure = "accuracy";
    } else if (part == "decision") {
      source.decision = true;
    } else {
      source.measure += (source.measure.empty() ? "" : "/") + part;
    }
  }
  if (source.models.empty() || source.models.size() != source.recipes.size()) return std::nullopt;
  return source;
}

// Which metrics a finding can be of; empty: not known.
std::vector<std::string> metrics_of(const Source& source) {
  const std::string_view measure = source.measure;
  if (!source.label.empty()) {
    return {"class_accuracy", "probability", "class_n", "accuracy_change", "lost", "gained", "p",
            "accuracy",       "n",           "flips"};
  }
  if (measure == "macro-f1" || measure == "macro-F1" || measure == "f1")
    return {"macro_f1", "macro_f1_sklearn", "macro_f1_bias", "macro_f1_difference", "tier_f1"};
  if (measure == "accuracy")
    return {"accuracy", "accuracy_change", "error_rate", "lost", "gained",        "net", "flips",
            "p",        "replication",     "detectable", "n",    "wrong_to_wrong"};
  if (measure.starts_with("time") || measure == "latency") return {"latency", "tokenize", "requests"};
  if (measure.starts_with("memory")) return {"memory"};
  if (measure == "ece" || measure == "ece-raw" || measure == "ece-residual" || measure == "ECE" ||
      measure == "temperature")
    return {"ece", "ece_debiased", "ece_difference", "temperature"};
  if (measure == "gate") return {"gate_share", "gate_accuracy", "gate_threshold", "gate_error", "gate_kept"};
  if (measure == "support") return {"support_share"};
  if (measure == "against-the-choice") return {"latency", "memory"};
  return {};
}

class Referred {
 public:
  Referred(const Passage& passage, std::size_t index, const Source& source, const AuditEvidence& evidence)
      : passage_(passage),
        number_(passage.numbers[index]),
        source_(source),
        evidence_(evidence),
        scope_(scopes_of(passage, index, evidence).narrow) {
    Scope metric;
    metric.metric = {.values = metrics_of(source), .pinned = true};
    metrics_ = metric.metric.values;
    // "0.022 pass, 82 %", "0.9 of its standard errors away".
    if (source.decision && number_.unit == WrittenUnit::kPercent) metrics_ = {"resampled_share"};
    if (source.decision && number_.unit != WrittenUnit::kPercent) {
      for (const char* each : {"latency", "macro_f1", "ece", "memory", "accuracy"})
        metrics_.push_back(std::string(each) + "_headroom");
    }
    readings_ = readings_of(number_, passage, metric);
    // Beside a unit that is said once, or none: changes are told in points.
    if (number_.unit == WrittenUnit::kNone && !number_.integer)
      readings_.push_back({FactUnit::kFraction, 0.01 * number_.value, 0.01 * number_.half_width, false});
    if (number_.integer) readings_.push_back({FactUnit::kCount, number_.value, number_.half_width, false});
  }

  // What is wrong with it; empty: nothing, or it is not known what it could be.
  [[nodiscard]] std::optional<NumberFinding> alarm() const {
    const bool bound = number_.begin > 0 && passage_.text[number_.begin - 1] == '<';
    // "0.9 of its standard errors away" is in units that no fact has.
    const bool errors = std::string_view(passage_.text)
                            .substr(std::min(number_.end, passage_.text.size()))
                            .starts_with(" of its standard errors");
    if (metrics_.empty() || number_.is_spread || bound || errors) return std::nullopt;
    const Fact* candidate = nullptr;
    const Fact* fitting = nullptr;
    bool named = false;
    for (const Fact& fact : evidence_.facts) {
      if (!is_of_source(fact)) continue;
      for (const Reading& reading : readings_) {
        if (reading.unit != fact.unit) continue;
        if (candidate == nullptr || distance(fact, reading) < nearest_) {
          candidate = &fact;
          nearest_ = distance(fact, reading);
        }
        if (!fits(fact, reading)) continue;
        fitting = &fact;
        named = named || is_of_the_named(fact);
      }
    }
    if (candidate == nullptr || named) return std::nullopt;
    if (fitting == nullptr)
      return NumberFinding{.verdict = NumberVerdict::kContradicts,
                           .facts = {},
                           .why = fmt::format("its source says {}", fact_text(*candidate))};
    return NumberFinding{.verdict = NumberVerdict::kElsewhere,
                         .facts = {},
                         .why = fmt::format("its source is {}", fact_text(*fitting))};
  }

 private:
  static double distance(const Fact& fact, const Reading& reading) {
    return std::fabs(fact.value - reading.value);
  }

  [[nodiscard]] bool fits(const Fact& fact, const Reading& reading) const {
    const double slack = 1.001 * reading.half_width + 3.0 * fact.monte_carlo_sd + 1e-12;
    if (std::fabs(fact.value - reading.value) <= slack) return true;
    // A difference may be told without its sign, and one of two sides the other way round.
    const bool turned = number_.sign == 0 || source_.models.size() == 2;
    return fact.difference && turned && std::fabs(std::fabs(fact.value) - std::fabs(reading.value)) <= slack;
  }

  [[nodiscard]] bool is_of_source(const Fact& fact) const {
    if (fact.role == FactRole::kLimit || fact.role == FactRole::kStep ||
        fact.source == FactSource::kModelled || !is_in(metrics_, fact.metric))
      return false;
    const bool end = fact.role != FactRole::kValue;
    if (end != (number_.in_brackets || number_.in_range) && !(number_.in_range && !end)) return false;
    const bool own = (fact.model == source_.models.front() && fact.recipe == source_.recipes.front()) ||
                     (fact.model.empty() && source_.measure == "support");
    // "38.6 MB against 40.8 MB": what it is held against is the reference of the same model.
    const bool reference = fact.model == source_.models.front() && fact.recipe == evidence_.reference_recipe;
    const bool other = source_.models.size() > 1 && fact.model == source_.models.back() &&
                       fact.recipe == source_.recipes.back();
    if (!own && !reference && !other) return false;
    if (fact.metric == "ece" && !fits_the_fit(fact)) return false;
    if (!source_.label.empty()) return fact.label == source_.label;
    if (!fact.label.empty()) return false;
    if (source_.whole) return fact.tier.empty();
    return source_.tier.empty() || fact.tier == source_.tier;
  }

  // "ece" is read on examples that took no part in the fit, where there are any.
  [[nodiscard]] bool fits_the_fit(const Fact& fact) const {
    if (source_.measure == "ece-raw") return fact.fit == "raw";
    if (source_.measure == "temperature") return fact.fit != "raw";
    if (source_.measure != "ece" && source_.measure != "ECE") return true;
    const bool held_out = std::ranges::any_of(
        evidence_.facts, [](const Fact& each) { return each.metric == "ece" && each.fit == "held-out"; });
    return !held_out || fact.fit == "held-out";
  }

  // Whether those whom the text names for the number may be those of the fact.
  [[nodiscard]] bool is_of_the_named(const Fact& fact) const {
    const auto one = [](const ScopeSet& set, const std::string& value, const std::string& other) {
      return !set.pinned || value.empty() || set.allows(value) || (!other.empty() && set.allows(other));
    };
    const bool whom = one(scope_.model, fact.model, fact.against_model) &&
                      one(scope_.recipe, fact.recipe, fact.against_recipe);
    if (!whom) return false;
    if (scope_.tier.pinned && !source_.tier.empty() && source_.label.empty())
      return scope_.tier.allows(source_.tier);
    return true;
  }

  const Passage& passage_;
  const WrittenNumber& number_;
  const Source& source_;
  const AuditEvidence& evidence_;
  const Scope scope_;
  std::vector<std::string> metrics_;
  std::vector<Reading> readings_;
  mutable double nearest_ = 0.0;
};

}  // namespace

void check_references(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                      const AuditEvidence& evidence) {
  for (CheckedNumber* each : numbers) {
    const WrittenNumber& number = passage.numbers[each->number];
    if (number.finding.empty() || is_alarm(each->finding.verdict)) continue;
    const std::optional<Source> source = source_of(number.finding, evidence);
    if (!source) continue;
    if (auto alarm = Referred(passage, each->number, *source, evidence).alarm())
      each->finding = std::move(*alarm);
  }
}

}  // namespace quantier
