// A report over a table alone: what others stated of configurations whose predictions nobody has here.
//
// The same note as over runs, with the stated numbers labelled as stated, the decision of decide_table.h and
// marked gaps for everything that takes predictions. Findings are kept as those of a report are, so that
// every number of the note leads to the file and line it was read from. Nothing is analysed and nothing
// estimated. Beside runs, the same rows say which configurations were reported and not run.
//
// Errors: kUserInput for a store without a macro-F1 of any model and recipe; those of limits, files, store.
#pragma once

#include <vector>

#include "quantier/base/error.h"
#include "quantier/evidence/store.h"
#include "quantier/note/reported_input.h"
#include "quantier/pipeline/decide_table.h"
#include "quantier/pipeline/findings.h"
#include "quantier/pipeline/report.h"
#include "quantier/pipeline/run_config.h"

namespace quantier {

[[nodiscard]] Result<Report> make_table_report(const RunConfig& config, Store& store,
                                               const ReportOptions& options);

// What the values state, by configuration in the order of the values; of a quantity stated twice the last.
// `known`: configurations with runs, whose values stand beside their findings and are left out.
[[nodiscard]] NoteReported reported_of(const std::vector<ReportedValue>& values,
                                       const std::vector<ConfigurationId>& known);
[[nodiscard]] std::vector<Finding> reported_findings(const NoteReported& reported);
// Those, the differences that a table carries, and what the decision rests on.
[[nodiscard]] std::vector<Finding> table_findings(const NoteReported& reported, const Decision& decision,
                                                  const std::string& reference_recipe);

}  // namespace quantier
