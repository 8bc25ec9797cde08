// An audit for people and for machines: what must be looked at first, then what was found in order, then what
// could not be checked. Text of a note goes out with its control characters spelled out; cells of CSV that a
// spreadsheet would run as a formula begin with an apostrophe.
#pragma once

#include <string>
#include <vector>

#include "quantier/audit/audit.h"
#include "quantier/base/json.h"

namespace quantier {

// Plain text; `all` also lists every number with what it was found to be.
[[nodiscard]] std::string audit_text(const NoteAudit& audit, bool all);
[[nodiscard]] std::string audit_markdown(const NoteAudit& audit);
[[nodiscard]] Json audit_json(const NoteAudit& audit);

// A note that could not be read has a row too: nobody must overlook it.
struct AuditRow {
  std::string note;
  std::string sheet;
  std::string problem;  // why it could not be read; empty otherwise
  std::size_t numbers = 0;
  std::size_t sourced = 0;
  std::size_t number_alarms = 0;
  std::size_t claims = 0;
  std::size_t absent = 0;
  std::size_t not_checked = 0;
};
[[nodiscard]] AuditRow row_of(const NoteAudit& audit, std::string sheet);
// Unreadable ones first, then by what must be looked at, most first; equal ones by name.
[[nodiscard]] std::string audit_csv(std::vector<AuditRow> rows);
[[nodiscard]] std::string csv_cell(std::string_view text);

}  // namespace quantier
