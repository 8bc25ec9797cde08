// In which tier a model is said to have moved most: "the encoder's largest drop is in the tail, the
// decoder's in mid".
#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/claim_values.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

bool holds_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_word(text[at - 1])) && (end >= text.size() || !is_word(text[end]))) return true;
  }
  return false;
}

bool speaks_of_largest_change(std::string_view text) {
  constexpr std::array<std::string_view, 16> kMost = {
      "largest", "biggest", "lowest",  "worst",    "deepest",  "greatest", "strongest", "most",
      "leans",   "lean",    "leaning", "steepest", "heaviest", "sorest",   "weakest",   "hardest"};
  return std::ranges::any_of(kMost, [&](std::string_view word) { return holds_word(text, word); });
}

// "Lowest" may be said of the accuracy itself.
bool is_lowest_accuracy(const AuditEvidence& evidence, const std::string& model, const std::string& tier,
                        const std::vector<std::string>& recipes) {
  double own = 2.0;
  double lowest = 2.0;
  for (const Fact& fact : evidence.facts) {
    if (fact.metric != "accuracy" || fact.model != model || fact.tier.empty() || fact.difference ||
        fact.role != FactRole::kValue || !fact.label.empty())
      continue;
    if (!recipes.empty() && !contains(recipes, fact.recipe)) continue;
    lowest = std::min(lowest, fact.value);
    if (fact.tier == tier) own = std::min(own, fact.value);
  }
  return lowest < 2.0 && own <= lowest;
}

// The tier in which a model moved most, either way or down; both are meant by "largest" at times.
bool may_be_most(const AuditEvidence& evidence, const std::string& model, const std::string& tier,
                 const std::vector<std::string>& recipes) {
  double lowest = 0.0;
  double largest = 0.0;
  double own_lowest = 0.0;
  double own_largest = 0.0;
  for (const AuditComparison& each : evidence.comparisons) {
    if (each.model != model || each.tier.empty()) continue;
    if (!recipes.empty() && !contains(recipes, each.recipe)) continue;
    lowest = std::min(lowest, each.delta);
    largest = std::max(largest, std::fabs(each.delta));
    if (each.tier != tier) continue;
    own_lowest = std::min(own_lowest, each.delta);
    own_largest = std::max(own_largest, std::fabs(each.delta));
  }
  constexpr double kTie = 5e-4;
  return own_lowest <= lowest + kTie || own_largest >= largest - kTie;
}

// Statements end at semicolons and full stops only: "the encoder's in the tail, the decoder's in mid" is one.
std::vector<std::pair<std::size_t, std::size_t>> statements_of(std::string_view text) {
  std::vector<std::pair<std::size_t, std::size_t>> list;
  std::size_t from = 0;
  for (std::size_t at = text.find("; "); at != std::string_view::npos; at = text.find("; ", from)) {
    list.emplace_back(from, at);
    from = at + 2;
  }
  list.emplace_back(from, text.size());
  return list;
}

std::string in_statement(const Passage& passage, std::size_t begin, std::size_t end,
                         const AuditEvidence& evidence) {
  const std::vector<Mention> mentions = between(passage.mentions, begin, end);
  if (supposes(mentions, passage.text)) return {};
  if (!speaks_of_largest_change(lowered(std::string_view(passage.text).substr(begin, end - begin))))
    return {};
  std::vector<std::string> models;
  std::vector<std::string> tiers;
  for (const Mention& each : mentions) {
    if (each.kind == MentionKind::kModel && (models.empty() || models.back() != each.means.front()))
      models.push_back(each.means.front());
    if (each.kind == MentionKind::kTier && !each.means.front().empty() &&
        (tiers.empty() || tiers.back() != each.means.front()))
      tiers.push_back(each.means.front());
  }
  if (models.empty() || models.size() != tiers.size() || models.size() > 2) return {};
  // "the tail for the encoder, mid for the decoder" and "the encoder's in the tail" pair up in order alike.
  std::vector<std::string> recipes = said(mentions, MentionKind::kRecipe);
  if (models.size() > 1 && recipes.size() > 1) recipes.clear();
  for (std::size_t i = 0; i < models.size(); ++i) {
    const bool compared = std::ranges::any_of(evidence.comparisons, [&](const AuditComparison& each) {
      return each.model == models[i] && each.tier == tiers[i];
    });
    if (!compared || may_be_most(evidence, models[i], tiers[i], recipes) ||
        is_lowest_accuracy(evidence, models[i], tiers[i], recipes))
      continue;
    return fmt::format("{} did not move most in {}", models[i], tiers[i]);
  }
  return {};
}

}  // namespace

std::string wrong_tier(const Passage& passage, const AuditEvidence& evidence) {
  for (const auto& [begin, end] : statements_of(passage.text)) {
    if (passage.text.find('?', begin) < end) continue;
    if (std::string why = in_statement(passage, begin, end, evidence); !why.empty()) return why;
  }
  return {};
}

}  // namespace quantier::audit_internal
