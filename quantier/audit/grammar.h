// What the grammar of a sentence ties to a number in it: names before it in its clause, names joined behind
// it, its place in a list. Only scope*.cc and grammar*.cc include this.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/audit/passage.h"
#include "quantier/audit/roles.h"

namespace quantier::audit_internal {

struct Clause {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::optional<std::size_t> opened_at = {};  // of a clause in brackets: where they open
};
// The part of the sentence around a position, cut at commas, semicolons, colons, brackets and conjunctions.
[[nodiscard]] Clause clause_at(std::string_view text, std::size_t begin, std::size_t end);

// Whether only words that may stand between a number and the name it belongs to are there ("of the", "at").
[[nodiscard]] bool only_fillers(std::string_view between);

// Numbers of things: a decimal number is never one.
[[nodiscard]] bool counts_things(const Mention& mention);

struct Chosen {
  std::vector<std::string> values = {};
  bool pinned = false;
};

class Reader {
 public:
  Reader(const Passage& passage, std::size_t number);

  // Of one kind: what is tied to the number.
  [[nodiscard]] Chosen narrow(MentionKind kind) const;
  // The k-th of n numbers in a row and n names in a row: "0.081, 0.057 and 0.045 for fp16, int8 and int4";
  // the names may stand before a list or above it once for all ("libs (fp16, int8, int4): ..."). Also of
  // table cells.
  [[nodiscard]] Chosen by_list(MentionKind kind) const;
  // Three numbers or more in a row.
  [[nodiscard]] bool is_bare_list() const { return run_.size() >= 3 && number_.pair == 0; }
  // "by 1.2, 0.9 and 3.4 MB": a word of differences stands right before the first one.
  [[nodiscard]] bool list_of_differences() const;
  [[nodiscard]] bool near_word(std::string_view word, std::size_t reach) const;
  [[nodiscard]] bool is_convention() const;
  [[nodiscard]] bool word_just_before(std::string_view word, std::size_t reach) const;
  // "by 0.05 at most", "10 ms or less".
  [[nodiscard]] bool bound_behind() const;
  // Whether its own clause says what is measured.
  [[nodiscard]] bool metric_in_clause() const;
  // "overall accuracy (encoder 80.3 %)": said right before the brackets that it stands in.
  [[nodiscard]] bool metric_before_brackets() const;
  // "7 of 60", "out of the 283", "among 60".
  [[nodiscard]] bool is_total() const;

 private:
  [[nodiscard]] bool number_between(std::size_t from, std::size_t to) const;
  [[nodiscard]] bool compared_between(std::size_t from) const;
  [[nodiscard]] const Mention* before(MentionKind kind) const;
  [[nodiscard]] const Mention* labelled(MentionKind kind) const;
  [[nodiscard]] const Mention* class_before() const;
  [[nodiscard]] const Mention* joined_behind(MentionKind kind) const;
  [[nodiscard]] const Mention* chained_before(MentionKind kind, std::size_t open) const;
  void add_group(const Mention& one, std::vector<std::string>& values) const;
  [[nodiscard]] bool listed(std::size_t from, std::size_t to) const;
  [[nodiscard]] Chosen list_here(MentionKind kind) const;
  [[nodiscard]] Chosen list_around(MentionKind kind) const;

  const Passage& passage_;
  const WrittenNumber& number_;
  std::size_t index_;
  NumberRun run_;
  std::size_t run_begin_;
  std::size_t run_end_;
  Clause clause_;
};

}  // namespace quantier::audit_internal
