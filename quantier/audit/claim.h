// How strongly a sentence speaks, against what the evidence carries.
//
// Six things are looked for, and only in sentences whose subject is pinned by name: certainty, harm or help
// told of a change that the evidence calls unresolved, directional or of the other sign; a time or memory on
// hardware nobody measured, told as if somebody had; a ratio of a paper carried to one's own models without
// its scope; a limit said to be passed or failed that the evidence decides the other way; an order (faster,
// smaller, better calibrated, trails by, dominated by, the slowest, 2.5 times as long as) that is the other
// way round; a number of a paper told as measured by the writer. Words come in classes (data/words.toml);
// what a class needs of the evidence is decided here. Caution is never an alarm: a hedge or a negation
// anywhere in the clause ends the search.
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
