// The unit that a header, a caption or a label names for its numbers. Only passages and limits are read so.
#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include "quantier/audit/passage.h"

namespace quantier::audit_internal {

struct HeaderUnit {
  std::string_view text;
  WrittenUnit unit;
  double scale;
};

inline constexpr HeaderUnit kHeaderUnits[] = {
    {"/s", WrittenUnit::kRate, 1.0},
    {"per second", WrittenUnit::kRate, 1.0},
    {"a second", WrittenUnit::kRate, 1.0},
    {"/min", WrittenUnit::kRate, 1.0 / 60.0},
    {"per minute", WrittenUnit::kRate, 1.0 / 60.0},
    {"a minute", WrittenUnit::kRate, 1.0 / 60.0},
    {"percentage points", WrittenUnit::kPoints, 0.01},
    {"points", WrittenUnit::kPoints, 0.01},
    {"pp", WrittenUnit::kPoints, 0.01},
    {"p.p.", WrittenUnit::kPoints, 0.01},
    {"pts", WrittenUnit::kPoints, 0.01},
    {"µs", WrittenUnit::kMilliseconds, 1e-3},
    {"\u03bcs", WrittenUnit::kMilliseconds, 1e-3},
    {"ms", WrittenUnit::kMilliseconds, 1.0},
    {"s/example", WrittenUnit::kMilliseconds, 1e3},
    {"s/ex", WrittenUnit::kMilliseconds, 1e3},
    {"s/text", WrittenUnit::kMilliseconds, 1e3},
    {"s/item", WrittenUnit::kMilliseconds, 1e3},
    {"s/request", WrittenUnit::kMilliseconds, 1e3},
    {"ms/example", WrittenUnit::kMilliseconds, 1.0},
    {"milliseconds", WrittenUnit::kMilliseconds, 1.0},
    {"Milliseconds", WrittenUnit::kMilliseconds, 1.0},
    {"microseconds", WrittenUnit::kMilliseconds, 1e-3},
    {"Microseconds", WrittenUnit::kMilliseconds, 1e-3},
    {"seconds", WrittenUnit::kMilliseconds, 1e3},
    {"Seconds", WrittenUnit::kMilliseconds, 1e3},
    {"megabytes", WrittenUnit::kBytes, 1e6},
    {"Megabytes", WrittenUnit::kBytes, 1e6},
    {"gigabytes", WrittenUnit::kBytes, 1e9},
    {"Gigabytes", WrittenUnit::kBytes, 1e9},
    {"ms/ex", WrittenUnit::kMilliseconds, 1.0},
    {"GiB", WrittenUnit::kBytes, 1073741824.0},
    {"MiB", WrittenUnit::kBytes, 1048576.0},
    {"GB", WrittenUnit::kBytes, 1e9},
    {"MB", WrittenUnit::kBytes, 1e6},
    {"kB", WrittenUnit::kBytes, 1e3},
    {"KB", WrittenUnit::kBytes, 1e3},
    {"%", WrittenUnit::kPercent, 0.01},
    {"percent", WrittenUnit::kPercent, 0.01},
};

inline bool is_word_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// The unit that a text names, or null.
inline const HeaderUnit* unit_named_in(std::string_view text) {
  for (const HeaderUnit& each : kHeaderUnits) {
    for (std::size_t at = text.find(each.text); at != std::string_view::npos;
         at = text.find(each.text, at + 1)) {
      const std::size_t end = at + each.text.size();
      const bool starts =
          at == 0 || !is_word_character(text[at - 1]) || !is_word_character(each.text.front());
      const bool ends =
          end == text.size() || !is_word_character(text[end]) || !is_word_character(each.text.back());
      if (starts && ends) return &each;
    }
  }
  return nullptr;
}

// The unit that a header names for its column; numbers in it ("95 %") are taken out first, but for how many
// together take the time that it holds ("per 1,000 texts").
inline void read_unit(std::string_view header, Passage& cell) {
  std::string text(header);
  for (const WrittenNumber& number : numbers_in(header)) {
    const bool per = header.substr(0, number.begin).ends_with("per ");
    if (per && number.integer && number.unit == WrittenUnit::kNone && number.value > 1.0)
      cell.column_together = number.value;
  }
  for (const WrittenNumber& number : numbers_in(header)) {
    std::fill(text.begin() + static_cast<std::ptrdiff_t>(number.begin),
              text.begin() + static_cast<std::ptrdiff_t>(number.end), ' ');
  }
  if (const HeaderUnit* unit = unit_named_in(text)) {
    cell.column_unit = unit->unit;
    cell.column_scale = unit->scale;
  }
}

}  // namespace quantier::audit_internal
