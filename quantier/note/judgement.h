// What no measurement decides: at most three questions with the evidence to answer them by, in one place.
#pragma once

#include "quantier/note/sections.h"

namespace quantier::note_internal {

void judgement_blocks(const NoteInput& input, Blocks& blocks);

}  // namespace quantier::note_internal
