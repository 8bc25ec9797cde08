// "products −0.22, launches +0.096": parts of a modelled step, whose sign is the other one in the evidence.
#pragma once

#include <vector>

#include "quantier/audit/match.h"

namespace quantier {

// Changes the findings of those.
void check_modelled_steps(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                          const AuditEvidence& evidence);

}  // namespace quantier
