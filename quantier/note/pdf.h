// The note as a PDF: A4, paginated, with bookmarks, vector figures and an appendix of references.
//
// Why a writer of our own: the note needs text, rules, fills and curves and nothing else of the format, must
// be the same bytes for the same note on every machine, and travels in a portable package; the one small PDF
// library of Debian (libharu) has no release that its distribution keeps current, ends a program's flow by
// longjmp or callbacks, and would still leave layout, tables and figures to us.
//
// Numbers carry no link here: their references stand in the appendix, found by the number as it is written.
// Deterministic: no clock, no fonts of the machine; /ID is a hash of the content.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "quantier/note/document.h"

namespace quantier {

struct NotePdf {
  std::string bytes;
  std::size_t pages = 0;
  std::vector<std::string> remarks;  // what could not be shown as it is; they stand at the end of the PDF too
};

[[nodiscard]] NotePdf render_pdf(const NoteDocument& document);

// How many pages of this PDF the prose alone would take: headings, paragraphs, gaps and a person's text up to
// the appendix, without tables, figures and their captions. 2.4 is two full pages and two fifths of a third.
[[nodiscard]] double prose_pages(const NoteDocument& document);

}  // namespace quantier
