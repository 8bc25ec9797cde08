// Candidates from numbers that others stated, for a store without predictions.
#pragma once

#include <string>
#include <vector>

#include "quantier/decide/decision.h"
#include "quantier/record/reported_value.h"

namespace quantier {

// One for each model and recipe that has a macro-F1, in the order of the values. Time and memory count only
// for a declared device; empty: they do not. Errors: none.
[[nodiscard]] std::vector<Candidate> candidates_of_table(const std::vector<ReportedValue>& values,
                                                         const std::string& device);

}  // namespace quantier
