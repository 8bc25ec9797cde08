// "220 of 6,083", "84 of 244 at fp16": how many of a known total, of configurations that the sentence names.
#pragma once

#include <vector>

#include "quantier/audit/match.h"

namespace quantier {

// Changes the findings of those that nobody named has.
void check_counts(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                  const AuditEvidence& evidence);

}  // namespace quantier
