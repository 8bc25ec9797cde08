// The rows of a note below the tiers: classes, flips from tier to tier, support, concentration, groups.
//
// A plain translation of stats' findings, without arithmetic. Errors: none.
#pragma once

#include "quantier/note/input.h"
#include "quantier/stats/comparisons/analysis.h"

namespace quantier {

// Named classes, one after the other, each over the recipes.
[[nodiscard]] std::vector<NoteNamedClass> named_class_rows(const Analysis& analysis);
[[nodiscard]] std::vector<NoteFlips> flip_rows(const Analysis& analysis);

// Fills the members of NoteInput that class_input.h describes.
void add_class_rows(const Analysis& analysis, NoteInput& input);

}  // namespace quantier
