#include "quantier/audit/relation_check.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/claim_values.h"
#include "quantier/audit/sentence_text.h"

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
                  const AuditEvidence& evidence, std::string label, bool model_supplied)
      : passage_(passage),
        relation_(relation),
        parties_(parties),
        evidence_(evidence),
        label_(std::move(label)),
        model_supplied_(model_supplied) {}

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
  [[nodiscard]] bool of_quantization() const {
    const std::string lower = lowered(passage_.text);
    return says(passage_.mentions, "quantized") ||
           any_word_of(lower, {"bits are removed", "bits are taken away", "fewer bits", "lower precision",
                               "lower precisions", "precision drops", "precision falls", "bits go down",
                               "bits drop", "bits shrink", "precision goes down", "bit width shrinks",
                               "every step down", "each step down"});
  }
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
    if (a.recipe.empty() && relation_.form == RelationForm::kChange && of_quantization()) {
      // "Creeps up as bits are removed": at every precision below the reference.
      bool any = false;
      for (const NamedConfiguration& each : of_model(evidence_, a.model)) {
        if (each.recipe == evidence_.reference_recipe) continue;
        if (!turned_here(sign, each, {.model = a.model, .recipe = evidence_.reference_recipe})) return {};
        any = true;
      }
      return any ? alarm(a, {.model = a.model, .recipe = evidence_.reference_recipe}) : std::string();
    }
    if (a.recipe.empty()) {
      // "The encoder is the more accurate model", "the encoder wins": of two.
      const bool of_two = before.ends_with(" the ") || relation_.form == RelationForm::kStanding;
      if (!of_two || evidence_.models.size() != 2) return {};
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
    if (model_supplied_)
      return beaten_in([&](const AuditConfiguration& each) { return each.model == a.model; }) ? alarm(a, by)
                                                                                              : std::string();
    const auto fails = [&](const AuditConfiguration& each) {
      return std::ranges::any_of(evidence_.limits, [&](const AuditLimit& limit) {
        return contains(limit.failed_by, each.display());
      });
    };
    const bool model_behind = std::ranges::any_of(passage_.mentions, [&](const Mention& each) {
      return each.kind == MentionKind::kModel && each.begin >= relation_.end &&
             each.begin < relation_.end + 40;
    });
    // "The heaviest precision of the decoder": of its own.
    const std::string_view behind = std::string_view(passage_.text).substr(relation_.end);
    if (model_behind && !parties_.of_all && behind.substr(0, 40).find(" of the ") != std::string_view::npos)
      return beaten_in([&](const AuditConfiguration& each) { return each.model == a.model; }) ? alarm(a, by)
                                                                                              : std::string();
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
  std::string label_;    // a class; empty: all
  bool model_supplied_;  // the sentence says a precision alone, and this is one of the models that it may be
                         // of
};

}  // namespace

std::string relation_turned(const Passage& passage, const Relation& relation, const Parties& parties,
                            const AuditEvidence& evidence, const std::string& label, int sign) {
  Parties filled = parties;
  if (filled.second.model.empty()) filled.second.model = filled.first.model;
  if (!filled.first.model.empty())
    return RelationChecker(passage, relation, filled, evidence, label, false).check(sign);
  // "int8 is the fastest": of the model that it is held against, or of each; wrong when it is so of every
  // one.
  std::vector<std::string> models = {filled.second.model};
  if (models.front().empty()) models = evidence.models;
  std::string why;
  for (const std::string& model : models) {
    filled.first.model = model;
    if (parties.second.model.empty()) filled.second.model = model;
    std::string one = RelationChecker(passage, relation, filled, evidence, label, true).check(sign);
    if (one.empty()) return {};
    why = std::move(one);
  }
  return why;
}

}  // namespace quantier::audit_internal
