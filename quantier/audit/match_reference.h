// Numbers of which the note says itself where they come from (a link to its own table of sources): they are
// held against the facts of that finding alone, and whom the text names for them against whose finding it is.
#pragma once

#include <vector>

#include "quantier/audit/match.h"

namespace quantier {

// Changes the findings of those that their source contradicts.
void check_references(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                      const AuditEvidence& evidence);

}  // namespace quantier
