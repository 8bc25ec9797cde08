// What a report asks of the same predictions beside the declared comparisons, as [analysis] of the
// configuration says: groups of examples, and a second split of the store.
//
// A column of the data comes from the runs where they were stored with it, otherwise from the data file,
// which must then be the one that was measured. Errors: those of the readers; kUserInput for a data file that
// has changed, or a sample without ids; kUsage for a second split that the store does not hold.
#pragma once

#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/record/run.h"
#include "quantier/stats/comparisons/analyze.h"

namespace quantier {

struct ReportGroups {
  std::vector<ExampleGroups> groups;
  std::vector<std::string> remarks;
};
// `runs`: at least one; all over the same examples.
[[nodiscard]] Result<ReportGroups> groups_for_report(const RunConfig& config, const std::vector<Run>& runs);

// The latest runs of the same models, recipes and devices over the second split, all over the same examples;
// empty when none is asked for.
[[nodiscard]] Result<std::vector<Run>> second_split_for_report(const RunConfig& config, Store& store,
                                                               const std::vector<Run>& runs);

}  // namespace quantier
