// "Where the numbers come from": the blocks that every rendering appends for the references of a note.
#pragma once

#include <string_view>
#include <vector>

#include "quantier/note/document.h"

namespace quantier::note_internal {

// Headings that start with this end the prose of a note.
inline constexpr std::string_view kAppendix = "Appendix";
inline constexpr std::string_view kReferencesTitle = "Appendix: where the numbers come from";
// What stands below text that a person wrote.
inline constexpr std::string_view kWrittenByAPerson = "Judged: written by a person, kept as it is.";

// Nothing when no number carries a reference. The rows of the table are those of `references`, in their
// order: a renderer that links to them finds the row of references[i] in rows[i].
[[nodiscard]] std::vector<NoteBlock> reference_blocks(const NoteDocument& document,
                                                      const std::vector<Reference>& references);

}  // namespace quantier::note_internal
