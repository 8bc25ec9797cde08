// What became of the reasons of an earlier recommendation, what its recipe grew by, which measurements came
// before these, and which experiments could change the answer again. Each is empty when there is nothing to
// say.
#pragma once

#include <string>
#include <vector>

#include "quantier/note/sections.h"

namespace quantier::note_internal {

// One sentence for each claim, with the numbers that answer it.
[[nodiscard]] std::vector<std::string> claim_sentences(const NoteInput& input);
// While the recommendation stands, or its model does: what has to be done with it that was not before.
[[nodiscard]] std::string recipe_sentence(const NoteInput& input);
// Earlier measurements beside today's: a table, and the sentence that reads it.
void earlier_blocks(const NoteInput& input, Blocks& blocks);
// Named experiments, with the number of examples that they need.
[[nodiscard]] std::string experiments_sentence(const NoteInput& input);

}  // namespace quantier::note_internal
