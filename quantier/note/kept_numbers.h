// Numbers in a person's text, compared with what a note shows: see keep_blocks.h for what counts as changed.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/note/keep_blocks.h"

namespace quantier::note_internal {

struct TextNumber {
  std::string written;  // "−2.8", "6,083"
  std::string value;    // "-2.8", "6083": equal numbers are equal
  bool percent = false;
  std::string anchor = {};  // "r1f3a9c2e" when the number is the text of a link to it
};

// Digits that belong to a name or to the target of a link are none.
[[nodiscard]] std::vector<TextNumber> numbers_in(std::string_view text);

// [0.653](#r1f3a9c2e) as a citation where it is one of `references`, as its text alone otherwise.
[[nodiscard]] std::string with_citations(std::string_view text, const std::vector<Reference>& references);

class NumberCheck {
 public:
  NumberCheck(std::string_view old_markdown, const std::vector<KeptBlock>& kept,
              const NoteDocument& document);
  // A sentence for each.
  [[nodiscard]] std::vector<std::string> changes_in(std::string_view text) const;

 private:
  std::set<std::string> before_;
  std::set<std::string> now_;
  std::vector<Reference> references_;
};

}  // namespace quantier::note_internal
