// The words of a text with their places, lowered: "team's" and "hold-out" are one word each. Only the checks
// of claims include this.
#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {

struct Token {
  std::string word;  // lowered
  std::size_t begin = 0;
  std::size_t end = 0;
  bool cut_before = false;  // a comma, colon, bracket or the like stands between it and the word before it
  bool capital = false;     // begins with a capital letter
};

template <typename List>
[[nodiscard]] bool is_one_of(std::string_view word, const List& list) {
  return std::ranges::find(list, word) != list.end();
}

[[nodiscard]] inline std::vector<Token> tokens_of(std::string_view text, std::size_t from, std::size_t to) {
  std::vector<Token> tokens;
  to = std::min(to, text.size());
  bool cut = false;
  for (std::size_t at = from; at < to;) {
    if (!is_word(text[at])) {
      const bool joint = text[at] == '.' && at + 1 < to && is_word(text[at + 1]);  // "Qwen2.5"
      cut = cut || (!joint && std::string_view(",;:().!?[]").find(text[at]) != std::string_view::npos) ||
            text.substr(at).starts_with("—") || text.substr(at).starts_with(" – ");
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < to && (is_word(text[end]) ||
                        ((text[end] == '-' || text[end] == '\'') && end + 1 < to && is_word(text[end + 1]))))
      ++end;
    tokens.push_back({.word = lowered(text.substr(at, end - at)),
                      .begin = at,
                      .end = end,
                      .cut_before = cut,
                      .capital = std::isupper(static_cast<unsigned char>(text[at])) != 0});
    cut = false;
    at = end;
  }
  return tokens;
}

}  // namespace quantier::audit_internal
