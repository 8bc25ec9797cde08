// Words of a sentence that compare: "faster", "trails", "more than halves", "the heaviest of all"; what they
// compare by, which way, and whether they are denied. Only claim*.cc include this.
//
// A word may say itself what it compares by ("faster": time), or leave it to the one metric or unit that its
// part of the sentence names ("lower ECE", "saves 1.6 ms"). One that does neither is left out: it may be of
// anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/audit/passage.h"

namespace quantier::audit_internal {

enum class RelationForm : std::uint8_t { kComparative, kSuperlative, kChange, kStanding };

struct Relation {
  std::string metric;  // "latency", "memory", "ece", "macro_f1", "accuracy"
  int sign = 0;        // +1: more of the metric, -1: less
  RelationForm form = RelationForm::kComparative;
  std::size_t begin = 0;
  std::size_t end = 0;
};

// A stretch of a sentence between two marks.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  [[nodiscard]] bool holds(const Mention& each) const { return each.begin >= begin && each.end <= end; }
};
// The part around a place that can be true by itself: between colons, semicolons, brackets, full
// conjunctions.
[[nodiscard]] Span statement_at(std::string_view text, std::size_t at);
// The part between semicolons: what is cited or supposed in one of them says nothing of the next.
[[nodiscard]] Span part_at(std::string_view text, std::size_t at);
// The smaller part between commas and "and".
[[nodiscard]] Span segment_at(std::string_view text, std::size_t at);

// The measures that a part of a sentence names: "latency", "memory", "ece", "macro_f1", "accuracy"; "other"
// for any other.
[[nodiscard]] std::vector<std::string> measures_in(const Passage& passage, const Span& span);

// What a word of comparing is about: what it says itself, or the one measure that its part of the sentence
// names; all of them in a list of nothing else ("ahead in macro-F1, in time and in memory"); empty: not
// known.
[[nodiscard]] std::vector<std::string> metrics_compared(const Passage& passage, const Mention& word);

// In the order of the text; those alone whose metric is known.
[[nodiscard]] std::vector<Relation> relations_in(const Passage& passage);

}  // namespace quantier::audit_internal
