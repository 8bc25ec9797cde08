// What a report says of quantization's three promises, and of where time and memory go.
//
// The outcomes come from decide/promises.h over the costs that the decision uses; the arithmetic of a recipe
// from the format in which most bytes of its linear layers were executed. Runs that were imported state no
// plan, and so no arithmetic. Errors: none.
#pragma once

#include <string>
#include <vector>

#include "quantier/note/input.h"
#include "quantier/record/run.h"
#include "quantier/stats/comparisons/analysis.h"

namespace quantier {

// "multiplies bytes and sums them as integers"; empty for a plan without layers or with an unknown format.
[[nodiscard]] std::string arithmetic_of(const ExecutedPlan& plan);

// Fills NoteInput::promises and NoteInput::mechanisms; `input.decision` must be there.
void add_promises(const Analysis& analysis, const std::vector<Run>& runs, NoteInput& input);

}  // namespace quantier
