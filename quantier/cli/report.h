// How `run` and `report` end: the table, the decision and where the note, its page and the evidence lie.
#pragma once

#include <vector>

#include "quantier/base/json.h"
#include "quantier/cli/session.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/report.h"

namespace quantier::cli {

// Prints the report and sets the exit code. With --json one document: `more` and the report's keys.
void print_report(const Report& report, Json more, Session& session);

// Beside --json: configurations that have no numbers, on standard error; and the failures as JSON.
void remark_failures(const std::vector<FailureRecord>& failures, Session& session);
[[nodiscard]] Json failures_to_json(const std::vector<FailureRecord>& failures);

}  // namespace quantier::cli
