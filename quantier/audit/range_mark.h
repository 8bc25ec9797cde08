// What stands between the two ends of a range: "0.2 to 0.5", "0.2–0.5", "0.2…0.5".
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace quantier::audit_internal {

// `gap`: everything between the two numbers.
[[nodiscard]] inline bool is_range_mark(std::string_view gap) {
  constexpr std::array<std::string_view, 13> kMarks = {
      " to ", "–", " – ", "-", " - ", "..", " .. ", "...", " ... ", "…", " … ", " up to ", " through "};
  return std::ranges::find(kMarks, gap) != kMarks.end();
}

}  // namespace quantier::audit_internal
