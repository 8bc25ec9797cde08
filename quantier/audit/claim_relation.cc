// Every comparing word of a sentence against the evidence: "shortens the wait", "is the heaviest of all",
// "trails the encoder". Wrong only when it is so by every protocol, against everybody who may be meant.
#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/claim_values.h"
#include "quantier/audit/parties.h"

namespace quantier::audit_internal {
namespace {

using Configurations = std::vector<NamedConfiguration>;

// Closer than this nobody can be said to be ahead.
double tie(const std::string& metric, double value) {
  constexpr double kCost = 0.01;
  constexpr double kFraction = 5e-4;
  return metric == "latency" || metric == "memory" ? kCost * std::fabs(value) : kFraction;
}

// Whether one has it the other way round than said by every protocol that both were measured by.
bool turned(const AuditEvidence& evidence, const std::string& metric, int sign, const NamedConfiguration& one,
            const NamedConfiguration& other, const std::string& label = {}) {
  const std::vector<double> a = values_of(evidence, metric, one.model, one.recipe, label);
  const std::vector<double> b = values_of(evidence, metric, other.model, other.recipe, label);
  if (a.empty() || a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (sign * (a[i] - b[i]) >= -tie(metric, b[i])) return false;
  }
  return true;
}

Configurations of_model(const AuditEvidence& evidence, const std::string& model) {
  Configurations list;
  for (const AuditConfiguration& each : evidence.configurations) {
    if (each.model == model) list.push_back({.model = each.model, .recipe = each.recipe});
  }
  return list;
}

std::string told(const NamedConfiguration& each) {
  return each.recipe.empty() ? each.model : each.model + " " + each.recipe;
}

class RelationChecker {
 public:
  RelationChecker(const Passage& passage, const Relation& relation, const Parties& parties,
                  const AuditEvidence& evidence, std::string label)
      : passage_(passage),
        relation_(relation),
        parties_(parties),
        evidence_(evidence),
        label_(std::move(label)) {}

  [[nodiscard]] std::string check(int sign) const {
    switch (parties_.against) {
      case Against::kNamed:
        return against_named(sign);
      case Against::kReference:
        return against_reference(sign);
      case Against::kOthers:
        return against_others(sign);
    }
    return {};
  }

 private:
  [[nodiscard]] bool turned_here(int sign, const NamedConfiguration& one,
                                 const NamedConfiguration& other) const {
    return turned(evidence_, relation_.metric, sign, one, other, label_);
  }
  [[nodiscard]] std::string alarm(const NamedConfiguration& one, const NamedConfiguration& other) const {
    std::string metric = relation_.metric;
    std::ranges::replace(metric, '_', ' ');
    return fmt::format("\"{}\" is said of {}, and in {} the evidence has it the other way round against {}",
                       passage_.text.substr(relation_.begin, relation_.end - relation_.begin), told(one),
                       metric, told(other));
  }

  // Both models at the same precisions, in all of them.
  [[nodiscard]] std::string models(int sign, const std::string& one, const std::string& other) const {
    if (one == other) return {};
    bool any = false;
    for (const NamedConfiguration& each : of_model(evidence_, one)) {
      if (!turned_here(sign, each, {.model = other, .recipe = each.recipe})) return {};
      any = true;
    }
    return any ? alarm({.model = one}, {.model = other}) : std::string();
  }

  [[nodiscard]] std::string against_named(int sign) const {
    const NamedConfiguration& a = parties_.first;
    const NamedConfiguration& b = parties_.second;
    if (a.recipe.empty() && b.recipe.empty()) return models(sign, a.model, b.model);
    if (a.model == b.model && (a.recipe.empty() || b.recipe.empty() || a.recipe == b.recipe)) return {};
    const Configurations one = a.recipe.empty() ? of_model(evidence_, a.model) : Configurations{a};
    const Configurations other = b.recipe.empty() ? of_model(evidence_, b.model) : Configurations{b};
    for (const NamedConfiguration& x : one) {
      for (const NamedConfiguration& y : other) {
        if (!turned_here(sign, x, y)) return {};
      }
    }
    return one.empty() || other.empty() ? std::string() : alarm(a, b);
  }

