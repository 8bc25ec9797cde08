// Takes control characters out of everything that enters a note, so that no label of a data set and no text
// of a configuration file can forge a mark of inline.h: each becomes a space, as a renderer would show it. A
// new field of NoteInput or Decision that holds text from outside belongs in clean_input.cc.
#pragma once

#include "quantier/note/input.h"

namespace quantier::note_internal {

[[nodiscard]] NoteInput without_controls(NoteInput input);

}  // namespace quantier::note_internal
