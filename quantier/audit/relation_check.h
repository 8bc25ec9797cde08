// Whether the evidence has a comparison the other way round, for everybody who may be meant. Only
// claim_relation.cc includes this.
#pragma once

#include <string>

#include "quantier/audit/parties.h"

namespace quantier::audit_internal {

// The reason for an alarm, or an empty text. `label`: a class, empty: all examples. `sign`: of the relation,
// with what denies it and who stands where taken into account.
[[nodiscard]] std::string relation_turned(const Passage& passage, const Relation& relation,
                                          const Parties& parties, const AuditEvidence& evidence,
                                          const std::string& label, int sign);

}  // namespace quantier::audit_internal
