// Numbers that nothing ties to anybody and nothing in the evidence has, one digit away from what somebody
// that may be meant has: a slip of the pen, whatever the sentence around it says.
#pragma once

#include <vector>

#include "quantier/audit/match.h"

namespace quantier {

// Looks only at numbers that are not checked so far and not set aside.
void check_misprints(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                     const AuditEvidence& evidence);

}  // namespace quantier
