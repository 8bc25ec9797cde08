// Looking for words in lowered text as whole words. Only claim*.cc include this.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {

// Where a word or phrase stands for itself in a text, from a place on; npos: nowhere.
[[nodiscard]] inline std::size_t find_word(std::string_view text, std::string_view word,
                                           std::size_t from = 0) {
  if (word.empty()) return std::string_view::npos;
  for (std::size_t at = text.find(word, from); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool starts = at == 0 || !is_word(text[at - 1]) || !is_word(word.front());
    const bool ends = end >= text.size() || !is_word(text[end]) || !is_word(word.back());
    if (starts && ends) return at;
  }
  return std::string_view::npos;
}

template <typename List>
[[nodiscard]] bool any_word_of(std::string_view text, const List& words) {
  return std::ranges::any_of(
      words, [&](std::string_view word) { return find_word(text, word) != std::string_view::npos; });
}
[[nodiscard]] inline bool any_word_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(
      words, [&](std::string_view word) { return find_word(text, word) != std::string_view::npos; });
}

}  // namespace quantier::audit_internal
