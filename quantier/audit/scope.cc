#include "quantier/audit/scope.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>

namespace quantier {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// Words that may stand between a number and the name it belongs to.
constexpr std::array<std::string_view, 30> kFillers = {
    "of",   "at",    "for", "in",    "on",         "the",   "a",       "its",     "with",  "under",
    "more", "newly", "net", "gross", "fewer",      "an",    "to",      "is",      "was",   "their",
    "this", "that",  "per", "whole", "validation", "model", "wrongly", "correct", "limit", "points"};

bool only_fillers(std::string_view between) {
  std::size_t words = 0;
  for (std::size_t at = 0; at < between.size();) {
    if (!is_word(between[at])) {
      if (between[at] != ' ' && between[at] != '-' && between[at] != '*' && between[at] != '`') return false;
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < between.size() && is_word(between[end])) ++end;
    if (std::ranges::find(kFillers, between.substr(at, end - at)) == kFillers.end()) return false;
    if (++words > 4) return false;
    at = end;
  }
  return true;
}

// Whether nothing but a separator of lists stands between two things.
bool only_separators(std::string_view between) {
  std::string rest;
  for (std::size_t at = 0; at < between.size();) {
    if (between.substr(at).starts_with("and ")) {
      at += 3;
    } else if (between.substr(at).starts_with("or ")) {
      at += 2;
    } else {
      const char c = between[at];
      if (c != ' ' && c != ',' && c != '/' && c != ';' && c != '&' && c != '*' && c != '`') return false;
      ++at;
    }
  }
  return !between.empty();
}

struct Clause {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::optional<std::size_t> opened_at = {};  // of a clause in brackets: where they open
};

// The part of the sentence around a position, cut at commas, semicolons, colons, brackets and conjunctions.
Clause clause_at(std::string_view text, std::size_t begin, std::size_t end) {
  constexpr std::array<std::string_view, 8> kCuts = {" and ", " but ",    " while ",    " whereas ",
                                                     " yet ", " though ", " although ", " so "};
  Clause clause{.begin = 0, .end = text.size()};
  for (std::size_t at = begin; at > 0; --at) {
    const char c = text[at - 1];
    const bool inside_number = c == ',' && at < text.size() &&
                               std::isdigit(static_cast<unsigned char>(text[at])) != 0 && at >= 2 &&
                               std::isdigit(static_cast<unsigned char>(text[at - 2])) != 0;
    bool cut = c == ';' || c == ':' || c == '(' || (c == ',' && !inside_number);
    if (c == '(') clause.opened_at = at - 1;
    for (const std::string_view word : kCuts) {
      if (at >= word.size() && text.substr(at - word.size(), word.size()) == word) cut = true;
    }
    if (text.substr(at - 1).starts_with("—") || text.substr(at - 1).starts_with("–")) {
      if (at >= 2 && text[at - 2] == ' ') cut = true;
    }
    if (cut) {
      clause.begin = at;
      break;
    }
  }
  for (std::size_t at = end; at < text.size(); ++at) {
    const char c = text[at];
    bool cut = c == ';' || c == ':' || c == ')' || c == '(' || c == ',';
    for (const std::string_view word : kCuts) cut = cut || text.substr(at).starts_with(word);
    if (cut) {
      clause.end = at;
      break;
    }
  }
  return clause;
}

struct Chosen {
  std::vector<std::string> values;
  bool pinned = false;
};

// Numbers of things: a decimal number is never one.
bool counts_things(const Mention& mention) {
  constexpr std::array<std::string_view, 11> kCounts = {
      "n",       "class_n",    "lost",        "gained", "flips", "net", "wrong_to_wrong",
      "classes", "replicates", "noise_flips", "family"};
  return mention.kind == MentionKind::kMetric &&
         std::ranges::all_of(mention.means, [&](const std::string& each) {
           return std::ranges::find(kCounts, each) != kCounts.end();
         });
}

class Reader {
 public:
  Reader(const Passage& passage, std::size_t number)
      : passage_(passage), number_(passage.numbers[number]), index_(number) {
    clause_ = clause_at(passage.text, number_.begin, number_.end);
  }

