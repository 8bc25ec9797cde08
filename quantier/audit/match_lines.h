// The numbers of a column, of a row or of a list in a cell, one for each configuration, looked at together.
//
// A table is written in one go: where its head was read wrongly, all of a column seems wrong, and where it
// was read rightly, a wrong number stands alone. So a majority of alarms in one line is a doubt about the
// reading, not about the note. What a line is of is then told by a second sign, its values: the one kind of
// fact (metric, fit, end of an interval, unit) that has nearly all of them, each for the configuration of its
// row. Such a line is sourced, and a number that does not fit it is an alarm; a line of which neither its
// head nor its values say what it is is not checked.
#pragma once

#include <vector>

#include "quantier/audit/claim.h"
#include "quantier/audit/match.h"

namespace quantier {

struct LineFindings {
  std::vector<ReadHead> heads;      // of lines whose values say what they are
  std::vector<ClaimFinding> wrong;  // heads that say another fit or unit than all of their numbers
};

// Changes the findings of numbers in tables where their line says more than each of them alone.
LineFindings check_lines(const std::vector<Passage>& passages, std::vector<CheckedNumber>& numbers,
                         const AuditEvidence& evidence);

}  // namespace quantier
