#include "quantier/audit/limit_counts.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "quantier/audit/sentence_text.h"

namespace quantier::audit_internal {

std::string wrong_count(std::string_view text, const AuditLimit& limit, std::size_t all, bool passes,
                        bool denied) {
  const std::size_t failed = limit.failed_by.size();
  const std::size_t right = passes ? all - failed : failed;
  const auto wrong = [&](std::size_t told) {
    if (told == right) return std::string();
    return fmt::format("of {} configurations {} {} the limit on {} ({:g})", all, right,
                       passes ? "pass" : "fail", limit.metric, limit.limit);
  };
  constexpr std::array<std::string_view, 6> kNouns = {"configurations", "candidates",   "variants",
                                                      "builds",         "combinations", "setups"};
  struct Count {
    std::string_view word;
    std::size_t value;
  };
  constexpr std::array<Count, 20> kCounts = {
      {{"none", 0}, {"no", 0},    {"one", 1},   {"two", 2},  {"three", 3}, {"four", 4}, {"five", 5},
       {"six", 6},  {"seven", 7}, {"eight", 8}, {"nine", 9}, {"1", 1},     {"2", 2},    {"3", 3},
       {"4", 4},    {"5", 5},     {"6", 6},     {"7", 7},    {"8", 8},     {"9", 9}}};
  for (const Count& count : kCounts) {
    const std::size_t at = find_word(text, count.word);
    if (at == std::string_view::npos) continue;
    const std::string_view before = text.substr(at > 16 ? at - 16 : 0, std::min<std::size_t>(at, 16));
    if (any_word_of(before, {"at least", "at most", "up to", "than", "first", "other", "all", "all the", "of",
                             "only", "last"}))
      continue;
    const std::string_view behind = text.substr(at + count.word.size());
    const bool of_all = behind.starts_with(" of the ") || behind.starts_with(" out of the ") ||
                        behind.starts_with(" of all ");
    const std::string_view total =
        of_all ? behind.substr(behind.find("the ") == std::string_view::npos ? 8 : behind.find("the ") + 4)
               : behind;
    const bool of_six = of_all && (total.starts_with("six") || total.starts_with("6 ")) && all == 6;
    const bool noun = std::ranges::any_of(kNouns, [&](std::string_view word) {
      return behind.starts_with(" " + std::string(word)) || (of_all && total.starts_with(word));
    });
    const bool nobody = count.value == 0;
    if (!of_six && !noun && !(nobody && behind.starts_with(" configuration"))) continue;
    // "No configuration breaks it": the denial was read as one of the outcome.
    return wrong(nobody ? (denied ? all : 0) : count.value);
  }
  return {};
}

}  // namespace quantier::audit_internal
