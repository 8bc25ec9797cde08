// The known word that a misspelt one was meant to be, for hints. Source: Levenshtein 1966.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quantier {

// Insertions, deletions and replacements of single bytes that make one word of the other.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate with the fewest edits to `word`, when it is near enough to be a misspelling.
[[nodiscard]] std::optional<std::string> nearest_word(std::string_view word,
                                                      const std::vector<std::string>& candidates);

// "did you mean \"x\"? known: ..."
[[nodiscard]] std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace quantier
