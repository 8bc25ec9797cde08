// Texts of one list that stand in another as well, word for word or nearly.
//
// Equal: the same after runs of white space became one space and ASCII capitals small letters. Near: the sets
// of three consecutive words (letters, digits and bytes beyond ASCII; anything else separates) have a Jaccard
// similarity of at least `near`; a text of fewer words is one such set. In a text of sixty words, one changed
// word leaves 0.9.
//
// Exact, no sampled signatures: with the rarest shingles of the first list in front, two sets that are
// similar enough share one within their first n - ceil(near * n) + 1, so only those are indexed and looked
// up, and what is found is compared in full. Memory: 16 bytes for each word of the first list, and one text
// of the second. Source: Broder 1997, "On the resemblance and containment of documents"; Bayardo, Ma, Srikant
// 2007, "Scaling up all pairs similarity search" (the prefix).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace quantier {

inline constexpr double kNearDuplicate = 0.8;

struct Overlap {
  std::size_t first = 0;   // index into the first list
  std::size_t second = 0;  // the text of the second list that is most like it
  bool is_equal = false;
  double similarity = 1;
};

// Whether so many near likenesses of so many texts are more than what may be alike by chance: texts from one
// source describe themselves alike. One is always allowed, else two in a hundred.
[[nodiscard]] bool more_than_chance(std::size_t near, std::size_t texts);

// For each text of the first list that has a likeness, in the order of that list. 0 < near <= 1.
[[nodiscard]] std::vector<Overlap> find_overlaps(std::span<const std::string> first,
                                                 std::span<const std::string> second,
                                                 double near = kNearDuplicate);

}  // namespace quantier
