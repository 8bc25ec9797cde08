// Which tool for which constraint, from the promises and the tiers of this note. Nothing without promises.
#pragma once

#include "quantier/note/sections.h"

namespace quantier::note_internal {

void tool_table(const NoteInput& input, Blocks& blocks);

}  // namespace quantier::note_internal
