// Everything that an analysis and a decision state as a number, flattened for the audit of a note.
//
// Pure: nothing is computed here but ratios and rates that people always write (time and memory as multiples
// of the reference's and of the choice's, requests a second from milliseconds, what is left to a limit). Ends
// of resampled intervals carry the Monte-Carlo error of a percentile: for B replicates of a near-normal
// statistic with deviation s, s sqrt(q (1 - q) / B) / f(z_q), which at q = 2.5 % is 2.67 s / sqrt(B).
//
// Where a split took no part in the choice, what was read on it is a fact of the fit "held-out", and the same
// quality on the split of the choice of the fit "selected-on": the one told as the other is an alarm.
#pragma once

#include <string>
#include <vector>

#include "quantier/audit/fact.h"
#include "quantier/decide/decision.h"
#include "quantier/note/hardware_input.h"
#include "quantier/record/load.h"
#include "quantier/record/reported_value.h"
#include "quantier/record/run.h"
#include "quantier/stats/comparisons/analysis.h"
#include "quantier/stats/comparisons/analyze.h"

namespace quantier {

[[nodiscard]] AuditEvidence audit_evidence_of(const Analysis& analysis, const Decision& decision,
                                              const std::vector<ReportedValue>& reported,
                                              const std::vector<Run>& runs, const AnalysisTiers& tiers,
                                              const NoteHardware& hardware,
                                              const std::vector<LoadTest>& load_tests = {});
// Of a store without runs: what others stated, its differences, and the decision over it. No comparison there
// carries a verdict.
[[nodiscard]] AuditEvidence audit_evidence_of_table(const std::vector<ReportedValue>& reported,
                                                    const Decision& decision,
                                                    const std::string& reference_recipe);

}  // namespace quantier