  [[nodiscard]] std::string against_reference(int sign) const {
    const NamedConfiguration& a = parties_.first;
    const std::string_view before = std::string_view(passage_.text).substr(0, relation_.begin);
    if (a.recipe.empty()) {
      // "The encoder is the more accurate model": of two.
      if (!before.ends_with(" the ") || evidence_.models.size() != 2) return {};
      return models(sign, a.model, evidence_.models[a.model == evidence_.models[0] ? 1 : 0]);
    }
    if (relation_.form == RelationForm::kStanding || a.recipe == evidence_.reference_recipe) return {};
    const NamedConfiguration reference{.model = a.model, .recipe = evidence_.reference_recipe};
    if (!turned_here(sign, a, reference)) return {};
    // "int4 is faster" may be held against any other precision; a change is one from the reference.
    if (relation_.form == RelationForm::kComparative) {
      for (const NamedConfiguration& each : of_model(evidence_, a.model)) {
        if (each.recipe != a.recipe && !turned_here(sign, a, each)) return {};
      }
    }
    return alarm(a, reference);
  }

  // Against everybody in one of the sets that may be meant: its model's, its precision's, all, those that
  // pass.
  [[nodiscard]] std::string against_others(int sign) const {
    const NamedConfiguration& a = parties_.first;
    if (a.recipe.empty()) {
      if (evidence_.models.size() != 2) return {};
      return models(sign, a.model, evidence_.models[a.model == evidence_.models[0] ? 1 : 0]);
    }
    NamedConfiguration by;
    const auto beaten_in = [&](const auto& member) {
      return std::ranges::any_of(evidence_.configurations, [&](const AuditConfiguration& each) {
        const NamedConfiguration other{.model = each.model, .recipe = each.recipe};
        if (!member(each) || (each.model == a.model && each.recipe == a.recipe)) return false;
        if (!turned_here(sign, a, other)) return false;
        by = other;
        return true;
      });
    };
    const auto fails = [&](const AuditConfiguration& each) {
      return std::ranges::any_of(evidence_.limits, [&](const AuditLimit& limit) {
        return contains(limit.failed_by, each.display());
      });
    };
    const bool model_behind = std::ranges::any_of(passage_.mentions, [&](const Mention& each) {
      return each.kind == MentionKind::kModel && each.begin >= relation_.end &&
             each.begin < relation_.end + 40;
    });
    if (!beaten_in([](const AuditConfiguration&) { return true; })) return {};
    if (parties_.of_all && !model_behind) return alarm(a, by);
    if (!beaten_in([&](const AuditConfiguration& each) { return each.model == a.model; })) return {};
    if (parties_.of_all) return alarm(a, by);
    if (!beaten_in([&](const AuditConfiguration& each) { return each.recipe == a.recipe; })) return {};
    if (!beaten_in([&](const AuditConfiguration& each) { return !fails(each); })) return {};
    return alarm(a, by);
  }

