#include "quantier/audit/scope.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <optional>
#include <string_view>

#include "quantier/audit/grammar.h"
#include "quantier/audit/scope_metric.h"

namespace quantier {
namespace {

using audit_internal::Chosen;
using audit_internal::counts_things;
using audit_internal::merge;
using audit_internal::metric_of_pair;
using audit_internal::metric_of_tier;
using audit_internal::metric_of_unit;
using audit_internal::Reader;
using audit_internal::widen_metrics;

// Whether every recipe stands right behind a word of comparing: "against fp16".
bool follows_comparison(const std::vector<Mention>& mentions) {
  return std::ranges::all_of(mentions, [&](const Mention& recipe) {
    return recipe.kind != MentionKind::kRecipe || std::ranges::any_of(mentions, [&](const Mention& word) {
             return word.kind == MentionKind::kWord && word.means.front() == "comparison" &&
                    word.end <= recipe.begin && recipe.begin - word.end <= 8;
           });
  });
}

// Of one kind: what the sentence names, and where it names nothing, what stands around it.
std::vector<std::string> around(const Passage& passage, MentionKind kind, const WrittenNumber& number,
                                const std::string& reference, bool& near) {
  const bool integer = number.integer;
  near = true;
  const bool of_whom = kind == MentionKind::kModel || kind == MentionKind::kRecipe;
  const bool only_behind = of_whom && std::ranges::none_of(passage.mentions, [&](const Mention& each) {
                             return each.kind == kind && each.begin < number.end;
                           });
  std::vector<std::string> behind;
  for (const std::vector<Mention>* list :
       {&passage.mentions, &passage.before, &passage.lead_in, &passage.heading}) {
    // "Before this" above a section is no word about a fit; a sentence on a temperature that says no fit is
    // of any.
    if (kind == MentionKind::kFit && list == &passage.heading) break;
    if (kind == MentionKind::kFit && list == &passage.before) {
      const std::vector<std::string> metrics = said(passage.mentions, MentionKind::kMetric);
      if (std::ranges::find(metrics, "temperature") != metrics.end()) break;
    }
    std::vector<Mention> of_kind;
    for (const Mention& each : *list) {
      // A bare "before" or "after" of another sentence is about anything.
      if (kind == MentionKind::kFit && list != &passage.mentions && each.end - each.begin <= 6) continue;
      if (each.kind == kind && (integer || !counts_things(each))) of_kind.push_back(each);
    }
    std::vector<std::string> values = said(of_kind, kind);
    // "0.420 ... behind the int8 encoder": who is named only behind a number may be whom it is compared with.
    if (only_behind && list == &passage.mentions && !values.empty() && number.unit != WrittenUnit::kTimes) {
      behind = std::move(values);
      continue;
    }
    // "Against fp16" above a list, or in a sentence that names no other, is what it is compared with.
    const bool compared = kind == MentionKind::kRecipe && values.size() == 1 && values.front() == reference &&
                          follows_comparison(*list);
    if (!values.empty() && !compared) {
      merge(values, behind);
      return values;
    }
    near = false;
  }
  return behind;
}

// "after temperature" is one of several fits; a fit named exactly says which.
void keep_exact_fits(const std::vector<Mention>& mentions, std::vector<std::string>& fits) {
  std::vector<std::string> exact;
  for (const Mention& each : mentions) {
    if (each.kind == MentionKind::kFit && each.means.size() == 1 && each.means.front() != "raw") {
      merge(exact, each.means);
    }
  }
  if (exact.empty()) return;
  const bool raw = std::ranges::find(fits, "raw") != fits.end();
  fits = exact;
  if (raw) fits.emplace_back("raw");
}

// "Once its confidence had been corrected": only "had it been" supposes.
bool only_tells_the_past(std::string_view text, const Mention& word) {
  if (text.substr(word.begin, word.end - word.begin) != "had") return false;
  const std::string_view before = text.substr(0, word.begin);
  return !before.empty() && !before.ends_with(", ") && !before.ends_with("; ") && !before.ends_with(": ");
}

ScopeSet of_cell(const Passage& cell, MentionKind kind) {
  std::vector<std::string> values = said(cell.mentions, kind);
  merge(values, said(cell.column_mentions, kind));
  if (kind != MentionKind::kMetric || values.empty()) merge(values, said(cell.row_mentions, kind));
  ScopeSet set{.values = values, .pinned = !values.empty()};
  if (values.empty()) {
    for (const std::vector<Mention>* list : {&cell.lead_in, &cell.heading}) {
      set.values = said(*list, kind);
      if (kind == MentionKind::kFit) keep_exact_fits(*list, set.values);
      if (!set.values.empty()) break;
    }
  }
  return set;
}

// The column "lost / gained" with as many numbers in the cell: one metric for each.
void split_by_column(const Passage& cell, std::size_t number, ScopeSet& metric) {
  std::vector<const Mention*> parts;
  for (const Mention& each : cell.metric_mentions) {
    if (each.kind == MentionKind::kMetric) parts.push_back(&each);
  }
  if (parts.size() < 2 || parts.size() != cell.numbers.size()) return;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const std::string_view between =
        std::string_view(cell.metric_text).substr(parts[i]->end, parts[i + 1]->begin - parts[i]->end);
    if (between.find('/') == std::string_view::npos) return;
  }
  metric.values = parts[number]->means;
}

// "raw -> cf" over "0.141 -> 0.020": of the second number the column says something that is not understood.
bool behind_the_fit(const Passage& cell, std::size_t number) {
  if (number == 0 || cell.numbers.size() < 2) return false;
  const Mention* fit = nullptr;
  for (const Mention& each : cell.column_mentions) {
    if (each.kind != MentionKind::kFit) continue;
    if (fit != nullptr) return false;
    fit = &each;
  }
  if (fit == nullptr || fit->end > cell.column_text.size()) return false;
  const std::string_view behind = std::string_view(cell.column_text).substr(fit->end);
  return behind.starts_with(" → ") || behind.starts_with(" -> ") || behind.starts_with("→") ||
         behind.starts_with("->") || behind.starts_with(" / ") || behind.starts_with("/");
}

// "0.0 [−0.2, +0.1]": what may lie below zero is a difference, whether its own sign is written or not.
bool owns_signed_interval(const Passage& passage, std::size_t index) {
  if (index + 1 >= passage.numbers.size() || passage.numbers[index].in_brackets) return false;
  const WrittenNumber& low = passage.numbers[index + 1];
  return low.in_brackets && low.in_range && low.value < 0.0;
}

}  // namespace