  // Of one kind: what is tied to the number.
  [[nodiscard]] Chosen narrow(MentionKind kind) const {
    Chosen chosen = by_list(kind);
    if (chosen.pinned) return chosen;
    const Mention* before = nullptr;
    for (const Mention& each : passage_.mentions) {
      if (each.kind != kind || each.begin < clause_.begin || each.end > number_.begin) continue;
      if (!number_.integer && counts_things(each)) continue;
      if (!number_between(each.end, number_.begin) || kind != MentionKind::kMetric) before = &each;
    }
    if (before == nullptr && clause_.opened_at) before = chained_before(kind, *clause_.opened_at);
    const Mention* behind = joined_behind(kind);
    if (before != nullptr && compared_between(before->end)) before = nullptr;
    // Counted things follow their number: "11 lost".
    if (kind == MentionKind::kMetric && behind != nullptr && number_.integer) before = nullptr;
    for (const Mention* each : {before, behind}) {
      if (each != nullptr) add_group(*each, chosen.values);
    }
    chosen.pinned = !chosen.values.empty();
    return chosen;
  }

  [[nodiscard]] bool near_word(std::string_view word, std::size_t reach) const {
    return std::ranges::any_of(passage_.mentions, [&](const Mention& each) {
      if (each.kind != MentionKind::kWord || each.means.front() != word) return false;
      if (each.end <= number_.begin) return number_.begin - each.end <= reach;
      if (each.begin >= number_.end) return each.begin - number_.end <= reach;
      return true;  // it lies over the number: "95 %"
    });
  }
  [[nodiscard]] bool word_just_before(std::string_view word, std::size_t reach) const {
    return std::ranges::any_of(passage_.mentions, [&](const Mention& each) {
      return each.kind == MentionKind::kWord && each.means.front() == word && each.end <= number_.begin &&
             number_.begin - each.end <= reach && !number_between(each.end, number_.begin);
    });
  }

  // "7 of 60", "out of the 283", "among 60".
  [[nodiscard]] bool is_total() const {
    std::string_view before = std::string_view(passage_.text).substr(0, number_.begin);
    for (const std::string_view article : {"the ", "its ", "these ", "those "}) {
      if (before.ends_with(article)) before.remove_suffix(article.size());
    }
    for (const std::string_view word : {" of ", " among ", "(of "}) {
      if (before.ends_with(word)) return true;
    }
    return before == "of " || before == "among ";
  }

 private:
  [[nodiscard]] bool number_between(std::size_t from, std::size_t to) const {
    return std::ranges::any_of(
        passage_.numbers, [&](const WrittenNumber& each) { return each.begin >= from && each.end <= to; });
  }

  [[nodiscard]] bool compared_between(std::size_t from) const {
    return std::ranges::any_of(passage_.mentions, [&](const Mention& each) {
      return each.kind == MentionKind::kWord && each.means.front() == "comparison" && each.begin >= from &&
             each.end <= number_.begin;
    });
  }

  // "0.041 at fp16", "the 2.31 ms of the encoder".
  [[nodiscard]] const Mention* joined_behind(MentionKind kind) const {
    std::size_t from = number_.end;
    // Names in a row belong together: "2.31 ms for encoder fp16".
    for (const Mention& each : passage_.mentions) {
      if (each.begin < from || each.kind == MentionKind::kWord) continue;
      std::string between = passage_.text.substr(from, each.begin - from);
      // "2.31 ms (fp16)": a name alone in brackets.
      const bool closed = each.end < passage_.text.size() && passage_.text[each.end] == ')';
      if (closed && between.ends_with('(')) between.pop_back();
      if (!only_fillers(between)) return nullptr;
      if (each.kind == kind && (number_.integer || !counts_things(each))) return &each;
      from = each.end;
    }
    return nullptr;
  }

  // Names that end where the brackets open: "encoder int4 tail (+10.0 points".
  [[nodiscard]] const Mention* chained_before(MentionKind kind, std::size_t open) const {
    std::size_t to = open;
    for (auto each = passage_.mentions.rbegin(); each != passage_.mentions.rend(); ++each) {
      if (each->end > to || each->kind == MentionKind::kWord) continue;
      if (!only_fillers(std::string_view(passage_.text).substr(each->end, to - each->end))) return nullptr;
      if (each->kind == kind) return &*each;
      to = each->begin;
    }
    return nullptr;
  }

  // The mention with those that are listed with it: "encoder and decoder".
  void add_group(const Mention& one, std::vector<std::string>& values) const {
    std::vector<const Mention*> same;
    for (const Mention& each : passage_.mentions) {
      if (each.kind == one.kind) same.push_back(&each);
    }
    const auto at = std::ranges::find(same, &one);
    if (at == same.end()) return;
    const auto linked = [&](const Mention* a, const Mention* b) {
      return a->end <= b->begin &&
             only_separators(std::string_view(passage_.text).substr(a->end, b->begin - a->end));
    };
    auto first = at;
    while (first != same.begin() && linked(*(first - 1), *first)) --first;
    auto last = at;
    while (last + 1 != same.end() && linked(*last, *(last + 1))) ++last;
    for (auto each = first; each <= last; ++each) {
      for (const std::string& value : (*each)->means) {
        if (std::ranges::find(values, value) == values.end()) values.push_back(value);
      }
    }
  }

