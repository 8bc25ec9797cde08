// Precisions that are named by their number of bits.
#include <algorithm>

#include "quantier/audit/word_forms.h"
#include "quantier/audit/words.h"

namespace quantier {

using audit_internal::is_word;

// "16 / 8 / 4 bit", "8- and 4-bit", "in eight bits and 0.038 in four": the word stands once.
void Vocabulary::add_bits(std::string_view text, std::vector<Mention>& found) const {
  if (by_bits_.empty() || text.find("bit") == std::string_view::npos) return;
  struct Name {
    std::string_view text;
    int bits;
  };
  constexpr Name kNames[] = {{"16", 16},      {"8", 8},     {"4", 4},   {"32", 32},
                             {"sixteen", 16}, {"eight", 8}, {"four", 4}};
  for (const Name& name : kNames) {
    const auto recipe = by_bits_.find(name.bits);
    if (recipe == by_bits_.end()) continue;
    for (std::size_t at = text.find(name.text); at != std::string_view::npos;
         at = text.find(name.text, at + 1)) {
      const std::size_t end = at + name.text.size();
      const auto alnum = [&](std::size_t i) { return is_word(text[i]) || text[i] == '.' || text[i] == ','; };
      if (at > 0 && (is_word(text[at - 1]) || (alnum(at - 1) && at > 1 && is_word(text[at - 2])))) continue;
      std::string_view rest = text.substr(end);
      bool listed = false;
      // Other numbers of bits between this one and the word.
      for (bool more = true; more;) {
        more = false;
        for (const std::string_view gap :
             {" / ", "/", ", ", "- and ", " and ", "-, ", " or ", "- or ", "- vs ", " vs "}) {
          if (!rest.starts_with(gap)) continue;
          for (const Name& other : kNames) {
            if (!rest.substr(gap.size()).starts_with(other.text)) continue;
            rest.remove_prefix(gap.size() + other.text.size());
            listed = more = true;
            break;
          }
          break;
        }
      }
      const bool bits =
          listed && (rest.starts_with(" bit") || rest.starts_with("-bit") || rest.starts_with("bit"));
      const bool preposed = text.substr(0, at).ends_with("in ") || text.substr(0, at).ends_with("at ");
      const bool elliptic = preposed && (end == text.size() ||
                                         std::string_view(".;,:)").find(text[end]) != std::string_view::npos);
      if (!bits && !elliptic) continue;
      if (end + 1 < text.size() && text[end] == '.' && is_word(text[end + 1])) continue;
      if (end + 1 < text.size() && text[end] == ',' && is_word(text[end + 1])) continue;
      if (std::ranges::any_of(found, [&](const Mention& each) { return each.begin < end && at < each.end; }))
        continue;
      found.push_back({.kind = MentionKind::kRecipe, .means = {recipe->second}, .begin = at, .end = end});
    }
  }
}

}  // namespace quantier
