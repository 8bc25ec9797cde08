// How strongly a sentence speaks, against what the evidence carries.
//
// Four things are looked for, and only in sentences whose subject is pinned by name: a strong word about a
// change that the evidence calls unresolved or directional; a time or memory on hardware nobody measured,
// told as measured; a ratio of a paper carried to one's own models without its scope; a limit said to be
// passed or failed that the evidence decides the other way. Caution is never an alarm: a hedge or a negation
// anywhere in the clause ends the search.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "quantier/audit/match.h"

namespace quantier {

enum class ClaimKind : std::uint8_t { kOverclaim, kModelledAsMeasured, kOutOfScope, kOutcome };
[[nodiscard]] const char* claim_kind_name(ClaimKind kind);

struct ClaimFinding {
  ClaimKind kind = ClaimKind::kOverclaim;
  std::size_t passage = 0;
  std::string why;
};

[[nodiscard]] std::vector<ClaimFinding> check_claims(const std::vector<Passage>& passages,
                                                     const AuditEvidence& evidence,
                                                     const Published& published);

}  // namespace quantier
