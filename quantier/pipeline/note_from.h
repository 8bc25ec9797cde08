// From files that others left behind to a technical note, in one step: import, analyse, decide, write.
//
// What a folder holds says most of what a configuration would: its models and recipes, its tiers, the classes
// that its owner followed. What it cannot say is given apart: the limits (an envelope) and what was
// recommended before (a prior). Without limits the note still stands, and says that none were given. A folder
// that already holds a store is decided over as it is. Errors: those of import_evidence(), read_run_config()
// and make_report(); nothing is written when a stated number contradicts its own logits.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/pipeline/import.h"
#include "quantier/pipeline/report.h"

namespace quantier {

struct NoteFromOptions {
  ImportOptions import;            // its paths: files, folders, or one folder of `quantier run`
  std::filesystem::path envelope;  // TOML with [envelope] and, where wanted, [tiers], [prior]; may be empty
  std::filesystem::path prior;     // TOML with [prior]; replaces that of the envelope; may be empty
  std::filesystem::path out;       // of the note; empty: beside the store
};

struct NoteFrom {
  std::optional<ImportReport> import;  // absent: the store was there already
  std::vector<FailureRecord> failures;
  std::vector<std::string> missing;  // configurations without a run
  Report report;
};

[[nodiscard]] Result<NoteFrom> note_from(const NoteFromOptions& options);

}  // namespace quantier
