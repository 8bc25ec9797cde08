// Who comes second: somebody who fails a limit cannot, where somebody else passes them all.
#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/sentence_text.h"

namespace quantier::audit_internal {
namespace {

// "Runner-up: X", "the runner-up is X", "second choice, X".
const NamedConfiguration* named_behind(std::string_view lower, const std::vector<NamedConfiguration>& named) {
  constexpr std::size_t kReach = 14;
  for (const std::string_view word : {"runner-up", "runner up", "second choice", "second best", "second-best",
                                      "first reserve", "next in line"}) {
    const std::size_t at = find_word(lower, word);
    if (at == std::string_view::npos) continue;
    const std::size_t end = at + word.size();
    for (const NamedConfiguration& each : named) {
      if (each.begin < end || each.begin - end > kReach || each.recipe.empty()) continue;
      if (lower.substr(end, each.begin - end).find_first_of(".;,") == std::string_view::npos) return &each;
    }
  }
  return nullptr;
}

}  // namespace

std::string wrong_runner_up(const Passage& passage, const AuditEvidence& evidence) {
  if (evidence.runner_up.empty() || is_cautious(passage.mentions, passage) ||
      says(passage.mentions, "prior") || says(passage.mentions, "negation"))
    return {};
  const std::vector<NamedConfiguration> named = configurations_in(passage);
  const NamedConfiguration* second = named_behind(lowered(passage.text), named);
  if (second == nullptr) return {};
  const std::string name = second->model + " " + second->recipe;
  if (name == evidence.runner_up) return {};
  const auto failed = std::ranges::find_if(
      evidence.limits, [&](const AuditLimit& limit) { return contains(limit.failed_by, name); });
  if (failed == evidence.limits.end()) return {};
  return fmt::format("{} fails the limit on {}; the runner-up is {}", name, failed->metric,
                     evidence.runner_up);
}

}  // namespace quantier::audit_internal
