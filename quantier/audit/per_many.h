// "A thousand texts cost 1.02 seconds": a time of so many together, read as that of one of them. Only
// passage.cc includes this.
#pragma once

#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/audit/numbers.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {

// Of how many examples together a text says that its times are; 0 where it does not say.
inline double examples_together(std::string_view text) {
  struct Many {
    std::string_view text;
    double count;
  };
  constexpr std::array<Many, 9> kMany = {{{"thousand ", 1e3},
                                          {"1,000 ", 1e3},
                                          {"1000 ", 1e3},
                                          {"10,000 ", 1e4},
                                          {"10000 ", 1e4},
                                          {"million ", 1e6},
                                          {"1,000,000 ", 1e6},
                                          {"hundred ", 1e2},
                                          {"100 ", 1e2}}};
  constexpr std::array<std::string_view, 7> kThings = {"text",   "example",  "item", "request",
                                                       "sample", "document", "input"};
  const std::string words = " " + lowered(text);
  for (const Many& many : kMany) {
    for (const std::string_view before : {" a ", " per ", " one ", " every ", " each ", " for ", " "}) {
      const std::string start = std::string(before) + std::string(many.text);
      for (std::size_t at = words.find(start); at != std::string::npos; at = words.find(start, at + 1)) {
        const std::string_view behind = std::string_view(words).substr(at + start.size());
        for (const std::string_view thing : kThings) {
          if (behind.starts_with(thing)) return many.count;
        }
      }
    }
  }
  return 0.0;
}

inline void divide_among(double together, std::vector<WrittenNumber>& numbers) {
  if (together <= 0.0) return;
  for (WrittenNumber& number : numbers) {
    const bool seconds = number.unit == WrittenUnit::kOther &&
                         (number.text.ends_with(" s") || number.text.ends_with("seconds"));
    if (!seconds && !(number.unit == WrittenUnit::kNone && number.listed_unit == WrittenUnit::kOther))
      continue;
    const double scale = 1e3 / together;
    number.unit = WrittenUnit::kMilliseconds;
    number.value *= scale;
    number.half_width *= scale;
    number.scale = scale;
  }
}

}  // namespace quantier::audit_internal
