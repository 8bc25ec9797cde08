// "81 % of 10,000 resampled data sets give the same choice, 9 % demo-encoder int4, in 5 % nothing passes":
// the shares of resampled data by who is chosen in them.
//
// Such a sentence names each of its shares by the words of its own clause: a configuration, "the same", or
// nothing at all. A share that whoever its clause can mean does not have contradicts; one that they have is
// sourced, whatever else has the same value. Left alone: shares in which a limit is met, who is on a
// frontier, what one metric alone would choose.
#pragma once

#include <vector>

#include "quantier/audit/match.h"

namespace quantier {

// Changes the findings of those.
void check_choice_shares(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                         const AuditEvidence& evidence);

}  // namespace quantier
