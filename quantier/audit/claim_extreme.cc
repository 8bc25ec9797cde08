// Superlatives: "the slowest of the three", "its largest dip is in the tail".
#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/claim_values.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

struct Extreme {
  std::string_view word;
  const char* metric;
  bool most;
};
constexpr Extreme kExtremes[] = {{"fastest", "latency", false}, {"quickest", "latency", false},
                                 {"slowest", "latency", true},  {"smallest", "memory", false},
                                 {"leanest", "memory", false},  {"lightest", "memory", false},
                                 {"heaviest", "memory", true},  {"bulkiest", "memory", true}};

bool contains_word(std::string_view text, std::string_view word, std::size_t& at) {
  for (at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_word(text[at - 1])) && (end >= text.size() || !is_word(text[end]))) return true;
  }
  return false;
}

// Only these between a name and what is said of it: ", the", " is the", " as the".
bool tells_of(std::string_view between) {
  constexpr std::array<std::string_view, 9> kLinks = {", the ",   " is the ",        " was the ",
                                                      " as the ", " (the ",          ", ",
                                                      " is ",     ", which is the ", " remains the "};
  return std::ranges::find(kLinks, between) != kLinks.end();
}

std::string wrong_cost(const Passage& passage, const AuditEvidence& evidence) {
  const std::vector<NamedConfiguration> named = configurations_in(passage);
  for (const Extreme& extreme : kExtremes) {
    std::size_t at = 0;
    if (!contains_word(passage.text, extreme.word, at)) continue;
    const NamedConfiguration* who = last_before(named, at);
    if (who == nullptr || who->recipe.empty()) continue;
    if (!tells_of(std::string_view(passage.text).substr(who->end, at - who->end))) continue;
    const std::vector<double> own = values_of(evidence, extreme.metric, who->model, who->recipe);
    if (own.empty()) continue;
    // Wrong only when by every protocol another one of the same model has more of it.
    std::vector<bool> beaten(own.size(), false);
    std::string by;
    for (const std::string& recipe : evidence.recipes) {
      const std::vector<double> other = values_of(evidence, extreme.metric, who->model, recipe);
      if (recipe == who->recipe || other.size() != own.size()) continue;
      for (std::size_t i = 0; i < own.size(); ++i) {
        const double more = extreme.most ? other[i] - own[i] : own[i] - other[i];
        if (more <= 0.01 * own[i]) continue;
        beaten[i] = true;
        by = recipe;
      }
    }
    if (by.empty() || !std::ranges::all_of(beaten, [](bool each) { return each; })) continue;
    return fmt::format("\"{}\" is said of {} {}, and {} has {} {}", extreme.word, who->model, who->recipe, by,
                       extreme.most ? "more" : "less", extreme.metric);
  }
  return {};
}

bool speaks_of_largest_change(const Passage& passage) {
  const std::string text = lowered(passage.text);
  constexpr std::array<std::string_view, 8> kMost = {"largest", "biggest",  "lowest",    "worst",
                                                     "deepest", "greatest", "strongest", "most"};
  constexpr std::array<std::string_view, 22> kChanges = {
      "dip",     "dips",    "drop",   "drops",   "loss",   "losses",  "estimate", "estimates",
      "change",  "changes", "value",  "values",  "figure", "figures", "effect",   "effects",
      "decline", "shift",   "damage", "dipping", "losing", "|δ|"};
  std::size_t at = 0;
  const auto any = [&](const auto& list) {
    return std::ranges::any_of(list, [&](std::string_view word) { return contains_word(text, word, at); });
  };
  return any(kMost) && any(kChanges);
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

std::string wrong_tier(const Passage& passage, const AuditEvidence& evidence) {
  if (!speaks_of_largest_change(passage)) return {};
  std::vector<std::string> models;
  std::vector<std::string> tiers;
  for (const Mention& each : passage.mentions) {
    if (each.kind == MentionKind::kModel) models.push_back(each.means.front());
    if (each.kind == MentionKind::kTier && !each.means.front().empty()) tiers.push_back(each.means.front());
  }
  if (models.empty() || models.size() != tiers.size() || models.size() > 2) return {};
  if (models.size() == 2 && models[0] == models[1]) return {};
  const std::vector<std::string> recipes = said(passage.mentions, MentionKind::kRecipe);
  for (std::size_t i = 0; i < models.size(); ++i) {
    const bool compared = std::ranges::any_of(evidence.comparisons, [&](const AuditComparison& each) {
      return each.model == models[i] && each.tier == tiers[i];
    });
    if (!compared || may_be_most(evidence, models[i], tiers[i], recipes)) continue;
    return fmt::format("{} did not move most in {}", models[i], tiers[i]);
  }
  return {};
}

}  // namespace

std::string wrong_extreme(const Passage& passage, const AuditEvidence& evidence) {
  if (is_cautious(passage.mentions, passage) && passage.text.find('?') != std::string::npos) return {};
  if (supposes(passage.mentions, passage.text)) return {};
  std::string why = wrong_tier(passage, evidence);
  if (!why.empty() || negated(passage.mentions, {}) || says(passage.mentions, "hardware")) return why;
  return wrong_cost(passage, evidence);
}

}  // namespace quantier::audit_internal
