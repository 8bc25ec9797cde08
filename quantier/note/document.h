// The note as a document, and its renderings.
//
// Text in the model is plain and unescaped; every renderer escapes for its own sink, so that a label such as
// <script> stays a label. The HTML is one file without any external request.
#pragma once

#include <optional>
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
  std::size_t text_columns = 1;                // left-aligned ones at the front; the others are numbers
  std::optional<std::size_t> marked_row = {};  // the configuration that is chosen
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

// Plain aligned columns for a terminal: one line per configuration. Control characters in names are replaced.
[[nodiscard]] std::string summary_table(const NoteInput& input);

// The choice, what binds, what nobody measured and what would change it: a sentence a line.
[[nodiscard]] std::string decision_summary(const Decision& decision);

[[nodiscard]] std::string escape_html(std::string_view text);
[[nodiscard]] std::string escape_markdown(std::string_view text);

}  // namespace quantier
