// How sure a clause is, and what it says was done, against the verdict of the comparisons that it names.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "quantier/audit/certainty.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/relation.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

// "It does, and everybody can see it", "both effects": the sentence before says of what.
bool refers_back(const ClaimClause& clause, const Passage& passage) {
  constexpr std::array<std::string_view, 18> kBack = {
      "it ",       "this ",        "that ",         "both ",           "these ",      "they ",
      "the loss ", "the effect ",  "the drop ",     "the difference ", "the change ", "treat it",
      "neither ",  "all of them ", "each of them ", "the dip ",        "yes",         "so it "};
  std::string text =
      lowered(std::string_view(passage.text).substr(clause.begin, clause.end - clause.begin)) + " ";
  while (text.starts_with(' ')) text.erase(0, 1);
  for (const std::string_view word : {"and ", "but ", "true, and ", "yes, "}) {
    if (text.starts_with(word)) text.erase(0, word.size());
  }
  const auto back = [&](std::string_view start) {
    return std::ranges::any_of(kBack, [&](std::string_view word) { return start.starts_with(word); });
  };
  return back(text) || (clause.begin > 0 && back(lowered(std::string_view(passage.text).substr(0, 16))));
}

bool speaks_of_tests(const ClaimClause& clause, const Passage& passage) {
  constexpr std::array<std::string_view, 8> kTests = {
      "zero",        " cell",       "resolved",         "distinguishable",
      "significant", "tier change", "established loss", "contrast"};
  const std::string text =
      lowered(std::string_view(passage.text).substr(clause.begin, clause.end - clause.begin));
  return std::ranges::any_of(kTests,
                             [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

// "The encoder is clearly better than the decoder": no comparison with the reference.
bool compares_models(const ClaimClause& clause, const Passage& passage) {
  if (said(clause.mentions, MentionKind::kModel).size() < 2) return false;
  const bool tier = std::ranges::any_of(said(clause.mentions, MentionKind::kTier),
                                        [](const std::string& each) { return !each.empty(); });
  const std::vector<std::string> metrics = said(clause.mentions, MentionKind::kMetric);
  if (contains(metrics, "macro_f1") && !tier) return true;
  constexpr std::array<std::string_view, 9> kAgainst = {
      " than ", " over ", " against ", " between ", " behind ", " beats ", " ahead ", " trails ", " versus "};
  const std::string_view text =
      std::string_view(passage.text).substr(clause.begin, clause.end - clause.begin);
  return std::ranges::any_of(
      kAgainst, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

// Comparisons that a clause can be about: every name it has must fit.
std::vector<const AuditComparison*> subjects(const Passage& passage, const ClaimClause& clause,
                                             const AuditEvidence& evidence) {
  const std::vector<std::string> models = names(clause.mentions, passage, MentionKind::kModel);
  const std::vector<std::string> recipes = names(clause.mentions, passage, MentionKind::kRecipe);
  std::vector<std::string> tiers = said(clause.mentions, MentionKind::kTier);
  if (tiers.empty()) tiers = said(passage.mentions, MentionKind::kTier);
  if (tiers.empty() && refers_back(clause, passage)) tiers = said(passage.before, MentionKind::kTier);
  std::vector<const AuditComparison*> found;
  for (const AuditComparison& each : evidence.comparisons) {
    if (!models.empty() && !contains(models, each.model)) continue;
    if (!recipes.empty() && !contains(recipes, each.recipe)) continue;
    if (!tiers.empty() && !contains(tiers, each.tier)) continue;
    found.push_back(&each);
  }
  return found;
}

bool is_strength(const Mention& each) {
  if (each.kind != MentionKind::kWord) return false;
  for (const char* kind : {"strong", "harm", "help", "cost", "gain", "equivalence"}) {
    if (each.means.front() == kind) return true;
  }
  return false;
}

// Whether a clause speaks of accuracy and not of time, memory or calibration. Words inside of a claim's own
// ("with confidence") say nothing of that.
bool about_quality(const ClaimClause& clause, const Passage& passage) {
  std::vector<Mention> mentions = clause.mentions;
  std::erase_if(mentions, [&](const Mention& each) {
    return each.kind == MentionKind::kMetric &&
           std::ranges::any_of(clause.mentions, [&](const Mention& other) {
             return is_strength(other) && other.begin <= each.begin && each.end <= other.end;
           });
  });
  const auto one_of = [](const std::vector<std::string>& metrics, std::initializer_list<const char*> list) {
    return std::ranges::any_of(list, [&](const char* name) { return contains(metrics, name); });
  };
  const std::vector<std::string> metrics = said(mentions, MentionKind::kMetric);
  if (one_of(metrics, {"accuracy", "accuracy_change", "macro_f1", "lost", "gained", "flips"})) return true;
  if (one_of(metrics, {"latency", "memory", "ece", "temperature", "gate_threshold"})) return false;
  if (!said(mentions, MentionKind::kTier).empty()) return true;
  // "Both are real": of what the sentence before tells of tiers.
  // "Two cells are resolved", "no interval holds zero": comparisons are, and nothing else.
  if (metrics.empty() && speaks_of_tests(clause, passage)) return true;
  if (metrics.empty() && refers_back(clause, passage) && !said(passage.before, MentionKind::kTier).empty())
    return true;
  // "int4 demonstrably harms both there": of what the sentences before or the heading speak of.
  const bool damage = says(mentions, "harm") || says(mentions, "cost") || says(mentions, "gain");
  if (damage && metrics.empty() && said(passage.mentions, MentionKind::kMetric).empty()) {
    for (const std::vector<Mention>* list : {&passage.before, &passage.heading}) {
      if (!said(*list, MentionKind::kTier).empty()) return true;
    }
  }
  return one_of(said(passage.mentions, MentionKind::kMetric), {"accuracy", "accuracy_change", "macro_f1"}) ||
         !said(passage.mentions, MentionKind::kTier).empty();
}

std::string comparison_text(const AuditComparison& each) {
  return fmt::format("{} {}, {}: {:+.1f} points, {}, {}", each.model, each.recipe,
                     each.tier.empty() ? std::string("all examples") : each.tier, 100.0 * each.delta,
                     evidence_word_name(each.evidence), size_word_name(each.size));
}

bool has_tier(const ClaimClause& clause) {
  return std::ranges::any_of(said(clause.mentions, MentionKind::kTier),
                             [](const std::string& tier) { return !tier.empty(); });
}

bool has_points(const Passage& passage, const ClaimClause& clause) {
  return std::ranges::any_of(passage.numbers, [&](const WrittenNumber& each) {
    return each.begin >= clause.begin && each.end <= clause.end && !each.in_words;
  });
}

// "28 spoiled and 30 repaired": a number of answers, and what became of them.
bool is_counted(const Passage& passage, const Mention& word) {
  return std::ranges::any_of(passage.numbers, [&](const WrittenNumber& each) {
    return each.integer && each.unit == WrittenUnit::kNone && each.end + 1 == word.begin;
  });
}

}  // namespace

std::string overclaimed(const Passage& passage, const ClaimClause& clause, const AuditEvidence& evidence,
                        const Published& published) {
  const Certainty certainty = certainty_of(passage, clause);
  const Mention* harm = first_word(clause.mentions, "harm");
  const Mention* help = first_word(clause.mentions, "help");
  // A comparison of a tier without its number.
  if (!has_points(passage, clause) && has_tier(clause)) {
    if (harm == nullptr) harm = first_word(clause.mentions, "cost");
    if (help == nullptr) help = first_word(clause.mentions, "gain");
  }
  // "breaks two limits" harms nobody.
  if (harm != nullptr && says(clause.mentions, "limit") &&
      std::ranges::any_of(clause.mentions, [&](const Mention& each) {
        return each.kind == MentionKind::kWord && each.means.front() == "fail" && each.begin == harm->begin;
      }))
    harm = nullptr;
  if (harm != nullptr && is_counted(passage, *harm)) harm = nullptr;
  if (help != nullptr && is_counted(passage, *help)) help = nullptr;
  const bool sure = !certainty.sure.empty();
  const Mention* same = first_word(clause.mentions, "equivalence");
  // Beside numbers it describes them.
  const bool told_in_numbers = std::ranges::any_of(
      passage.numbers, [](const WrittenNumber& each) { return !each.integer || each.in_brackets; });
  if (same == nullptr && (sure || !told_in_numbers)) same = first_word(clause.mentions, "unchanged");
  if ((!sure && harm == nullptr && help == nullptr && same == nullptr) || certainty.cautious) return {};
  // How sure somebody is of a frontier says nothing of a loss: claim_dominance.cc holds that against the
  // evidence.
  const bool of_frontier = says(clause.mentions, "frontier") || says(clause.mentions, "dominated");
  if (of_frontier && harm == nullptr && help == nullptr && same == nullptr) return {};
  const Span part = part_at(passage.text, clause.begin);
  if (!cited_in(std::string_view(passage.text).substr(part.begin, part.end - part.begin), published)
           .empty() &&
      said(clause.mentions, MentionKind::kTier).empty())
    return {};
  if (!about_quality(clause, passage) || compares_models(clause, passage)) return {};
  // Who is meant must be said, a recipe or a model, and close by.
  const bool named = !said(passage.mentions, MentionKind::kRecipe).empty() ||
                     !said(passage.mentions, MentionKind::kModel).empty() ||
                     says(passage.mentions, "quantized") ||
                     !said(passage.row_mentions, MentionKind::kRecipe).empty() ||
                     (refers_back(clause, passage) && !said(passage.before, MentionKind::kRecipe).empty());
  if (!named) return {};
  // "Half precision is safe": the reference is not compared with itself.
  if (said(clause.mentions, MentionKind::kRecipe) == std::vector{evidence.reference_recipe} &&
      !says(clause.mentions, "quantized"))
    return {};
  const std::vector<const AuditComparison*> about = subjects(passage, clause, evidence);
  if (about.empty()) return {};
  const Mention* told = harm != nullptr ? harm : help != nullptr ? help : same;
  const std::string said_word =
      sure ? certainty.sure : passage.text.substr(told->begin, told->end - told->begin);
  if (certainty.absence || (told == same && same != nullptr)) {
    // "In the other ten it is negligible": those that are excepted stand before.
    const std::string lower =
        lowered(std::string_view(passage.text).substr(clause.begin, clause.end - clause.begin));
    for (const std::string_view rest :
         {"the other", "the rest", "the remaining", "all others", "elsewhere"}) {
      if (lower.find(rest) != std::string::npos) return {};
    }
    const auto weak =
        std::ranges::find_if(about, [](const auto* each) { return each->size != SizeWord::kNegligible; });
    const bool negligible =
        std::ranges::any_of(about, [](const auto* each) { return each->size == SizeWord::kNegligible; });
    if (weak == about.end() || negligible) return {};
    return fmt::format("\"{}\", and the evidence does not show it: {}", said_word, comparison_text(**weak));
  }
  const auto carries = [&](const AuditComparison* each) {
    if (sure && !certainty.interval && each->evidence != EvidenceWord::kEstablished) return false;
    if (each->evidence == EvidenceWord::kUnresolved) return false;
    if (harm != nullptr) return each->delta < 0.0;
    return help == nullptr || each->delta > 0.0;
  };
  if (std::ranges::any_of(about, carries)) return {};
  const AuditComparison* strongest = about.front();
  for (const AuditComparison* each : about) {
    if (each->evidence == EvidenceWord::kDirectional) strongest = each;
  }
  return fmt::format("\"{}\" is more than the evidence carries: {}", said_word, comparison_text(*strongest));
}

}  // namespace quantier::audit_internal
