// What part a number plays beside its neighbours, read from signs and order alone: "−0.6 [−2.1, 0.7] 6/3" is
// a value, the two ends of its interval and a pair of counts; "0.653 (0.611–0.668)" a value and its ends.
//
// Two numbers in brackets or joined as a range are the interval of the number before them when they stand in
// order around it, because nobody writes three numbers of different things so. Two whole numbers joined by a
// slash, or listed where no unit is, are a pair.
#pragma once

#include <string_view>
#include <vector>

#include "quantier/audit/numbers.h"

namespace quantier::audit_internal {

// Sets in_brackets of intervals that stand in parentheses or behind a comma, and `pair`.
void read_roles(std::string_view text, std::vector<WrittenNumber>& numbers);

// The numbers of one list, "0.859, 0.859 and 0.861" or "1 / 2 / 3", by their first and last index.
struct NumberRun {
  std::size_t first = 0;
  std::size_t last = 0;
  [[nodiscard]] std::size_t size() const { return last - first + 1; }
};
[[nodiscard]] NumberRun run_of(std::string_view text, const std::vector<WrittenNumber>& numbers,
                               std::size_t index);

// Whether nothing but a separator of lists stands between two things: commas, slashes, arrows, "and".
[[nodiscard]] bool only_separators(std::string_view between);

}  // namespace quantier::audit_internal
