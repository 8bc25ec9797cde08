// The frontier over all its axes: a table of who stands where and why, and one sentence.
#pragma once

#include "quantier/note/sections.h"

namespace quantier::note_internal {

void axis_frontier_blocks(const NoteInput& input, Blocks& blocks);

}  // namespace quantier::note_internal
