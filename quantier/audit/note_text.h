// What a note says, as plain blocks of text with their places: what the audit reads.
//
// Markdown goes through cmark-gfm to HTML that remembers source lines; HTML, from wherever it came, goes
// through the tolerant parser of libxml2. So there is one walk over one kind of tree, and Markdown with HTML
// in it needs no special case. A notebook is JSON: its Markdown cells are read, and the tables that its code
// printed, because these are what the author shows; code and its messages are not, because a note is what its
// author wrote. Tables aligned with spaces (plain_table.h) are read wherever they stand. Text is normalised
// for reading (spaces of every width are one space, hyphens of every kind are "-"); the Unicode minus stays.
//
// Errors: kUserInput for a file that is binary, not UTF-8, empty of text, or larger than kLargestNoteBytes;
// kCorruptData for a notebook that is no notebook, and for HTML nested beyond what its parser follows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"

namespace quantier {

inline constexpr std::uint64_t kLargestNoteBytes = std::uint64_t{64} << 20;

enum class NoteFormat : std::uint8_t { kMarkdown, kNotebook, kHtml };

struct NotePlace {
  std::size_t cell = 0;                    // of a notebook, from 1; 0: no notebook
  std::size_t line = 0;                    // from 1; 0: not known. In a notebook of the cell's own text
  [[nodiscard]] std::string text() const;  // "line 12", "cell 3, line 2"
};

enum class BlockKind : std::uint8_t { kHeading, kParagraph, kItem, kTable };

// A text of the note that says itself which finding it comes from: a link to a row of the note's own table of
// sources. `finding`: as `quantier explain` names it, "encoder/int8/macro-f1".
struct TextReference {
  std::string text;
  std::string finding;
  std::size_t column = 0;  // of a table's row
};

struct TableRow {
  std::vector<std::string> cells;
  NotePlace place;
  bool spanning = false;  // one cell over all of its columns: it names what stands below it
  std::vector<TextReference> references = {};  // in the order of the text
};

struct TextBlock {
  BlockKind kind = BlockKind::kParagraph;
  int level = 0;                    // of a heading from 1, of an item its depth in lists, from 1
  int ordinal = 0;                  // of an item of a numbered list its number, from 1
  std::string text = {};            // of everything but tables
  std::vector<TableRow> rows = {};  // of a table, the header first where there is one
  std::size_t header_rows = 0;      // 0 or 1
  NotePlace place = {};
  std::vector<TextReference> references = {};  // of everything but tables, in the order of the text
};

struct NoteText {
  std::string name;
  NoteFormat format = NoteFormat::kMarkdown;
  std::vector<TextBlock> blocks;
  std::vector<std::string> not_read;  // "12 code cells and their outputs"
  std::size_t unread_numbers = 0;     // decimal ones in texts that were not read
};

// By the end of the name: .md, .markdown, .ipynb, .html, .htm; false for anything else.
[[nodiscard]] bool note_format_of(const std::filesystem::path& file, NoteFormat& format);

[[nodiscard]] Result<NoteText> read_note(const std::filesystem::path& file);
[[nodiscard]] Result<NoteText> parse_note(std::string_view content, NoteFormat format, std::string name);

// Sentences of a paragraph: cut after . ! ? where a new one begins, never inside a number, an abbreviation
// ("et al.", "e.g.") or brackets.
[[nodiscard]] std::vector<std::string> sentences_of(std::string_view text);

namespace audit_internal {
// Appends the blocks of a page. `cell` goes into every place; lines come from data-sourcepos where it is
// there.
[[nodiscard]] Status read_html(std::string_view html, std::size_t cell, NoteText& note);
// Appends the blocks of a notebook, and says what of it was not read.
[[nodiscard]] Status read_notebook(std::string_view content, NoteText& note);
[[nodiscard]] Result<std::string> markdown_to_html(std::string_view markdown);
// Spaces and hyphens as above; control characters as spaces.
[[nodiscard]] std::string normalised(std::string_view text);
}  // namespace audit_internal

}  // namespace quantier
