// Superlatives of cost: "the slowest of the three".
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
    if (passage.text.substr(at + extreme.word.size(), 5) == " but ") continue;  // "the lightest but one"
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

}  // namespace

std::string wrong_extreme(const Passage& passage, const AuditEvidence& evidence) {
  if (passage.text.find('?') != std::string::npos || supposes(passage.mentions, passage.text)) return {};
  // "The slowest we had in production": among others than these.
  if (passage.text.find(" we had") != std::string::npos ||
      passage.text.find(" in production") != std::string::npos)
    return {};
  if (negated(passage.mentions, {}) || says(passage.mentions, "hardware")) return {};
  return wrong_cost(passage, evidence);
}

}  // namespace quantier::audit_internal
