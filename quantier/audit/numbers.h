// Numbers as people write them: "−2.8 points", "0.0403", "6,083 examples", "2.5×", "1.15 GB", "12 / 13".
//
// A number stands for everything that rounds to it: 0.210 is anything in [0.2095, 0.2105]. Units are turned
// into those of facts (fractions, milliseconds, bytes). Digits that are parts of names (int8, H100, p95, F1,
// 32B), dates, versions and hexadecimal keys are no numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quantier {

enum class WrittenUnit : std::uint8_t {
  kNone,
  kPercent,
  kPoints,
  kMilliseconds,
  kBytes,
  kTimes,
  kRate,
  kOther
};

struct WrittenNumber {
  std::size_t begin = 0;  // of the number itself, sign included
  std::size_t end = 0;    // behind its unit
  std::string text;       // as written, with its unit
  double value = 0.0;     // in the unit of facts
  double half_width = 0.0;
  WrittenUnit unit = WrittenUnit::kNone;
  bool integer = false;      // written without a decimal point
  char sign = 0;             // '+', '-', or 0 for none
  bool in_range = false;     // "0.2 to 0.3", "[0.2, 0.3]": may be an end of an interval
  bool in_brackets = false;  // inside [ ]: the end of an interval
  // The unit of the next number in its list ("3.19 and 7.92 ms"), which may be meant here too.
  WrittenUnit listed_unit = WrittenUnit::kNone;
  double listed_scale = 1.0;
  double listed_binary = 1.0;
  double scale = 1.0;         // of its unit, already in `value`
  double binary_scale = 1.0;  // GB as 2^30: value times this is the other reading
};

// In the order of the text.
[[nodiscard]] std::vector<WrittenNumber> numbers_in(std::string_view text);

}  // namespace quantier
