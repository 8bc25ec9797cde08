// What a store of runs comes to: findings, a decision under the configured envelope, and the note.
//
// The runs are loaded whole, analysed together, decided and written out; nothing is measured. The same call
// ends `quantier run` and stands alone as `quantier report`, so a note can be made again after the envelope
// changed. The decision is kept in the store beside the runs it came from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/json.h"
#include "quantier/base/progress.h"
#include "quantier/decide/decision.h"
#include "quantier/evidence/store.h"
#include "quantier/note/input.h"
#include "quantier/pipeline/findings.h"
#include "quantier/pipeline/report_parts.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/stats/comparisons/analysis.h"

namespace quantier {

struct ReportOptions {
  std::filesystem::path out_directory;  // note.md, note.html, note.pdf and figures/ go there
  // Of the data file; when unknown, a limited run is marked without it.
  std::optional<std::uint64_t> examples_in_file;
  // The page shows the texts of flipped examples, read from the configured data; off, no text leaves the
  // data.
  bool with_texts = false;
  ProgressFunction progress = {};
  const Interrupt* interrupt = nullptr;
};

struct Report {
  Analysis analysis;
  Decision decision;
  std::vector<Finding> findings;  // every number that the note cites
  std::string summary;            // table, choice, what binds and what would change it, for a terminal
  NoteFiles files;
  std::string store;
  double prose_pages = 0.0;  // of the PDF, tables, figures and appendix apart
  bool table_only = false;   // over reported values alone: `analysis` is empty
  Json device = nullptr;     // of runs on a device (report_device.h)
  std::string slowed;        // a sentence, when a card slowed itself down while it was timed
};

// Names under which a store keeps what belongs to its latest report.
inline constexpr const char* kDecisionSetting = "decision";
inline constexpr const char* kExamplesInFileSetting = "examples_in_file";

// `keys`: the runs, in the order in which they are shown; `failures`: configurations that are missing for a
// reason. Errors: kUsage without any key; those of the store, of the tiers, of analyze() and of files.
[[nodiscard]] Result<Report> make_report(const RunConfig& config, Store& store,
                                         const std::vector<std::string>& keys,
                                         const std::vector<FailureRecord>& failures,
                                         const ReportOptions& options);

// The end of every report: the note's files, the summary, and what the store keeps of both. `report` has its
// decision and findings.
[[nodiscard]] Status write_report(const NoteInput& input, Store& store, const ReportOptions& options,
                                  Report& report);

// Over whatever the store holds: runs, or where there are none a table (report_table.h).
struct StoreReport {
  Report report;
  std::vector<FailureRecord> failures;
  std::vector<std::string> missing;  // configurations without a run, by name
};
[[nodiscard]] Result<StoreReport> report_of_store(const RunConfig& config, Store& store,
                                                  const ReportOptions& options);

// The runs of a store that belong to a configuration: per model and recipe the latest, all over the same
// examples as the latest of all. Errors: kUsage when there is none.
struct ReportRuns {
  std::vector<std::string> keys;
  std::vector<FailureRecord> failures;  // of configurations without a run
  std::vector<std::string> missing;     // configurations without a run, by name
};
[[nodiscard]] Result<ReportRuns> runs_for_report(const RunConfig& config, Store& store);

// What the latest report knew of the data file; nullopt when none did.
[[nodiscard]] Result<std::optional<std::uint64_t>> examples_in_file_of(Store& store);

// For --json and for the store: the choice, every row of the table, every limit, and every comparison.
[[nodiscard]] Json report_to_json(const Report& report);

}  // namespace quantier
