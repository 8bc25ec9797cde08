// The audit of one note: its numbers against the evidence, its claims against their verdicts, and which
// demanded evidence it shows. It decides what can be decided, says what it could not check, and grades
// nothing.
//
// Without evidence (`evidence.configurations` empty) only the note itself is looked at: numbers of its
// sentences against its own tables, and citations against their scope.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "quantier/audit/claim.h"
#include "quantier/audit/demand.h"
#include "quantier/audit/note_text.h"

namespace quantier {

// The built-in tables, and published tables of the user's.
struct AuditTables {
  Demands demands;
  Published published;
};
[[nodiscard]] Result<AuditTables> audit_tables();

struct DemandResult {
  Demand demand;
  DemandFinding finding;
};

struct NoteAudit {
  std::string note;
  std::string evidence;  // the store; empty: the note against itself
  bool against_itself = false;
  std::vector<Passage> passages;
  std::vector<CheckedNumber> numbers;
  std::vector<ClaimFinding> claims;
  std::vector<DemandResult> demands;
  std::vector<Fact> facts;  // what CheckedNumber::finding counts in
  std::vector<std::string> not_read;
  int words_version = 0;
  int demands_version = 0;
  int published_version = 0;

  [[nodiscard]] std::size_t numbers_with(NumberVerdict verdict) const;
  [[nodiscard]] std::size_t number_alarms() const;
  [[nodiscard]] std::size_t absent_demands() const;
  // What a person must look at: numbers, claims, and demanded evidence that is not there.
  [[nodiscard]] std::size_t to_look_at() const { return number_alarms() + claims.size() + absent_demands(); }
};

[[nodiscard]] Result<NoteAudit> audit_note(const NoteText& note, const AuditEvidence& evidence,
                                           const AuditTables& tables);

// The numbers of a note's own tables as facts, for a note that has no evidence beside it.
[[nodiscard]] AuditEvidence evidence_of_tables(const std::vector<Passage>& passages);

}  // namespace quantier
