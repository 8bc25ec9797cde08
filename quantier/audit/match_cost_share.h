// "44 % more memory", "needs 52 % of the time of fp16": shares of a cost that no two configurations have.
#pragma once

#include <vector>

#include "quantier/audit/match.h"

namespace quantier {

// Changes the findings of those.
void check_cost_shares(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                       const AuditEvidence& evidence);

}  // namespace quantier
