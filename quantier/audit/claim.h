// How strongly a sentence speaks, against what the evidence carries.
//
// Looked for, and only where the subject is known by name or carried over from the sentence before:
// certainty, harm or help told of a change that the evidence calls unresolved, directional or of the other
// sign (claim_strength, certainty); a time or memory on hardware nobody measured, a ratio of a paper carried
// to one's own models without its scope (claim_reach); a limit said to be passed or failed that the evidence
// decides the other way (claim_limit); who has more of something than whom (relation, parties,
// claim_relation, and older forms in claim_order, _ratio, _amount, _extreme, _direction, _dominance), an
// order of three (claim_ranking), the tier of the largest change (claim_tier), answers lost for won
// (claim_flips), a list that names one thing twice (claim_enumeration); a number of a paper told as measured
// by the writer (claim_published). Words come in classes (data/words.toml); what a class needs of the
// evidence is decided here. Caution is never an alarm: what a negation denies is read where that is plain,
// and ends the search where it is not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "quantier/audit/match.h"

namespace quantier {

enum class ClaimKind : std::uint8_t {
  kOverclaim,
  kModelledAsMeasured,
  kOutOfScope,
  kOutcome,
  kOrder,
  kPublishedAsOwn,
  kMembership,
  kHead,
  kRepeated
};
[[nodiscard]] const char* claim_kind_name(ClaimKind kind);

// What the numbers below a head of a table were found to be, whatever it says: "held-out".
struct ReadHead {
  std::string text;
  std::string fit;
};

struct ClaimFinding {
  ClaimKind kind = ClaimKind::kOverclaim;
  std::size_t passage = 0;
  std::string why;
};

[[nodiscard]] std::vector<ClaimFinding> check_claims(const std::vector<Passage>& passages,
                                                     const std::vector<CheckedNumber>& numbers,
                                                     const AuditEvidence& evidence,
                                                     const Published& published,
                                                     const std::vector<ReadHead>& heads = {});

}  // namespace quantier
