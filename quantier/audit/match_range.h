// A range over the precisions of one model, "0.020 to 0.021": its ends are the least and the most that these
// have. Where they are those of another model or another fit, and not its own, both numbers are alarms.
#pragma once

#include <vector>

#include "quantier/audit/match.h"

namespace quantier {

void check_ranges(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                  const AuditEvidence& evidence);

}  // namespace quantier