  const Passage& passage_;
  const Relation& relation_;
  const Parties& parties_;
  const AuditEvidence& evidence_;
  std::string label_;  // a class; empty: all
};

// +1: as said; -1: denied right before the word; nullopt: a denial whose reach is not known.
std::optional<int> polarity(const Passage& passage, const Relation& relation) {
  const Span segment = segment_at(passage.text, relation.begin);
  int polarity = 1;
  for (const Mention& each : passage.mentions) {
    if (each.kind != MentionKind::kWord || each.means.front() != "negation" || !segment.holds(each)) continue;
    if (each.begin < relation.end && relation.begin < each.end) continue;
    // "Nothing else is faster" was read with who is meant.
    if (denies_all_others(passage, each) && relation.form != RelationForm::kSuperlative) continue;
    const std::string_view between =
        each.end <= relation.begin
            ? std::string_view(passage.text).substr(each.end, relation.begin - each.end)
            : std::string_view("far away");
    const bool right_before =
        between == " " || between == " any " || between == " much " || between == " at all ";
    if (!right_before || relation.form == RelationForm::kSuperlative) return std::nullopt;
    polarity = -polarity;
  }
  return polarity;
}

bool says_in(const Passage& passage, const Span& span, std::string_view kind) {
  return says(between(passage.mentions, span.begin, span.end), kind);
}

// What the writer does not say of today's measurements.
bool not_claimed(const Passage& passage, const Relation& relation, const Published& published) {
  const Span statement = statement_at(passage.text, relation.begin);
  const std::vector<Mention> mentions = between(passage.mentions, statement.begin, statement.end);
  if (passage.text.find('?') != std::string::npos || passage.of_conditions) return true;
  if (says(passage.mentions, "hedge") || supposes(passage.mentions, passage.text)) return true;
  for (const char* kind : {"reported", "hardware", "machine", "prior", "would_change"}) {
    if (says(passage.mentions, kind)) return true;
  }
  if (says(mentions, "relax") || !cited_in(passage.text, published).empty()) return true;
  if (passage.text.find("no longer") != std::string::npos ||
      passage.text.find("any more") != std::string::npos || passage.text.find('"') != std::string::npos)
    return true;
  // What has to be is not what is.
  for (const std::string_view word :
       {" has to ", " have to ", " must ", " needs to ", " need to ", " ought to "}) {
    if (passage.text.find(word, statement.begin) < relation.begin) return true;
  }
  // "the larger the batch, the faster ..."
  if (passage.text.find("he larger the ") != std::string::npos ||
      passage.text.find(", the more ") != std::string::npos)
    return true;
  return says_in(passage, statement, "resampled") ||
         says_in(passage, segment_at(passage.text, relation.begin), "limit");
}

// The change of one tier, by the comparison that has it.
std::string of_tier(const Passage& passage, const Relation& relation, const Parties& parties, int sign,
                    const std::string& tier, const AuditEvidence& evidence) {
  if (relation.metric != "accuracy" || relation.form != RelationForm::kChange) return {};
  if (parties.against != Against::kReference && parties.second.recipe != evidence.reference_recipe) return {};
  for (const AuditComparison& each : evidence.comparisons) {
    if (each.model != parties.first.model || each.recipe != parties.first.recipe || each.tier != tier)
      continue;
    if (sign * each.delta >= -5e-4) return {};
    return fmt::format("\"{}\" is said of {} {}, whose accuracy changed by {:+.1f} points in {}",
                       passage.text.substr(relation.begin, relation.end - relation.begin), each.model,
                       each.recipe, 100.0 * each.delta, tier);
  }
  return {};
}

}  // namespace

std::string wrong_relation(const Passage& passage, const Passage* previous, const AuditEvidence& evidence,
                           const Published& published) {
  if (evidence.configurations.empty()) return {};
  for (const Relation& relation : relations_in(passage)) {
    if (not_claimed(passage, relation, published)) continue;
    const Span statement = statement_at(passage.text, relation.begin);
    const std::vector<Mention> mentions = between(passage.mentions, statement.begin, statement.end);
    const std::vector<std::string> labels = said(mentions, MentionKind::kLabel);
    if (labels.size() > 1 || labels.empty() == (relation.metric == "class_accuracy")) continue;
    const std::optional<int> polarity_said = polarity(passage, relation);
    const std::optional<Parties> parties = parties_of(relation, passage, previous, evidence);
    if (!polarity_said || !parties) continue;
    // "As fast as" says who is ahead only where it is denied.
    const bool equal = passage.text.substr(relation.begin, 3) == "as ";
    if (equal && *polarity_said > 0 && parties->against != Against::kOthers) continue;
    const int sign = *polarity_said * parties->sign;
    std::vector<std::string> tiers = said(mentions, MentionKind::kTier);
    std::erase(tiers, "");
    if (!tiers.empty()) {
      if (tiers.size() != 1) continue;
      if (std::string why = of_tier(passage, relation, *parties, sign, tiers.front(), evidence); !why.empty())
        return why;
      continue;
    }
    // What a temperature does to the error is no matter of precisions.
    const bool fitted = !said(mentions, MentionKind::kFit).empty() ||
                        contains(said(mentions, MentionKind::kMetric), "temperature");
    if (relation.metric == "ece" && fitted && relation.form == RelationForm::kChange) continue;
    if (std::string why = RelationChecker(passage, relation, *parties, evidence,
                                          labels.empty() ? std::string() : labels.front())
                              .check(sign);
        !why.empty())
      return why;
  }
  return {};
}

}  // namespace quantier::audit_internal
