// Who a comparing word speaks of: whose measure is said to be more or less, and than whose. Only claim*.cc
// include this.
//
// The first is the last one named before the word, or what a fronted superlative leads to ("the heaviest is
// ..."), or who the sentence before was about ("It is ..."); the second stands behind "than" and the like,
// before a comma ("Compared with ..."), or is everybody else. Where neither grammar nor context says who, the
// answer is nobody.
#pragma once

#include <optional>
#include <vector>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/fact.h"
#include "quantier/audit/relation.h"

namespace quantier::audit_internal {

enum class Against : std::uint8_t {
  kNamed,      // `second`
  kReference,  // the first one's model at the reference precision
  kOthers,     // everybody else that may be meant
};

struct Parties {
  NamedConfiguration first;
  NamedConfiguration second;
  Against against = Against::kReference;
  // "No other answers as quickly as X", "every other one is slower than X": the word is said of the others,
  // and of X the sign that is given here.
  int sign = 0;
  bool of_all = false;  // the set is said to be all configurations
};

// Whether a negation is one of who else there is ("nothing else", "no configuration").
[[nodiscard]] bool denies_all_others(const Passage& passage, const Mention& negation);

// `previous`: the sentence before in the same paragraph, or null.
[[nodiscard]] std::optional<Parties> parties_of(const Relation& relation, const Passage& passage,
                                                const Passage* previous, const AuditEvidence& evidence);

}  // namespace quantier::audit_internal
