// What a sentence says that a column of a table is, against what its numbers are.
#include <algorithm>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

// As a program and a text write the same name: "same_data", "same data".
std::string plain_name(std::string_view name) {
  std::string plain = lowered(name);
  std::ranges::replace(plain, '_', ' ');
  return plain;
}

}  // namespace

// "`refit` is read on texts that no fit has seen": the name of a column, a verb of being, and a fit up to the
// end of the clause.
std::string misdefined_head(const Passage& passage, const std::vector<ReadHead>& heads) {
  constexpr std::size_t kShortestName = 5;
  const std::string text = plain_name(passage.text);
  for (const ReadHead& head : heads) {
    const std::string name = plain_name(head.text);
    if (name.size() < kShortestName || head.fit.empty() || head.fit == "raw") continue;
    std::size_t at = text.find(name);
    // As the subject of its clause.
    const auto begins = [&](std::size_t place) {
      std::size_t before = place;
      while (before > 0 && std::string_view("`\"' ").find(text[before - 1]) != std::string_view::npos)
        --before;
      return before == 0 || std::string_view(";.,:(").find(text[before - 1]) != std::string_view::npos;
    };
    while (at != std::string::npos && !begins(at)) at = text.find(name, at + 1);
    if (at == std::string::npos) continue;
    const std::size_t begin = at + name.size();
    std::size_t end = std::min(text.find(';', begin), text.size());
    for (const ReadHead& other : heads) {
      const std::size_t next = text.find(plain_name(other.text), begin);
      if (other.text.size() >= kShortestName && next != std::string::npos) end = std::min(end, next);
    }
    const std::string_view verb = std::string_view(text).substr(begin, 12);
    if (verb.find(" is ") == std::string_view::npos && verb.find(" are ") == std::string_view::npos &&
        verb.find(" means ") == std::string_view::npos && verb.find(" holds ") == std::string_view::npos)
      continue;
    for (const Mention& each : passage.mentions) {
      if (each.kind != MentionKind::kFit || each.means.size() != 1 || each.begin < begin || each.end > end)
        continue;
      const std::string& fit = each.means.front();
      if (fit == head.fit || (fit != "held-out" && fit != "in-sample")) continue;
      return fmt::format("the numbers of \"{}\" are {}, and this says {}", head.text, head.fit, fit);
    }
  }
  return {};
}

}  // namespace quantier::audit_internal