bool ScopeSet::allows(const std::string& value) const {
  return values.empty() || std::ranges::find(values, value) != values.end();
}

NumberScopes scopes_of(const Passage& passage, std::size_t index, const AuditEvidence& evidence) {
  NumberScopes scopes;
  const Reader reader(passage, index);
  const WrittenNumber& number = passage.numbers[index];
  const bool is_cell = passage.kind == PassageKind::kCell;
  const auto fill = [&](MentionKind kind, ScopeSet Scope::* set) {
    if (is_cell) {
      scopes.narrow.*set = of_cell(passage, kind);
      // "0.859/0.859/0.861" under a caption that names three precisions in this order.
      if (kind != MentionKind::kMetric && (scopes.narrow.*set).values.size() != 1) {
        if (Chosen chosen = reader.by_list(kind); chosen.pinned)
          scopes.narrow.*set = {.values = std::move(chosen.values), .pinned = true};
      }
      // A column that names a fit is about calibration.
      if (kind == MentionKind::kMetric && !(scopes.narrow.*set).pinned &&
          !said(passage.column_mentions, MentionKind::kFit).empty()) {
        scopes.narrow.*set = {.values = {"ece", "temperature", "ece_difference"}, .pinned = true};
      }
      // "590 MB against 410 MB": what a cell compares with is the reference.
      if (kind == MentionKind::kRecipe && says(passage.mentions, "comparison") &&
          (scopes.narrow.*set).pinned) {
        merge((scopes.narrow.*set).values, {evidence.reference_recipe});
      }
      scopes.wide.*set = scopes.narrow.*set;
      if (kind == MentionKind::kMetric) scopes.metric_is_near = (scopes.narrow.*set).pinned;
      return;
    }
    bool near = false;
    (scopes.wide.*set).values = around(passage, kind, number, evidence.reference_recipe, near);
    if (kind == MentionKind::kMetric) scopes.metric_is_near = near;
    // "over its precisions" is about all of them, whatever the sentence before spoke of.
    const char* plural = kind == MentionKind::kRecipe  ? "every-recipe"
                         : kind == MentionKind::kModel ? "every-model"
                                                       : "";
    if (!near && says(passage.mentions, plural)) (scopes.wide.*set).values.clear();
    Chosen chosen = reader.narrow(kind);
    scopes.narrow.*set =
        chosen.pinned ? ScopeSet{.values = std::move(chosen.values), .pinned = true} : scopes.wide.*set;
  };
  fill(MentionKind::kModel, &Scope::model);
  fill(MentionKind::kRecipe, &Scope::recipe);
  // "ECE 0.033, 0.033, 0.034": three numbers in a row and no names for them are of any precision.
  if (!is_cell && reader.is_bare_list() && !reader.by_list(MentionKind::kRecipe).pinned)
    scopes.narrow.recipe = scopes.wide.recipe = {};
  // "lower than that of fp16 [-0.10, -0.01]": the reference is what a difference is taken to, not whose it
  // is.
  const bool difference = number.sign != 0 || number.unit == WrittenUnit::kPoints || number.in_range ||
                          number.in_brackets || owns_signed_interval(passage, index);
  if (!is_cell && difference && scopes.narrow.recipe.pinned &&
      scopes.narrow.recipe.values == std::vector{evidence.reference_recipe}) {
    scopes.narrow.recipe = scopes.wide.recipe;
  }
  // "(2.31 -> 5.80 ms)": an arrow comes from the reference.
  if (!is_cell && !scopes.narrow.recipe.values.empty() && index + 1 < passage.numbers.size() &&
      passage.numbers[index + 1].begin >= number.end) {
    const std::string gap = passage.text.substr(number.end, passage.numbers[index + 1].begin - number.end);
    if (gap.find("->") != std::string::npos || gap.find("→") != std::string::npos) {
      if (gap.size() <= 6) merge(scopes.narrow.recipe.values, {evidence.reference_recipe});
    }
  }
  fill(MentionKind::kTier, &Scope::tier);
  fill(MentionKind::kLabel, &Scope::label);
  fill(MentionKind::kMetric, &Scope::metric);
  fill(MentionKind::kFit, &Scope::fit);
  if (is_cell) {
    split_by_column(passage, index, scopes.narrow.metric);
    scopes.wide.metric = scopes.narrow.metric;
    keep_exact_fits(passage.column_mentions, scopes.narrow.fit.values);
    keep_exact_fits(passage.row_mentions, scopes.narrow.fit.values);
    if (behind_the_fit(passage, index)) scopes.narrow.fit = {};
    scopes.wide.fit = scopes.narrow.fit;
    scopes.limit = says(passage.mentions, "limit");
  } else {
    keep_exact_fits(passage.mentions, scopes.wide.fit.values);
    if (!scopes.narrow.fit.pinned) scopes.narrow.fit = scopes.wide.fit;
    scopes.compares = says(passage.mentions, "comparison");
    // What a comparison leaves unsaid is the reference: "5.80 ms, up from 2.31".
    if (!scopes.wide.recipe.values.empty() && scopes.compares)
      merge(scopes.wide.recipe.values, {evidence.reference_recipe});
    scopes.limit = reader.near_word("limit", 12);
  }
  if (number.integer && number.unit == WrittenUnit::kNone && !is_cell && reader.is_total()) {
    scopes.narrow.metric = {.values = {"n", "class_n", "classes", "flips", "gate_kept"}, .pinned = true};
    scopes.wide.metric = scopes.narrow.metric;
    scopes.metric_is_near = true;
  }
  metric_of_pair(passage, number, scopes);
  widen_metrics(passage, number, scopes);
  metric_of_tier(passage, number, scopes);
  const bool metric_is_said = scopes.metric_is_near;
  if (!scopes.metric_is_near && !number.integer && number.unit == WrittenUnit::kNone) {
    // "held-out: 0.041" speaks of calibration; a heading or the sentence before says what a list of numbers
    // is.
    const bool owned = scopes.narrow.model.pinned || scopes.narrow.recipe.pinned;
    scopes.metric_is_near =
        !said(passage.mentions, MentionKind::kFit).empty() || (owned && !scopes.wide.metric.values.empty());
  }
  for (Scope* scope : {&scopes.narrow, &scopes.wide}) metric_of_unit(passage, number, metric_is_said, *scope);
  scopes.plausible = scopes.wide;
  for (const auto& [kind, set] :
       {std::pair{MentionKind::kTier, &Scope::tier}, std::pair{MentionKind::kLabel, &Scope::label},
        std::pair{MentionKind::kFit, &Scope::fit}}) {
    const bool own = !said(passage.mentions, kind).empty() || !said(passage.row_mentions, kind).empty() ||
                     !said(passage.column_mentions, kind).empty();
    if (!own && !(scopes.narrow.*set).pinned) scopes.plausible.*set = {};
  }
  // "0.021 against 0.025; another sample could turn it over": what is supposed behind a semicolon is that.
  const std::size_t stop = passage.text.find("; ", number.end);
  scopes.hypothetical = std::ranges::any_of(passage.mentions, [&](const Mention& each) {
    return each.kind == MentionKind::kWord && each.means.front() == "hypothetical" && each.begin < stop &&
           !only_tells_the_past(passage.text, each);
  });
  scopes.bounding = reader.word_just_before("bounding", 4) || reader.bound_behind();
  // "by more than 2 % and 5 %": said once for both.
  if (index > 0 && passage.numbers[index - 1].end <= number.begin) {
    const WrittenNumber& last = passage.numbers[index - 1];
    const std::string gap = passage.text.substr(last.end, number.begin - last.end);
    if ((gap == " and " || gap == " or ") && last.unit == number.unit)
      scopes.bounding = scopes.bounding || Reader(passage, index - 1).word_just_before("bounding", 4);
  }
  scopes.approximate = reader.word_just_before("approximate", 3);
  scopes.convention = reader.is_convention();
  scopes.is_difference = number.sign != 0 || owns_signed_interval(passage, index) ||
                         reader.word_just_before("difference", 12) || says(passage.mentions, "difference");
  return scopes;
}

