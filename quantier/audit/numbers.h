// Numbers as people write them: "−2.8 points", "0.0403", "6,083 examples", "2,31 ms", "2.5×", "1.15 GB", "12
// / 13", "4.5e-2", "two and a half times", "halves", "a third less".
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
  bool in_brackets = false;  // inside [ ], or an interval by its place (roles.h): the end of an interval
  int pair = 0;              // of two whole numbers that stand together ("15/16"): 1 the first, 2 the second
  // The unit of the next number in its list ("3.19 and 7.92 ms"), which may be meant here too.
  WrittenUnit listed_unit = WrittenUnit::kNone;
  double listed_scale = 1.0;
  double listed_binary = 1.0;
  bool is_spread = false;     // behind a "±"
  bool in_words = false;      // "two and a half times", "halves"
  bool is_change = false;     // "a third less", "30 % more": relative to what it is compared with
  std::string finding = {};   // where the note itself says that it comes from; mostly empty
  double scale = 1.0;         // of its unit, already in `value`
  double binary_scale = 1.0;  // GB as 2^30: value times this is the other reading
};

// In the order of the text. `decimal_commas`: "1,870" is no thousands.
[[nodiscard]] std::vector<WrittenNumber> numbers_in(std::string_view text, bool decimal_commas = false);

// Whether a whole note writes decimal commas.
[[nodiscard]] bool writes_decimal_commas(std::string_view text);

namespace audit_internal {
// Numbers in words, put between those in digits: with a unit, as a multiple ("twice", "halves", "a third of
// the time"), as a change ("a third less"), or as a count, which is never held against anybody.
void add_number_words(std::string_view text, std::vector<WrittenNumber>& numbers);
}  // namespace audit_internal

}  // namespace quantier
