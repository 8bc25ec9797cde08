// Numbers of one kind for every precision in a row: "0.020, 0.021 and 0.021".
//
// One number of few digits fits many facts, a whole series fits one thing: so a series tells whose it is
// where its members do not. It is held against what its sentence names: when it is, number for number, that
// of another model or of another fit and not that of the one that is named, or when all but one of its
// members are the named one's, an alarm is right.
#pragma once

#include <vector>

#include "quantier/audit/match.h"

namespace quantier {

// Looks at the series of one sentence. `numbers`: all of the passage, in its order; the findings of members
// that are told of something else become alarms.
void check_series(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                  const AuditEvidence& evidence);

}  // namespace quantier
