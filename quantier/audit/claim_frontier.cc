// Who is said to lie on a frontier, against the evidence: a configuration that is dominated wherever it was
// looked at is on none.
#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

bool contains_one(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(
      words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

// "A sits on the frontier", "A and B make up the frontier", "leaves A on the front".
bool is_member_before(std::string_view between) {
  if (between.find_first_of(".;:(") != std::string_view::npos || between.size() > 60) return false;
  return contains_one(between, {" on ", " is ", " are ", " make up", " makes up", " form", " share",
                                " belong", " constitute"}) &&
         !contains_one(between, {"behind", "below", "off ", "inside", "away", "only", "except", "beat",
                                 "than", "from", "to "});
}

// "the frontier is made of A", "the frontier consists of A and B".
bool is_member_behind(std::string_view between) {
  if (between.find_first_of(".;(") != std::string_view::npos || between.size() > 50) return false;
  return contains_one(
      between, {"made of ", "made up of ", "consists of ", "formed by ", "contains ", "holds ", "includes "});
}

const AuditConfiguration* dominated_one(const NamedConfiguration& named, const AuditEvidence& evidence) {
  for (const AuditConfiguration& each : evidence.configurations) {
    if (each.model == named.model && (named.recipe.empty() || each.recipe == named.recipe) &&
        each.dominated && !each.frontier)
      return &each;
  }
  return nullptr;
}

}  // namespace

std::string wrong_frontier(const Passage& passage, const AuditEvidence& evidence) {
  if (is_cautious(passage.mentions, passage) || says(passage.mentions, "hypothetical")) return {};
  const std::vector<NamedConfiguration> named = configurations_in(passage);
  const std::string text = lowered(passage.text);
  for (const Mention& front : passage.mentions) {
    if (front.kind != MentionKind::kWord || front.means.front() != "frontier") continue;
    const std::size_t cut = text.rfind(';', front.begin);
    const std::size_t begin = cut == std::string::npos ? 0 : cut;
    const std::size_t end = std::min(text.find(';', front.end), text.size());
    const std::vector<Mention> inside = between(passage.mentions, begin, end);
    if (says(inside, "negation") || says(inside, "dominated")) continue;
    for (const NamedConfiguration& one : named) {
      if (one.begin < begin || one.end > end) continue;
      const bool before = one.end <= front.begin &&
                          is_member_before(std::string_view(text).substr(one.end, front.end - one.end));
      const bool behind = one.begin >= front.end &&
                          is_member_behind(std::string_view(text).substr(front.end, one.begin - front.end));
      if (!before && !behind) continue;
      if (const AuditConfiguration* each = dominated_one(one, evidence))
        return fmt::format("{} is dominated on every frontier", each->display());
    }
  }
  return {};
}

}  // namespace quantier::audit_internal
