// How sure a part of a sentence is, and of what: that something happened, or that nothing did.
//
// Words alone do not tell. "Cannot be luck" is as sure as "proven", "no proof" as careful as "perhaps", and
// "proves that nothing is lost" denies the loss and not the proof. So each negation is looked at for what it
// denies; one whose reach is not plain counts as caution, because a false alarm is worse than a miss.
#pragma once

#include <string>

#include "quantier/audit/claim_parts.h"

namespace quantier::audit_internal {

struct Certainty {
  bool cautious = false;  // hedged, denied, supposed, asked, told of others
  std::string sure = {};  // the words that are sure; empty: none
  bool interval = false;  // sure only that an interval leaves zero out
  bool absence = false;   // what it is sure of is that nothing happened
};

[[nodiscard]] Certainty certainty_of(const Passage& passage, const ClaimClause& clause);

}  // namespace quantier::audit_internal
