#include "quantier/base/nearest_word.h"

#include <algorithm>

#include <fmt/format.h>

namespace quantier {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::optional<std::string> nearest_word(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr std::size_t kLongestWord = 64;
  if (word.size() > kLongestWord) return std::nullopt;
  std::optional<std::string> best;
  std::size_t best_edits = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    // A whole word of a longer name ("f1" of "macro_f1_min") is as good as a small misspelling.
    const bool contained = word.size() >= 2 && candidate.find(word) != std::string::npos;
    const std::size_t distance =
        contained ? std::min<std::size_t>(2, edit_distance(word, candidate)) : edit_distance(word, candidate);
    if (distance < best_edits) {
      best_edits = distance;
      best = candidate;
    }
  }
  return best;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  std::string known;
  for (const std::string& candidate : candidates) known += (known.empty() ? "" : ", ") + candidate;
  const auto nearest = nearest_word(word, candidates);
  return nearest ? fmt::format("did you mean \"{}\"? known: {}", *nearest, known) : "known: " + known;
}

}  // namespace quantier
