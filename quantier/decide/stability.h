// The choice, made again on every replicate: how often it is the same, and what picking it flatters.
#pragma once

#include "quantier/decide/decision.h"
#include "quantier/decide/rule.h"

namespace quantier::decide_internal {

// Fills stability, selection and the probabilities of passing everything. `replicates` not empty.
void add_stability(Decision& decision, const Rule& rule, const DecideOptions& options);

}  // namespace quantier::decide_internal