  // The k-th of n numbers in a row and n names in a row: "0.081, 0.057 and 0.045 for fp16, int8 and int4".
  [[nodiscard]] Chosen by_list(MentionKind kind) const {
    std::size_t first = index_;
    while (first > 0 && in_one_run(first - 1, first)) --first;
    std::size_t last = index_;
    while (last + 1 < passage_.numbers.size() && in_one_run(last, last + 1)) ++last;
    const std::size_t count = last - first + 1;
    if (count < 2 || kind == MentionKind::kMetric) return {};
    std::vector<const Mention*> run;
    for (const Mention& each : passage_.mentions) {
      if (each.kind != kind) continue;
      const bool linked =
          !run.empty() && each.begin >= run.back()->end && listed(run.back()->end, each.begin);
      if (!linked && run.size() == count) break;
      if (!linked) run.clear();
      run.push_back(&each);
    }
    if (run.size() != count) return {};
    return {.values = run[index_ - first]->means, .pinned = true};
  }

  // Only separators between two places, names of configurations apart: "encoder fp16, encoder int8".
  [[nodiscard]] bool listed(std::size_t from, std::size_t to) const {
    std::string between = passage_.text.substr(from, to - from);
    for (const Mention& each : passage_.mentions) {
      const bool name = each.kind == MentionKind::kModel || each.kind == MentionKind::kRecipe;
      if (!name || each.begin < from || each.end > to) continue;
      std::fill(between.begin() + static_cast<std::ptrdiff_t>(each.begin - from),
                between.begin() + static_cast<std::ptrdiff_t>(each.end - from), ' ');
    }
    return only_separators(between);
  }

  [[nodiscard]] bool in_one_run(std::size_t a, std::size_t b) const {
    const WrittenNumber& one = passage_.numbers[a];
    const WrittenNumber& two = passage_.numbers[b];
    if (one.in_brackets || two.in_brackets || one.end > two.begin) return false;
    return only_separators(std::string_view(passage_.text).substr(one.end, two.begin - one.end));
  }

