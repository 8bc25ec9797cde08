// Intervals that contradict themselves: the lower end above the upper one, or the value outside of both.
#pragma once

#include <vector>

#include "quantier/audit/match.h"

namespace quantier {

// Changes the findings of such ends.
void check_ends(const Passage& passage, const std::vector<CheckedNumber*>& numbers);

}  // namespace quantier
