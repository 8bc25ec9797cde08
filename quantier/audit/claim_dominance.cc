// Who is said to dominate whom, against quality, time and memory of the two.
#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/claim_values.h"
#include "quantier/audit/sentence_text.h"

namespace quantier::audit_internal {
namespace {

bool is_verb_between(std::string_view between) {
  constexpr std::array<std::string_view, 6> kStarts = {" is ",   " are ",       " was ",
                                                       " were ", ", which is ", ", which are "};
  for (const std::string_view start : kStarts) {
    if (!between.starts_with(start)) continue;
    const std::string_view rest = between.substr(start.size());
    if (rest.empty()) return true;
    for (const std::string_view word : {"also ", "hence ", "thus ", "therefore ", "clearly ", "itself "}) {
      if (rest == word) return true;
    }
  }
  return false;
}

// Nothing of the winner is better: the loser has at least its quality, and less time and less memory.
bool turned(const AuditEvidence& evidence, const NamedConfiguration& winner,
            const NamedConfiguration& loser) {
  const auto first = [&](const char* metric, const NamedConfiguration& of) {
    const std::vector<double> values = values_of(evidence, metric, of.model, of.recipe);
    return values.empty() ? -1.0 : values.front();
  };
  const double quality = first("macro_f1", loser) - first("macro_f1", winner);
  const double time = first("latency", winner) - first("latency", loser);
  const double memory = first("memory", winner) - first("memory", loser);
  if (first("latency", winner) < 0.0 || first("memory", winner) < 0.0 || first("latency", loser) < 0.0)
    return false;
  return quality >= 0.0 && time > 0.0 && memory > 0.0;
}

// "A has nothing to offer that B lacks", "A leaves B no axis on which to win".
std::string told_by_lack(const Passage& passage, const AuditEvidence& evidence) {
  struct Pattern {
    std::string_view text;
    bool first_loses;
  };
  constexpr std::array<Pattern, 14> kPatterns = {{{"has nothing to offer that", true},
                                                  {"brings nothing that", true},
                                                  {"offers nothing that", true},
                                                  {"adds nothing over", true},
                                                  {"adds nothing to", true},
                                                  {"has no advantage over", true},
                                                  {"has nothing over", true},
                                                  {"does nothing better than", true},
                                                  {"is better at nothing than", true},
                                                  {"leaves", false},
                                                  {"beats in everything", false},
                                                  {"is better in every respect than", false},
                                                  {"is better in everything than", false},
                                                  {"outdoes in every respect", false}}};
  const std::vector<NamedConfiguration> named = configurations_in(passage);
  const std::string lower = lowered(passage.text);
  for (const Pattern& pattern : kPatterns) {
    const std::size_t at = find_word(lower, pattern.text);
    if (at == std::string::npos) continue;
    const NamedConfiguration* first = last_before(named, at);
    const NamedConfiguration* second = first_behind(named, at, passage.text.size());
    if (first == nullptr || second == nullptr || first->recipe.empty() || second->recipe.empty()) continue;
    if (second->begin > at + pattern.text.size() + 8) continue;
    if (pattern.text == "leaves" && !any_word_of(std::string_view(lower).substr(second->end),
                                                 {"no axis", "nothing to win", "no chance", "no ground"}))
      continue;
    const NamedConfiguration& winner = pattern.first_loses ? *second : *first;
    const NamedConfiguration& loser = pattern.first_loses ? *first : *second;
    if (turned(evidence, winner, loser))
      return fmt::format("{} {} is no better than {} {} in anything", winner.model, winner.recipe,
                         loser.model, loser.recipe);
  }
  return {};
}

}  // namespace

std::string wrong_dominance(const Passage& passage, const AuditEvidence& evidence) {
  if (is_cautious(passage.mentions, passage) || says(passage.mentions, "hypothetical")) return {};
  if (std::string why = told_by_lack(passage, evidence); !why.empty()) return why;
  const std::vector<NamedConfiguration> named = configurations_in(passage);
  const std::string_view text = passage.text;
  for (const Mention& each : passage.mentions) {
    if (each.kind != MentionKind::kWord || each.means.front() != "dominated") continue;
    const std::string_view word = text.substr(each.begin, each.end - each.begin);
    const NamedConfiguration* before = last_before(named, each.begin);
    const NamedConfiguration* behind = first_behind(named, each.end, text.size());
    const bool near_behind = behind != nullptr && behind->begin <= each.end + 6 && !behind->recipe.empty();
    if (before == nullptr || before->recipe.empty()) continue;
    const std::string_view between = text.substr(before->end, each.begin - before->end);
    if (word.starts_with("dominates")) {
      if (near_behind && between == " " && turned(evidence, *before, *behind))
        return fmt::format("{} {} is no better than {} {} in anything", before->model, before->recipe,
                           behind->model, behind->recipe);
      continue;
    }
    if (!word.starts_with("dominated") ||
        !(is_verb_between(between) || text.substr(before->end, 50).find(" is dominated") < 40))
      continue;
    if (near_behind && turned(evidence, *behind, *before)) {
      return fmt::format("{} {} is no better than {} {} in anything", behind->model, behind->recipe,
                         before->model, before->recipe);
    }
    if (near_behind) continue;
    const auto one =
        std::ranges::find_if(evidence.configurations, [&](const AuditConfiguration& configuration) {
          return configuration.model == before->model && configuration.recipe == before->recipe;
        });
    if (one != evidence.configurations.end() && !one->dominated && one->frontier && is_verb_between(between))
      return fmt::format("{} is dominated on no frontier", one->display());
  }
  return {};
}

}  // namespace quantier::audit_internal
