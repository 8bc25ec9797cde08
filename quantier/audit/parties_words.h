// Words that tell who is compared with whom: of others, of nobody, of all, of a change that leads somewhere.
// Only parties.cc includes this.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {

inline constexpr std::array<std::string_view, 16> kComparators = {
    " than ",        " against ",      " versus ",         " vs ",     " vs. ", " compared with ",
    " compared to ", " relative to ",  " over ",           " as ",     " to ",  " of ",
    " from ",        " with that of ", " in contrast to ", " next to "};

inline constexpr std::array<std::string_view, 40> kOthers = {"any rival",
                                                             "all rivals",
                                                             "its rivals",
                                                             "every rival",
                                                             "any competitor",
                                                             "all competitors",
                                                             "its competitors",
                                                             "the competition",
                                                             "any of the others",
                                                             "its peers",
                                                             "any peer",
                                                             "anyone else",
                                                             "the other candidates",
                                                             "every candidate",
                                                             "the other configurations",
                                                             "the field",
                                                             "any candidate",
                                                             "all its rivals",
                                                             "any other",
                                                             "every other",
                                                             "all other",
                                                             "all others",
                                                             "all the others",
                                                             "the others",
                                                             "the rest",
                                                             "all the rest",
                                                             "everything else",
                                                             "anything else",
                                                             "everybody else",
                                                             "anybody else",
                                                             "either of the others",
                                                             "both others",
                                                             "the other five",
                                                             "the other two",
                                                             "each of the others",
                                                             "every one of the others",
                                                             "the remaining",
                                                             "all remaining",
                                                             "all of the others",
                                                             "nothing else"};

inline constexpr std::array<std::string_view, 12> kNobody = {
    "nothing",    "no other",   "nobody",      "none of the",        "no configuration", "no candidate",
    "no variant", "not one of", "no one else", "none of the others", "no model",         "no build"};

inline constexpr std::array<std::string_view, 28> kAll = {"of all",
                                                          "we measured",
                                                          "we tested",
                                                          "we timed",
                                                          "we tried",
                                                          "of the lot",
                                                          "of the bunch",
                                                          "in the test",
                                                          "in the field",
                                                          "all of them",
                                                          "all the candidates",
                                                          "every candidate",
                                                          "every other candidate",
                                                          "of the six",
                                                          "any other configuration",
                                                          "every other configuration",
                                                          "overall",
                                                          "all six",
                                                          "the field",
                                                          "in the comparison",
                                                          "we ran",
                                                          "everything else",
                                                          "anything",
                                                          "any other candidate",
                                                          "in the table",
                                                          "all candidates",
                                                          "of everything",
                                                          "all configurations"};

inline bool says_any(std::string_view text, const auto& phrases) {
  return std::ranges::any_of(phrases, [&](std::string_view phrase) {
    for (std::size_t at = text.find(phrase); at != std::string_view::npos; at = text.find(phrase, at + 1)) {
      const std::size_t end = at + phrase.size();
      if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) return true;
    }
    return false;
  });
}

// Whether somebody is named behind a word of comparing: then it is not who is spoken of.
inline bool is_compared_with(std::string_view text, const NamedConfiguration& named) {
  std::string before = lowered(text.substr(0, named.begin));
  for (const std::string_view article : {"the ", "its ", "that of ", "of ", "an ", "a "}) {
    const bool whole =
        before.size() == article.size() ||
        (before.size() > article.size() && !is_word(before[before.size() - article.size() - 1]));
    if (before.ends_with(article) && whole) before.resize(before.size() - article.size());
  }
  constexpr std::array<std::string_view, 16> kBefore = {
      "than ", "against ", "versus ", "vs ", "vs. ", "over ",  "behind ",         "compared with ",
      "from ", "unlike ",  "beside ", "to ", "as ",  "beats ", "in contrast to ", "compared to "};
  return std::ranges::any_of(kBefore, [&](std::string_view word) {
    if (!before.ends_with(word)) return false;
    const std::size_t at = before.size() - word.size();
    return at == 0 || !is_word(before[at - 1]);
  });
}

// "going to int8", "switching the encoder to int8", "when it is cut to int8": that is where the change leads.
inline bool is_target(std::string_view text, const NamedConfiguration& named) {
  const std::string before = lowered(text.substr(0, named.begin));
  if (!before.ends_with(" to ")) return false;
  constexpr std::array<std::string_view, 18> kMoves = {
      "going",       "goes", "moving", "move",       "switching", "switch",
      "taking",      "cut",  "from",   "quantizing", "quantized", "quantising",
      "compressing", "step", "down",   "change",     "reduced",   "squeezed"};
  const std::string_view tail = std::string_view(before).substr(before.size() > 60 ? before.size() - 60 : 0);
  return says_any(tail, kMoves);
}

}  // namespace quantier::audit_internal
