// A note cut into the smallest parts that state something: sentences, headings, table cells; each with the
// words and numbers in it and with what stands around it.
//
// A number's meaning is spread over its sentence, the sentences before it, the row and the column. A passage
// keeps these apart, because what is nearer weighs more: see scope.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "quantier/audit/note_text.h"
#include "quantier/audit/numbers.h"
#include "quantier/audit/words.h"

namespace quantier {

enum class PassageKind : std::uint8_t { kHeading, kSentence, kHeaderCell, kCell };

struct Passage {
  PassageKind kind = PassageKind::kSentence;
  std::string text;  // the sentence, or the cell
  NotePlace place;
  std::size_t block = 0;    // of NoteText; sentences of one block belong together
  std::size_t section = 0;  // counts headings; 0 before the first
  bool appendix = false;    // protocol, provenance, detail: not findings
  bool provenance = false;  // of an appendix that only says where numbers come from
  std::vector<Mention> mentions;
  std::vector<WrittenNumber> numbers;

  // Around it, nearest first; a list is looked at only where the nearer ones say nothing.
  std::vector<Mention> before;          // earlier sentences of its block
  std::vector<Mention> lead_in;         // the paragraph before a list or table, its caption
  std::vector<Mention> siblings;        // the items before it in its list, the first one that names a recipe
  std::vector<Mention> heading;         // the headings above, innermost last
  std::vector<std::string> pair_order;  // what the note says of its pairs once for all: "lost", "gained"
  bool of_conditions = false;           // below a heading that asks when, or what would: it supposes

  // Of a cell.
  std::size_t row = 0;
  std::size_t column = 0;
  std::vector<Mention> row_mentions;     // of the texts in its row
  std::vector<Mention> column_mentions;  // of its header
  std::string column_text;
  // The header that says what is measured: the column's, or where that says nothing the corner of the table.
  std::string metric_text;
  std::vector<Mention> metric_mentions;
  std::string around_text;  // the paragraph before a table; of a sentence those before it in its block
  std::string row_text;     // the row joined, for quoting
  std::string group_text;   // of the row over all columns that heads those below it
  WrittenUnit column_unit = WrittenUnit::kNone;  // from "(ms)", "points", "%" in the header or the caption
  double column_scale = 1.0;
  double column_together = 1.0;  // "time per 1,000 texts": of so many together

  // The sentence, or the row with the header of its column: what a reader would look for.
  [[nodiscard]] std::string quote() const;
};

// Whether a passage says in which order pairs are told ("L/G counts predictions lost and gained"); empty: it
// does not.
[[nodiscard]] std::vector<std::string> order_of_pairs(const Passage& passage);

[[nodiscard]] std::vector<Passage> passages_of(const NoteText& note, const Vocabulary& words);

// Whether a word of this kind ("hedge") is said.
[[nodiscard]] bool says(const std::vector<Mention>& mentions, std::string_view word);
// The values of a kind, each once, in the order of the text.
[[nodiscard]] std::vector<std::string> said(const std::vector<Mention>& mentions, MentionKind kind);

}  // namespace quantier
