// The same configurations on other hardware: one table and the sentences that read it. All of it is modelled,
// but for what the devices have units for.
#pragma once

#include <string>

#include "quantier/note/sections.h"

namespace quantier::note_internal {

void hardware_blocks(const NoteInput& input, Blocks& blocks);
// "T4: demo-encoder int8 or demo-encoder fp16"; for the experiments that would settle it. Empty: nothing to
// settle.
[[nodiscard]] std::string devices_to_measure(const NoteInput& input);

}  // namespace quantier::note_internal