bool in_scope(const Fact& fact, const Scope& scope) {
  if (!scope.metric.allows(fact.metric)) return false;
  const bool own = (fact.model.empty() || scope.model.allows(fact.model)) &&
                   (fact.recipe.empty() || scope.recipe.allows(fact.recipe));
  const bool other = !fact.against_model.empty() && scope.model.allows(fact.against_model) &&
                     scope.recipe.allows(fact.against_recipe);
  if (!own && !other) return false;
  // All examples are meant unless a tier is tied to the number.
  if (!fact.tier.empty() || scope.tier.pinned) {
    const bool tiered = fact.metric == "accuracy" || fact.metric == "accuracy_change" ||
                        fact.metric == "tier_f1" || !fact.tier.empty();
    if (tiered && !scope.tier.allows(fact.tier)) return false;
  }
  if (!fact.label.empty() && !(scope.label.values.empty() ? false : scope.label.allows(fact.label)))
    return false;
  if (fact.label.empty() && scope.label.pinned && fact.unit != FactUnit::kMilliseconds) return false;
  if (fact.fit.empty() || fact.fit == "raw") {
    // Nothing was fitted: it may stand beside any fit, but not in another fit's column.
    return fact.fit.empty() || !scope.fit.pinned || scope.fit.allows("raw") || fact.metric != "ece" ||
           scope.fit.values.empty();
  }
  // What was read on another split is meant only where that is said; a fit after temperature always is one.
  const bool other_split = fact.fit == "held-out" && fact.metric == "macro_f1";
  return scope.fit.allows(fact.fit) && !(other_split && scope.fit.values.empty());
}

}  // namespace quantier
