// A value with both ends of its interval is known by all three together, even where the words around tie it
// to nothing: "four bits: +0.2 (-0.2 to +0.6), -0.2 (-0.9 to +0.4)", tier by tier in an order that was told
// once.
#pragma once

#include <vector>

#include "quantier/audit/match.h"

namespace quantier {

// Takes alarms back from a value and its interval where all three are what one comparison of the
// configurations spoken of has, and nothing that the passage says itself speaks against it.
void explain_triples(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                     const AuditEvidence& evidence);

}  // namespace quantier