  const Passage& passage_;
  const WrittenNumber& number_;
  std::size_t index_;
  Clause clause_;
};

void merge(std::vector<std::string>& into, const std::vector<std::string>& more) {
  for (const std::string& value : more) {
    if (std::ranges::find(into, value) == into.end()) into.push_back(value);
  }
}

// Of one kind: what the sentence names, and where it names nothing, what stands around it.
std::vector<std::string> around(const Passage& passage, MentionKind kind, bool integer, bool& near) {
  near = true;
  for (const std::vector<Mention>* list :
       {&passage.mentions, &passage.before, &passage.lead_in, &passage.heading}) {
    // "Before this" above a section is no word about a fit.
    if (kind == MentionKind::kFit && list == &passage.heading) break;
    std::vector<Mention> of_kind;
    for (const Mention& each : *list) {
      // A bare "before" or "after" of another sentence is about anything.
      if (kind == MentionKind::kFit && list != &passage.mentions && each.end - each.begin <= 6) continue;
      if (each.kind == kind && (integer || !counts_things(each))) of_kind.push_back(each);
    }
    if (std::vector<std::string> values = said(of_kind, kind); !values.empty()) return values;
    near = false;
  }
  return {};
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

// What the unit says of the metric outweighs words: milliseconds are time, points a difference.
void metric_of_unit(const Passage& passage, const WrittenNumber& number, bool metric_is_near, Scope& scope) {
  const WrittenUnit unit = number.unit == WrittenUnit::kNone ? passage.column_unit : number.unit;
  if (unit == WrittenUnit::kMilliseconds || unit == WrittenUnit::kBytes) {
    const char* metric = unit == WrittenUnit::kMilliseconds ? "latency" : "memory";
    const std::string headroom = std::string(metric) + "_headroom";
    scope.metric = {.values = {metric, headroom}, .pinned = true};
    return;
  }
  const bool points_around = counts_in_points(passage);
  const bool bare = number.unit == WrittenUnit::kNone && !number.integer;
  const bool points = number.unit == WrittenUnit::kPoints ||
                      (number.unit == WrittenUnit::kNone && passage.column_unit == WrittenUnit::kPoints) ||
                      (bare && points_around && scope.metric.values.empty());
  if (points) {
    constexpr std::array<std::string_view, 9> kDifferences = {
        "accuracy_change", "contrast",   "macro_f1_difference", "tier_f1",   "ece",
        "ece_difference",  "detectable", "class_accuracy",      "gate_share"};
    std::erase_if(scope.metric.values, [&](const std::string& each) {
      return std::ranges::find(kDifferences, each) == kDifferences.end();
    });
    const bool tiers = !said(passage.mentions, MentionKind::kTier).empty();
    if (tiers && !metric_is_near) scope.metric.values.clear();
    // Of accuracy unless something else is named; a tier has no other number that is counted in points.
    if (scope.metric.values.empty() || tiers) {
      merge(scope.metric.values, {"accuracy_change", "detectable"});
      // One change against another needs both sides in the sentence.
      const auto several = [&](MentionKind kind) { return said(passage.mentions, kind).size() > 1; };
      if (says(passage.mentions, "comparison") &&
          (several(MentionKind::kTier) || several(MentionKind::kModel) || several(MentionKind::kRecipe))) {
        merge(scope.metric.values, {"contrast"});
      }
    }
    return;
  }
  // A class's own numbers, where nothing says which.
  if (scope.label.pinned && !scope.metric.pinned) scope.metric = {};
  if (!scope.label.values.empty() && !number.integer && !scope.metric.values.empty()) {
    merge(scope.metric.values, {"class_accuracy", "probability", "tier_f1"});
  }
  if (bare && points_around && !scope.metric.values.empty()) merge(scope.metric.values, {"accuracy_change"});
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
      // A column that names a fit is about calibration.
      if (kind == MentionKind::kMetric && !(scopes.narrow.*set).pinned &&
          !said(passage.column_mentions, MentionKind::kFit).empty()) {
        scopes.narrow.*set = {.values = {"ece", "temperature", "ece_difference"}, .pinned = true};
      }
      scopes.wide.*set = scopes.narrow.*set;
      if (kind == MentionKind::kMetric) scopes.metric_is_near = (scopes.narrow.*set).pinned;
      return;
    }
    bool near = false;
    (scopes.wide.*set).values = around(passage, kind, number.integer, near);
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
  // "lower than that of fp16 [-0.10, -0.01]": the reference is what a difference is taken to, not whose it
  // is.
  const bool difference =
      number.sign != 0 || number.unit == WrittenUnit::kPoints || number.in_range || number.in_brackets;
  if (!is_cell && difference && scopes.narrow.recipe.pinned &&
      scopes.narrow.recipe.values == std::vector{evidence.reference_recipe}) {
    scopes.narrow.recipe = scopes.wide.recipe;
  }
  fill(MentionKind::kTier, &Scope::tier);
  fill(MentionKind::kLabel, &Scope::label);
  fill(MentionKind::kMetric, &Scope::metric);
  fill(MentionKind::kFit, &Scope::fit);
  if (is_cell) {
    split_by_column(passage, index, scopes.narrow.metric);
    scopes.wide.metric = scopes.narrow.metric;
    keep_exact_fits(passage.column_mentions, scopes.narrow.fit.values);
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
  const bool metric_is_said = scopes.metric_is_near;
  if (!scopes.metric_is_near && !number.integer && number.unit == WrittenUnit::kNone) {
    // "held-out: 0.041" speaks of calibration; a heading or the sentence before says what a list of numbers
    // is.
    const bool owned = scopes.narrow.model.pinned || scopes.narrow.recipe.pinned;
    scopes.metric_is_near =
        !said(passage.mentions, MentionKind::kFit).empty() || (owned && !scopes.wide.metric.values.empty());
  }
  for (Scope* scope : {&scopes.narrow, &scopes.wide}) metric_of_unit(passage, number, metric_is_said, *scope);
  scopes.hypothetical = says(passage.mentions, "hypothetical");
  scopes.bounding = reader.word_just_before("bounding", 4);
  scopes.approximate = reader.word_just_before("approximate", 3);
  scopes.convention = reader.near_word("convention", 6);
  scopes.is_difference =
      number.sign != 0 || reader.word_just_before("difference", 12) || says(passage.mentions, "difference");
  return scopes;
}

bool counts_in_points(const Passage& passage) {
  if (passage.kind != PassageKind::kSentence) return false;
  if (std::ranges::any_of(passage.numbers,
                          [](const WrittenNumber& each) { return each.unit == WrittenUnit::kPoints; }))
    return true;
  // A heading or the paragraph before a list may say it once for all of it; then a tier is what is counted.
  if (said(passage.mentions, MentionKind::kTier).empty()) return false;
  return says(passage.before, "points") || says(passage.lead_in, "points") || says(passage.heading, "points");
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
  return scope.fit.allows(fact.fit);
}

}  // namespace quantier
