// Numbers of texts that are counted somewhere else in the evidence: how many a class has, how large the split
// is, how many answers an accuracy stands for.
#pragma once

#include <vector>

#include "quantier/audit/match.h"

namespace quantier {

// Looks at the whole numbers of one passage; those that cannot be what they count become alarms, those that
// an accuracy explains are sourced.
void check_totals(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                  const AuditEvidence& evidence);

}  // namespace quantier
