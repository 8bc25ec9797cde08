// Digits and a slip of the pen in them: as many digits, and one of them another or two neighbours changed
// places.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace quantier {

[[nodiscard]] inline bool are_slipped(std::string_view one, std::string_view other) {
  if (one.size() != other.size()) return false;
  std::vector<std::size_t> differ;
  for (std::size_t i = 0; i < one.size(); ++i) {
    if (one[i] != other[i]) differ.push_back(i);
  }
  if (differ.size() == 1) return true;
  return differ.size() == 2 && differ[1] == differ[0] + 1 && one[differ[0]] == other[differ[1]] &&
         one[differ[1]] == other[differ[0]];
}

}  // namespace quantier
