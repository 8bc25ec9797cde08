// `quantier audit`: the notes of a file or folder against the evidence of a store.
//
// The runs are analysed and decided again exactly as a report would, in memory: the store is only read. Which
// limits, tiers and named classes hold comes from the configuration, that of the store unless another is
// given.
//
// Errors: those of the store, of the configuration and of a single note. In a folder an unreadable note is a
// row with its problem, not an end.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "quantier/audit/audit.h"
#include "quantier/audit/sheet.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/progress.h"

namespace quantier {

struct AuditOptions {
  std::filesystem::path note;                    // a file or a folder
  std::filesystem::path store;                   // empty: notes against themselves
  std::filesystem::path config;                  // empty: as the store was last run with
  std::vector<std::filesystem::path> published;  // more tables of published numbers
  std::filesystem::path out;                     // folder for sheets; empty: none are written
  ProgressFunction progress = {};
  const Interrupt* interrupt = nullptr;
};

struct AuditedFolder {
  std::vector<NoteAudit> audits;
  std::vector<AuditRow> rows;  // one for each note, unreadable ones included
  std::string csv;
  std::filesystem::path csv_file;  // empty when none was written
  [[nodiscard]] std::size_t to_look_at() const;
};

// The facts of a store, read only.
[[nodiscard]] Result<AuditEvidence> audit_evidence(const AuditOptions& options);

[[nodiscard]] Result<AuditedFolder> audit_notes(const AuditOptions& options);

}  // namespace quantier
