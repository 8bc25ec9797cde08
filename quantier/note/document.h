// The note as a document, and its renderings.
//
// Text in the model is plain and unescaped; every renderer escapes for its own sink, so that a label such as
// <script> stays a label. The HTML is one file without any external request.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "quantier/note/input.h"

namespace quantier {

struct NoteHeading {
  int level = 2;
  std::string text;
};

struct NoteParagraph {
  std::string text;
  bool lead = false;  // the answer itself, set off from the rest
};

struct NoteTable {
  std::string caption;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::size_t text_columns = 1;  // left-aligned ones at the front; the others are numbers
};

struct NoteFigure {
  std::string name;  // "frontier-latency": the Markdown refers to figures/NAME.svg
  std::string caption;
  std::string svg;
};

using NoteBlock = std::variant<NoteHeading, NoteParagraph, NoteTable, NoteFigure>;

struct NoteDocument {
  std::string title;
  std::vector<NoteBlock> blocks;
};

[[nodiscard]] NoteDocument build_note(const NoteInput& input);

[[nodiscard]] std::string render_markdown(const NoteDocument& document);
[[nodiscard]] std::string render_html(const NoteDocument& document);

// Plain aligned columns for a terminal: one line per configuration, then the choice in a sentence.
// Control characters in names are replaced.
[[nodiscard]] std::string summary_table(const Decision& decision);

// What binds, what nobody measured and what would change the choice: a sentence a line, to follow the table.
[[nodiscard]] std::string decision_summary(const Decision& decision);

[[nodiscard]] std::string escape_html(std::string_view text);
[[nodiscard]] std::string escape_markdown(std::string_view text);

}  // namespace quantier
