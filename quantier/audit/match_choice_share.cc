#include "quantier/audit/match_choice_share.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/relation.h"
#include "quantier/audit/sentence_text.h"

namespace quantier {
namespace {

using audit_internal::any_word_of;
using audit_internal::between;
using audit_internal::lowered;
using audit_internal::segment_at;
using audit_internal::Span;

constexpr std::string_view kResampling[] = {
    "resample",   "resamples",  "resampled", "resampling", "resamplings", "replicates",
    "bootstrap",  "bootstraps", "draws",     "redraws",    "drawings",    "drawing",
    "drawn anew", "redrawn",    "reshuffle", "reshuffles", "reshuffled",  "reshuffling"};
constexpr std::string_view kChoosing[] = {"same",     "choice",  "choose",   "chooses", "chosen",    "pick",
                                          "picks",    "picked",  "wins",     "win",     "winner",    "again",
                                          "recurs",   "repeats", "repeated", "repeat",  "stability", "stable",
                                          "selected", "selects", "outcome",  "taken"};
constexpr std::string_view kTheSame[] = {"same",   "again",       "recurs",     "repeats",   "repeated",
                                         "repeat", "this choice", "the choice", "the winner"};
constexpr std::string_view kNobody[] = {"nothing",   "none",         "nobody",     "no one",
                                        "no option", "no winner",    "no pick",    "no configuration",
                                        "no choice", "no candidate", "no variant", "no model"};
// Of something else than who is chosen.
constexpr std::string_view kElse[] = {
    "alone",   "dominates", "dominated", "undominated", "frontier", "interval", "intervals", "confidence",
    "texts",   "examples",  "answers",   "predictions", "met",      "meets",    "meet",      "pass",
    "passes",  "passed",    "passing",   "holds",       "keeps",    "limit",    "limits",    "ceiling",
    "floor",   "fail",      "fails",     "failed",      "misses",   "violated", "violates",  "viable",
    "if only", "more",      "less",      "fewer",       "above",    "below",    "most",      "least"};

// "Replicates" are themselves something that is counted, and "81 % of the time" is no latency.
bool names_a_measure(const std::vector<Mention>& here, std::string_view clause) {
  const bool often = clause.find("of the time") != std::string_view::npos;
  return std::ranges::any_of(said(here, MentionKind::kMetric), [&](const std::string& metric) {
    return metric != "replicates" && !(often && metric == "latency");
  });
}

// Who a clause says is chosen, and in which shares of the resampled data each of those is.
struct Chosen {
  std::string who;
  std::vector<double> shares;
};

std::optional<Chosen> chosen_in(const Passage& passage, std::string_view clause, Span span,
                                const AuditEvidence& evidence) {
  const std::vector<Mention> here = between(passage.mentions, span.begin, span.end);
  if (any_word_of(clause, kNobody)) {
    if (!evidence.nothing_share) return std::nullopt;
    return Chosen{"nothing passes", {*evidence.nothing_share}};
  }
  if (any_word_of(clause, kElse) || names_a_measure(here, clause)) return std::nullopt;
  const std::vector<std::string> models = said(here, MentionKind::kModel);
  const std::vector<std::string> recipes = said(here, MentionKind::kRecipe);
  if (recipes.size() == 1 && models.size() <= 1) {
    Chosen chosen{recipes.front() + " is chosen", {}};
    for (const AuditConfiguration& each : evidence.configurations) {
      if (each.recipe != recipes.front() || (!models.empty() && each.model != models.front())) continue;
      if (!each.chosen_share) return std::nullopt;
      chosen.shares.push_back(*each.chosen_share);
      if (!models.empty()) chosen.who = each.display() + " is chosen";
    }
    if (chosen.shares.empty()) return std::nullopt;
    return chosen;
  }
  if (!models.empty() || !recipes.empty() || !any_word_of(clause, kTheSame) || !evidence.same_choice_share)
    return std::nullopt;
  return Chosen{"the same is chosen", {*evidence.same_choice_share}};
}

}  // namespace

void check_choice_shares(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                         const AuditEvidence& evidence) {
  if (passage.appendix || passage.kind != PassageKind::kSentence || says(passage.mentions, "prior")) return;
  const std::string text = lowered(passage.text);
  // "The others: 9 % demo-encoder int4 and 5 % nothing."
  const bool goes_on =
      says(passage.before, "resampled") && any_word_of(text, {"others", "the rest", "remaining"});
  if (!goes_on && !(any_word_of(text, kResampling) && any_word_of(text, kChoosing))) return;
  for (CheckedNumber* each : numbers) {
    const WrittenNumber& number = passage.numbers[each->number];
    if (number.unit != WrittenUnit::kPercent || number.in_brackets || number.in_range || number.in_words ||
        number.sign != 0 || number.end > text.size())
      continue;
    const Span span = segment_at(text, number.begin);
    const std::string_view clause = std::string_view(text).substr(span.begin, span.end - span.begin);
    const auto chosen = chosen_in(passage, clause, span, evidence);
    if (!chosen) continue;
    NumberFinding found{.verdict = NumberVerdict::kSourced, .facts = {}, .why = {}};
    double noise = 0.0;  // what another seed may move such a share by
    for (std::size_t i = 0; i < evidence.facts.size(); ++i) {
      const Fact& fact = evidence.facts[i];
      if (fact.metric != "resampled_share" ||
          std::ranges::find(chosen->shares, fact.value) == chosen->shares.end())
        continue;
      found.facts.push_back(i);
      noise = std::max(noise, 3.0 * fact.monte_carlo_sd);
    }
    const bool fits = std::ranges::any_of(chosen->shares, [&](double share) {
      return std::fabs(share - number.value) <= 1.001 * number.half_width + noise;
    });
    if (fits) {
      each->finding = std::move(found);
      continue;
    }
    each->finding = {
        .verdict = NumberVerdict::kContradicts,
        .facts = {},
        .why = fmt::format("{} in {:.0f} % of resampled data", chosen->who, 100.0 * chosen->shares.front())};
  }
}

}  // namespace quantier
