// Numbers that belong together: a value with both ends of its interval, a threshold with the share above it
// and the accuracy there. Each may be found in the evidence by itself and yet of different things.
#pragma once

#include <vector>

#include "quantier/audit/match.h"

namespace quantier {

// Looks at the numbers of one passage, in its order, and changes the findings of those that do not belong to
// the others.
void check_intervals(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                     const AuditEvidence& evidence);
void check_gates(const std::vector<CheckedNumber*>& numbers, const AuditEvidence& evidence);

}  // namespace quantier
