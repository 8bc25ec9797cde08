// The five sections of the note and its appendix, each as blocks.
#pragma once

#include <vector>

#include "quantier/note/document.h"

namespace quantier::note_internal {

using Blocks = std::vector<NoteBlock>;

// Opens the note: what compression promised and what it did.
void promises_section(const NoteInput& input, Blocks& blocks);
void frontier_section(const NoteInput& input, Blocks& blocks);
void damage_section(const NoteInput& input, Blocks& blocks);
void calibration_section(const NoteInput& input, Blocks& blocks);
void decision_section(const NoteInput& input, Blocks& blocks);
void prior_section(const NoteInput& input, Blocks& blocks);
void appendix_section(const NoteInput& input, Blocks& blocks);

// " [limited: the first 500 of 2,000 examples]" or nothing: goes behind every finding.
[[nodiscard]] std::string limited_mark(const NoteInput& input);

}  // namespace quantier::note_internal
