// A list that names the same thing twice: "fp16, int8 and int8". Whoever enumerates says each once, so one of
// the two stands for something else.
#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/roles.h"

namespace quantier::audit_internal {
namespace {

struct Item {
  std::string name;
  std::size_t begin = 0;
  std::size_t end = 0;
};

// The first name that stands twice among three or more joined by nothing but marks of lists.
std::string twice_in(std::string_view text, const std::vector<Item>& items,
                     const std::vector<Item>& apart = {}) {
  std::size_t first = 0;
  for (std::size_t i = 1; i <= items.size(); ++i) {
    const bool joined = i < items.size() && items[i].begin >= items[i - 1].end && [&] {
      const std::string_view between = text.substr(items[i - 1].end, items[i].begin - items[i - 1].end);
      // "A and B; B is smaller": with "and" the list was at its end.
      const bool ended = i >= 2 && items[i - 1].begin >= items[i - 2].end &&
                         between.find(';') != std::string::npos &&
                         text.substr(items[i - 2].end, items[i - 1].begin - items[i - 2].end).find(" and ") !=
                             std::string::npos;
      if (ended) return false;
      // An arrow leads somewhere, and may come back.
      return only_separators(between) && between.find("→") == std::string_view::npos &&
             between.find("->") == std::string_view::npos && between.find("vs") == std::string_view::npos &&
             between.find('|') == std::string_view::npos;
    }();
    if (joined) continue;
    // "E16, E4, D16": a precision of each model is none twice.
    const bool of_several = std::ranges::any_of(apart, [&](const Item& each) {
      return each.end > items[first].begin && each.begin < items[i - 1].end;
    });
    if (i - first >= 3 && !of_several) {
      for (std::size_t a = first; a < i; ++a) {
        for (std::size_t b = a + 1; b < i; ++b) {
          if (items[a].name == items[b].name) return items[a].name;
        }
      }
    }
    first = i;
  }
  return {};
}

std::vector<Item> of_kind(const Passage& passage, MentionKind kind) {
  std::vector<Item> items;
  for (const Mention& each : passage.mentions) {
    if (each.kind == kind && !each.means.front().empty())
      items.push_back({each.means.front(), each.begin, each.end});
  }
  return items;
}

}  // namespace

std::string named_twice(const Passage& passage) {
  // "The same model at fp16 and int4, and demo-decoder at fp16": whose, another sentence says.
  if (passage.text.find("the same model") != std::string::npos) return {};
  std::vector<Item> configurations;
  for (const NamedConfiguration& each : configurations_in(passage)) {
    // A precision alone is of the model before it only as long as no other is named.
    if (each.recipe.empty()) return {};
    configurations.push_back({each.model + " " + each.recipe, each.begin, each.end});
  }
  std::string name = twice_in(passage.text, configurations);
  for (const MentionKind kind : {MentionKind::kRecipe, MentionKind::kTier}) {
    if (name.empty())
      name = twice_in(passage.text, of_kind(passage, kind), of_kind(passage, MentionKind::kModel));
  }
  return name.empty() ? std::string() : fmt::format("{} stands twice in one list", name);
}

}  // namespace quantier::audit_internal
