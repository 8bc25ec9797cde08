// The choice read on examples that took no part in it.
//
// Picking the best of several on some examples flatters the one picked on those same examples. A second split
// that nobody looked at while choosing reads it without that: every configuration is read there again, the
// limits on quality are checked again, and the same rule is asked what it would have chosen there. What does
// not depend on the examples (time, memory, confirmed rates) is taken over as it was measured. Where there is
// no such split, SelectionCorrection is an estimate of the same thing. (Hastie, Tibshirani and Friedman, "The
// Elements of Statistical Learning", 2nd edition, section 7.2.)
// Errors: kUsage when a configuration of the decision is not among those of the held-out split; those of
// decide_candidates().
#pragma once

#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/decide/decision.h"

namespace quantier {

struct HeldOutEvidence {
  std::string selected_on;  // name of the split that the decision stands on
  std::string reported_on;
  std::uint64_t selection_examples = 0;
  std::uint64_t examples = 0;  // of the held-out split
  std::vector<Candidate> candidates;
  std::vector<QualityDifference> differences;
};

// `evidence` in any order; configurations beyond those of the decision are left out.
[[nodiscard]] Result<HeldOut> read_held_out(const Decision& decision, HeldOutEvidence evidence);

}  // namespace quantier
