// Who is said to lie on a frontier, against the evidence: a configuration that is dominated wherever it was
// looked at is on none.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/claim_values.h"
#include "quantier/audit/relation.h"
#include "quantier/audit/roles.h"
#include "quantier/audit/sentence_text.h"

namespace quantier::audit_internal {
namespace {

// "A sits on the frontier", "A and B make up the frontier", "leaves A on the front", "A is efficient".
bool is_member_before(std::string_view between) {
  if (between.find_first_of(".;:(") != std::string_view::npos || between.size() > 70) return false;
  return any_word_of(between, {"on",          "is",      "are",     "make up", "makes up", "form",
                               "forms",       "share",   "shares",  "belong",  "belongs",  "constitute",
                               "constitutes", "remain",  "remains", "span",    "spans",    "define",
                               "defines",     "lie",     "lies",    "sits",    "sit",      "stays",
                               "stay",        "reaches", "reach",   "joins",   "join"}) &&
         !any_word_of(between, {"behind", "below",  "off",    "inside", "away", "only",  "except",
                                "beat",   "beats",  "than",   "from",   "to",   "under", "beneath",
                                "leaves", "pushes", "within", "short",  "near", "close"});
}

// "the frontier is made of A", "the frontier consists of A and B".
bool is_member_behind(std::string_view between) {
  if (between.find_first_of(".;(") != std::string_view::npos || between.size() > 50) return false;
  return any_word_of(between, {"ones are",       "set is",       "points are",   "configurations are",
                               "candidates are", "builds are",   "variants are", "made of",
                               "made up of",     "consists of",  "consist of",   "formed by",
                               "contains",       "contain",      "holds",        "includes",
                               "include",        "comprises",    "spanned by",   "members are",
                               "members:",       "runs through", "goes through", "passes through"});
}

// What two configurations are held against each other by: quality and time, quality and memory.
// kAll: calibration too, or nothing says by which.
enum class Axes : std::uint8_t { kAll, kAny, kTime, kMemory };

Axes axes_of(const Passage& passage) {
  for (const std::vector<Mention>* list :
       {&passage.mentions, &passage.before, &passage.lead_in, &passage.siblings, &passage.heading}) {
    const std::vector<std::string> metrics = said(*list, MentionKind::kMetric);
    if (contains(metrics, "ece")) return Axes::kAll;
    const bool time = contains(metrics, "latency");
    const bool memory = contains(metrics, "memory");
    if (time && memory) return Axes::kAny;
    if (time) return Axes::kTime;
    if (memory) return Axes::kMemory;
  }
  return Axes::kAll;
}

// Whether somebody is at least as good in everything, and better in something.
bool beaten_in_all(const AuditConfiguration& one, const AuditEvidence& evidence) {
  return std::ranges::any_of(evidence.configurations, [&](const AuditConfiguration& other) {
    bool better = false;
    for (const char* metric : {"macro_f1", "latency", "memory", "ece"}) {
      const std::vector<double> a = values_of(evidence, metric, one.model, one.recipe);
      const std::vector<double> b = values_of(evidence, metric, other.model, other.recipe);
      if (a.empty() || a.size() != b.size()) return false;
      for (std::size_t i = 0; i < a.size(); ++i) {
        const double gain = std::string_view(metric) == "macro_f1" ? b[i] - a[i] : a[i] - b[i];
        if (gain < 0.0) return false;
        better = better || gain > 0.0;
      }
    }
    return better;
  });
}

// Whether somebody has at least its quality at clearly less of the cost, by every protocol.
bool beaten_on(const AuditConfiguration& one, const char* cost, const AuditEvidence& evidence) {
  return std::ranges::any_of(evidence.configurations, [&](const AuditConfiguration& other) {
    const std::vector<double> own_quality = values_of(evidence, "macro_f1", one.model, one.recipe);
    const std::vector<double> quality = values_of(evidence, "macro_f1", other.model, other.recipe);
    const std::vector<double> a = values_of(evidence, cost, one.model, one.recipe);
    const std::vector<double> b = values_of(evidence, cost, other.model, other.recipe);
    if (quality.empty() || own_quality.empty() || a.empty() || a.size() != b.size()) return false;
    if (quality.front() < own_quality.front()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (b[i] >= 0.95 * a[i]) return false;
    }
    return true;
  });
}

// Everybody who may be meant is dominated where it is said to be on a frontier; null: somebody may be on it.
const AuditConfiguration* dominated_one(const NamedConfiguration& named, Axes axes,
                                        const AuditEvidence& evidence) {
  const AuditConfiguration* found = nullptr;
  for (const AuditConfiguration& each : evidence.configurations) {
    if ((!named.model.empty() && each.model != named.model) ||
        (!named.recipe.empty() && each.recipe != named.recipe))
      continue;
    const bool everywhere =
        axes == Axes::kAll ? beaten_in_all(each, evidence) : each.dominated && !each.frontier;
    const bool there = axes == Axes::kTime     ? each.dominated && beaten_on(each, "latency", evidence)
                       : axes == Axes::kMemory ? each.dominated && beaten_on(each, "memory", evidence)
                                               : false;
    // "The encoder is on the frontier" says no more than that one of it is.
    if (!everywhere && !there) return nullptr;
    if (found == nullptr) found = &each;
  }
  return found;
}

// Words of the frontier in a sentence: its name, and "on it" where the sentences before speak of one.
std::vector<Mention> fronts_in(const Passage& passage, std::string_view lower) {
  std::vector<Mention> fronts;
  for (const Mention& each : passage.mentions) {
    if (each.kind == MentionKind::kWord && each.means.front() == "frontier") fronts.push_back(each);
  }
  if (!fronts.empty() || !says(passage.before, "frontier")) return fronts;
  const auto add = [&](std::string_view phrase, std::vector<std::string> means) {
    const std::size_t at = find_word(lower, phrase);
    if (at == std::string_view::npos) return;
    fronts.push_back(
        {.kind = MentionKind::kWord, .means = std::move(means), .begin = at, .end = at + phrase.size()});
  };
  for (const std::string_view pronoun : {"on it", "on them", "on both"}) add(pronoun, {"frontier"});
  for (const std::string_view verb : {"keeps a place", "has a place", "earns a place", "holds a place",
                                      "keeps its place", "deserves a place"})
    add(verb, {"frontier", "verb"});
  return fronts;
}

// "On the frontier: A and B", a list behind a colon and nothing else.
bool listed_behind(std::string_view text, std::size_t front, const std::vector<NamedConfiguration>& named,
                   const NamedConfiguration& one) {
  std::size_t last = front;
  for (const NamedConfiguration& each : named) {
    if (each.begin < front) continue;
    const std::string_view gap = text.substr(last, each.begin - last);
    // "Frontier F1 x latency: { A, B }".
    constexpr std::size_t kAxes = 36;
    const bool opens = gap.size() <= kAxes && gap.find_first_of(".;") == std::string_view::npos &&
                       (gap.ends_with(": ") || gap.ends_with(": the ") || gap.ends_with(": { ") ||
                        gap.ends_with(": {") || gap.ends_with(" = ") || gap.ends_with(" = { "));
    if (last == front ? !opens : !only_separators(gap)) return false;
    if (each.begin == one.begin) return true;
    last = each.end;
  }
  return false;
}

}  // namespace

std::string wrong_frontier(const Passage& passage, const AuditEvidence& evidence) {
  if (is_cautious(passage.mentions, passage) || says(passage.mentions, "hypothetical")) return {};
  const std::vector<NamedConfiguration> named = possible_configurations_in(passage);
  const Axes axes = axes_of(passage);
  const std::string text = lowered(passage.text);
  for (const Mention& front : fronts_in(passage, text)) {
    const std::size_t cut = text.rfind(';', front.begin);
    const std::size_t begin = cut == std::string::npos ? 0 : cut;
    const std::size_t end = std::min(text.find(';', front.end), text.size());
    const std::vector<Mention> inside = between(passage.mentions, begin, end);
    const Span statement = statement_at(passage.text, front.begin);
    if (says(between(inside, statement.begin, statement.end), "negation")) continue;
    for (const NamedConfiguration& one : named) {
      if (one.begin < begin || one.end > end) continue;
      // "A keeps a place": the verb is part of the word.
      const bool keeps = one.end + 1 == front.begin && front.means.size() > 1;
      const bool before =
          one.end <= front.begin &&
          (keeps || is_member_before(std::string_view(text).substr(one.end, front.end - one.end)));
      const bool behind =
          one.begin >= front.end &&
          (is_member_behind(std::string_view(text).substr(front.end, one.begin - front.end)) ||
           listed_behind(text, front.end, named, one));
      if (!before && !behind) continue;
      // "A is dominated by B, which is on the frontier": of A nothing is said but that.
      if (says(between(inside, std::min(one.end, front.end), std::max(one.begin, front.begin)), "dominated"))
        continue;
      if (const AuditConfiguration* each = dominated_one(one, axes, evidence))
        return fmt::format("{} is dominated there", each->display());
    }
  }
  return {};
}

}  // namespace quantier::audit_internal
