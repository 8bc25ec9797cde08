// Names that a note gives to whole configurations and to limits: "Big E (demo-encoder fp16)", the items of a
// numbered list ("option 2"), "C3 ECE ≤ 0.025". What a note can hold is bounded here: names are short, and
// one is learned once.
#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "quantier/audit/word_forms.h"
#include "quantier/audit/words.h"

namespace quantier {

using audit_internal::is_word;

namespace {

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// The words right before a place that are written like a name: up to two with a capital, or what stands in
// quotation marks.
std::string_view name_before(std::string_view text, std::size_t end) {
  constexpr std::size_t kLongestQuote = 24;
  for (const auto& [open, close] : {std::pair<std::string_view, std::string_view>{"“", "”"}, {"\"", "\""}}) {
    if (!text.substr(0, end).ends_with(close)) continue;
    const std::size_t stop = end - close.size();
    const std::size_t from = stop - std::min(stop, kLongestQuote + open.size());
    const std::string_view quote = text.substr(from, stop - from);
    const std::size_t at = quote.rfind(open);
    return at == std::string_view::npos ? std::string_view() : quote.substr(at + open.size());
  }
  std::size_t begin = end;
  for (int words = 0; words < 2; ++words) {
    std::size_t at = begin;
    if (words > 0) {
      if (at == 0 || text[at - 1] != ' ') break;
      --at;
    }
    const std::size_t stop = at;
    while (at > 0 && is_word(text[at - 1])) --at;
    if (at == stop || text[at] < 'A' || text[at] > 'Z') break;
    begin = at;
  }
  // "38.6 MB (demo-encoder int8)": a unit.
  if (begin > 1 && text[begin - 1] == ' ' && is_digit(text[begin - 2])) return {};
  return text.substr(begin, end - begin);
}

}  // namespace

// "Big E (demo-encoder fp16), Little E (demo-encoder int4)": two at least, for one alone may be an
// explanation of what stands before it.
bool Vocabulary::learn_nicknames(std::string_view text) {
  constexpr std::size_t kLongestMeaning = 64;
  std::vector<std::pair<std::string_view, NamedMeaning>> found;
  for (std::size_t at = text.find(" ("); at != std::string_view::npos; at = text.find(" (", at + 1)) {
    std::string_view inside = text.substr(at + 2, kLongestMeaning);
    const std::size_t close = inside.find(')');
    if (close == std::string_view::npos) continue;
    inside = inside.substr(0, close);
    std::optional<NamedMeaning> meaning = configuration_in(inside);
    if (!meaning || meaning->end != inside.size()) continue;
    const std::string_view name = name_before(text, at);
    if (name.empty()) continue;
    // "Encoder (demo-encoder int8)" is no nickname; "Middle E" is one, though "middle" means a tier.
    const bool known = std::ranges::any_of(
        mentions(name), [&](const Mention& each) { return each.end - each.begin == name.size(); });
    if (!known) found.emplace_back(name, std::move(*meaning));
  }
  if (found.size() < 2) return false;
  bool learned = false;
  for (const auto& [name, meaning] : found) learned = name_configuration(name, meaning) || learned;
  return learned;
}

bool Vocabulary::learn_numbered(int ordinal, std::string_view text) {
  constexpr int kMostOptions = 99;
  if (ordinal <= 0 || ordinal > kMostOptions) return false;
  const auto meaning = configuration_in(text.substr(0, text.find_first_of(":,;.(")));
  if (!meaning) return false;
  bool learned = false;
  for (const char* word : {"option", "options", "candidate", "variant", "alternative", "configuration"})
    learned =
        name_configuration(std::string(word) + " " + std::to_string(ordinal), *meaning, false) || learned;
  return learned;
}

bool Vocabulary::learn_limit(std::string_view text) {
  constexpr std::size_t kLongestId = 3;
  constexpr std::size_t kLongestName = 64;
  std::size_t end = 0;
  while (end < std::min(text.size(), kLongestId + 1) && is_word(text[end])) ++end;
  const std::string_view name = text.substr(0, end);
  const bool is_id = name.size() >= 2 && name.size() <= kLongestId && name.front() >= 'A' &&
                     name.front() <= 'Z' && std::ranges::all_of(name.substr(1), is_digit);
  if (!is_id || !mentions(name).empty()) return false;
  std::size_t start = end;
  while (start < text.size() && std::string_view(" :.)|").find(text[start]) != std::string_view::npos)
    ++start;
  const std::string_view meaning = text.substr(start, kLongestName);
  const std::size_t sign = std::min(meaning.find("≤"), meaning.find("≥"));
  if (sign == std::string_view::npos) return false;
  return learn_metric(name, meaning.substr(0, sign), mentions(meaning.substr(0, sign)));
}

}  // namespace quantier
