// Too sure or not sure enough, and what a temperature does about it: a fitted temperature above one says that
// the raw confidence is too high, below one that it is too low.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/direction_words.h"
#include "quantier/audit/relation.h"
#include "quantier/audit/sentence_text.h"

namespace quantier::audit_internal {
namespace {

bool is_meant(const Fact& fact, const Passage& passage) {
  const std::vector<std::string> models = said(passage.mentions, MentionKind::kModel);
  const std::vector<std::string> recipes = said(passage.mentions, MentionKind::kRecipe);
  return (models.empty() || contains(models, fact.model)) &&
         (recipes.empty() || contains(recipes, fact.recipe));
}

// +1: every temperature that is meant is above one; -1: below; 0: neither, or none is known.
int side_of_one(const Passage& passage, const AuditEvidence& evidence) {
  int side = 0;
  for (const Fact& fact : evidence.facts) {
    if (fact.metric != "temperature" || fact.role != FactRole::kValue || fact.difference ||
        fact.model.empty() || !is_meant(fact, passage))
      continue;
    const int own = fact.value > 1.0 ? 1 : -1;
    if (side != 0 && side != own) return 0;
    side = own;
  }
  return side;
}

std::string wrong_side(const Passage& passage, const AuditEvidence& evidence) {
  const std::string lower = lowered(passage.text);
  constexpr std::array<std::string_view, 12> kUnder = {"underconfident",
                                                       "under-confident",
                                                       "underconfidence",
                                                       "under-confidence",
                                                       "too modest",
                                                       "not confident enough",
                                                       "confidence is too low",
                                                       "confidences are too low",
                                                       "not sure enough",
                                                       "too diffident",
                                                       "less sure than they should",
                                                       "less confident than"};
  constexpr std::array<std::string_view, 12> kOver = {
      "overconfident",          "over-confident",
      "overconfidence",         "over-confidence",
      "too confident",          "too sure of",
      "confidence is too high", "confidences are too high",
      "surer than they should", "more confident than they should",
      "too cocksure",           "exaggerated confidence"};
  // "The raw confidence of both models is too low."
  const bool of_confidence = lower.find("confidence") != std::string::npos;
  const bool under = any_word_of(lower, kUnder) || (of_confidence && any_word_of(lower, {"too low"}));
  const bool over = any_word_of(lower, kOver) || (of_confidence && any_word_of(lower, {"too high"}));
  if (under == over) return {};
  const int side = side_of_one(passage, evidence);
  if (side == 0 || (side > 0) == over) return {};
  return fmt::format("every temperature that is meant lies {} one: the raw confidence is too {}",
                     side > 0 ? "above" : "below", side > 0 ? "high" : "low");
}

// "Scaling raises the ECE": of everybody who is meant, the error before and after.
std::string wrong_effect(const Passage& passage, const AuditEvidence& evidence) {
  constexpr std::size_t kReach = 60;
  const std::string lower = lowered(passage.text);
  std::size_t subject = std::string::npos;
  for (const std::string_view word : {"scaling", "temperature", "rescaling", "one scalar"}) {
    subject = std::min(subject, find_word(lower, word));
  }
  if (subject == std::string::npos) return {};
  const auto error = std::ranges::find_if(passage.mentions, [&](const Mention& each) {
    return each.kind == MentionKind::kMetric && contains(each.means, "ece") && each.begin > subject &&
           each.begin - subject <= kReach;
  });
  if (error == passage.mentions.end()) return {};
  const auto direction = direction_in(passage.text, subject, error->begin, true);
  if (!direction) return {};
  const bool up = direction->up != direction->judges;  // to improve an error is to lower it
  bool any = false;
  for (const AuditConfiguration& each : evidence.configurations) {
    std::optional<double> raw;
    std::optional<double> after;
    for (const Fact& fact : evidence.facts) {
      if (fact.metric != "ece" || fact.role != FactRole::kValue || fact.difference ||
          fact.model != each.model || fact.recipe != each.recipe || !fact.tier.empty() ||
          !is_meant(fact, passage))
        continue;
      if (fact.fit == "raw") raw = fact.value;
      if (fact.fit == "held-out") after = fact.value;
    }
    if (!raw || !after) continue;
    any = true;
    if ((*after > *raw) == up) return {};
  }
  if (!any) return {};
  return fmt::format("\"{}\", and the temperature {} the error of all who are meant",
                     passage.text.substr(direction->begin, direction->end - direction->begin),
                     up ? "lowers" : "raises");
}

}  // namespace

std::string wrong_confidence(const Passage& passage, const AuditEvidence& evidence) {
  if (is_cautious(passage.mentions, passage) || says(passage.mentions, "negation") ||
      says(passage.mentions, "reported") || says(passage.mentions, "prior"))
    return {};
  if (std::string why = wrong_side(passage, evidence); !why.empty()) return why;
  return wrong_effect(passage, evidence);
}

}  // namespace quantier::audit_internal
