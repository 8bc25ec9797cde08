// Numbers that others stated, where no predictions are: read from a store, and decided over as points. Ties
// come from the declared margins alone, and nothing has an interval or a probability.
//
// Time and memory count only for a device that somebody declares: the limits, or else the import.
// Errors: those of the store; kUserInput when there is no macro-F1 of any model and recipe; those of
// decide_candidates().
#pragma once

#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/decide/decision.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/record/reported_value.h"

namespace quantier {

// One for each model and recipe that has a macro-F1, in the order of the values. Time and memory count only
// for a declared device; empty: they do not. Errors: none.
[[nodiscard]] std::vector<Candidate> candidates_of_table(const std::vector<ReportedValue>& values,
                                                         const std::string& device);

struct ReportedTable {
  std::vector<ReportedValue> values;
  KnownConfigurations known;
  MetricNames names;   // the tiers that it speaks of
  std::string device;  // declared when it was imported; empty: none
};
[[nodiscard]] Result<ReportedTable> reported_table(Store& store);

// What a limit on a table reads: memory as stated, and the declared device where the limits name none.
void read_as_table(const ReportedTable& table, Envelope& envelope);
[[nodiscard]] Result<Decision> decide_over_table(const ReportedTable& table, const Envelope& envelope,
                                                 const std::string& source);

}  // namespace quantier
