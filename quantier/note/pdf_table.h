// Tables in the PDF: columns as wide as what they hold, cells that wrap, a header on every page.
//
// Where the columns do not fit side by side the text of the table gets smaller, down to a size that still
// reads; then the cells wrap, in proportion to what each column would like beyond its longest word; and where
// even the longest words do not fit, the columns of numbers are dealt onto several tables that repeat the
// columns of text. Rows stay together unless they are very tall.
#pragma once

#include "quantier/note/document.h"
#include "quantier/note/pdf_flow.h"

namespace quantier::note_internal {

void pdf_table(const NoteTable& table, PdfFlow& flow);

}  // namespace quantier::note_internal
