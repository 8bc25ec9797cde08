// The held-out split of a decision, from the store: which runs, their analysis, the choice read on them.
//
// Runs over the held-out split are found by the configurations of the decision (the latest ones, all over the
// same examples) and analysed by themselves; nothing of them goes into the choice. What is derived is kept in
// the store like the evidence of the decision. Errors: kUsage for a split that the store does not hold, for
// all configurations; kUserInput when both splits hold the same examples; those of the store and of
// analyze().
#pragma once

#include <string>

#include "quantier/base/error.h"
#include "quantier/decide/decision.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/decide_cache.h"
#include "quantier/pipeline/decide_evidence.h"

namespace quantier {

// `from`: of the decision; its runs say which configurations. `making.wanted`: those of the envelope.
// `writable`: keep what is derived.
[[nodiscard]] Result<HeldOut> held_out_of(const Decision& decision, Store& store, const EvidenceKey& from,
                                          const std::string& report_on, EvidenceOptions making,
                                          bool writable = true);

}  // namespace quantier
