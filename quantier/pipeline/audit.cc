#include "quantier/pipeline/audit.h"

#include <algorithm>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/audit_facts.h"
#include "quantier/pipeline/config_tiers.h"
#include "quantier/pipeline/decide_cache.h"
#include "quantier/pipeline/decide_table.h"
#include "quantier/pipeline/held_out.h"
#include "quantier/pipeline/report.h"
#include "quantier/pipeline/report_findings.h"
#include "quantier/pipeline/report_hardware.h"
#include "quantier/pipeline/report_imported.h"
#include "quantier/pipeline/store_file.h"
#include "quantier/pipeline/stored_runs.h"

namespace quantier {

std::size_t AuditedFolder::to_look_at() const {
  std::size_t sum = 0;
  for (const AuditRow& row : rows)
    sum += row.number_alarms + row.claims + row.absent + (row.problem.empty() ? 0 : 1);
  return sum;
}

Result<AuditEvidence> audit_evidence(const AuditOptions& options) {
  if (options.store.empty()) return AuditEvidence{};
  const std::filesystem::path file = store_file_of(options.store);
  QT_TRY(Store store, Store::open(file, Store::Mode::kReadOnly));
  QT_TRY(const RunConfig config, configuration_for(options.config, store));
  QT_TRY(const std::vector<RunSummary> any, store.runs());
  if (any.empty()) {
    QT_TRY(const ReportedTable table, reported_table(store));
    QT_TRY(Envelope envelope, envelope_for(config, table.names));
    read_as_imported(envelope);
    read_as_table(table, envelope);
    QT_TRY(const Decision decision, decide_over_table(table, envelope, store.path()));
    AuditEvidence evidence = audit_evidence_of_table(table.values, decision, config.reference_recipe);
    evidence.source = file.string();
    return evidence;
  }
  const Watching watching{options.progress, options.interrupt};
  QT_TRY(const ReportRuns selected, runs_for_report(config, store));
  QT_TRY(const std::vector<Run> runs, load_runs(store, selected.keys, watching));
  QT_TRY(const TierSetup setup, tiers_for(config, store, runs.front().predictions.label_names));
  const AnalysisTiers& tiers = setup.tiers;
  QT_TRY(const Analysis findings, analysis_of(config, store, runs, tiers, watching));
  QT_TRY(const std::vector<ReportedValue> reported, store.reported());
  QT_TRY(Envelope envelope, envelope_for(config, {.tiers = tiers.names, .classes = findings.label_names}));
  if (all_imported(runs)) read_as_imported(envelope);
  // With the resampled data that a report keeps in the store, where there are any.
  QT_TRY(const std::string key, evidence_key(store, evidence_of(config, runs, tiers)));
  std::vector<Metric> wanted = wanted_metrics(envelope);
  QT_TRY(std::optional<DecisionEvidence> kept, kept_evidence(store, key, wanted));
  if (kept) {
    QT_TRY(const LoadEvidence rates, load_evidence_of(store, envelope));
    apply_protocol(envelope, rates, kept->candidates);
  }
  QT_TRY(Decision decision, kept ? decide_candidates(std::move(kept->candidates), kept->differences, envelope,
                                                     {.replicates = &kept->replicates})
                                 : decide_candidates(candidates_of(findings, envelope),
                                                     quality_differences_of(findings), envelope));
  if (const std::string& held_out = config.analysis.report_on; !held_out.empty()) {
    const EvidenceKey from = evidence_of(config, runs, tiers);
    const EvidenceOptions making{.seed = from.seed,
                                 .replicates = from.replicates,
                                 .wanted = wanted,
                                 .pool = nullptr,
                                 .progress = options.progress,
                                 .interrupt = options.interrupt};
    QT_TRY(decision.held_out, held_out_of(decision, store, from, held_out, making, /*writable=*/false));
  }
  QT_TRY(const NoteHardware hardware, hardware_for_note(config, runs, decision));
  QT_TRY(const std::vector<LoadTest> load_tests, store.load_results());
  AuditEvidence evidence = audit_evidence_of(findings, decision, reported, runs, tiers, hardware, load_tests);
  evidence.source = file.string();
  return evidence;
}

namespace {

Result<std::vector<std::filesystem::path>> notes_of(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return std::vector{path};
  std::vector<std::filesystem::path> notes;
  NoteFormat format = NoteFormat::kMarkdown;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    std::error_code ignored;
    if (entry.is_regular_file(ignored) && note_format_of(entry.path(), format)) notes.push_back(entry.path());
  }
  if (error)
    return fail(ErrorKind::kEnvironment, "the folder cannot be listed", path.string(), error.message());
  if (notes.empty()) {
    return fail(ErrorKind::kUserInput, "there is no note in this folder", path.string(),
                "no .md, .ipynb or .html lies in it");
  }
  std::ranges::sort(notes);
  return notes;
}

// The name of a note's sheet, each once: "a.md" and "a.html" lie in one folder.
std::filesystem::path sheet_name(const std::filesystem::path& note, std::set<std::string>& taken) {
  std::string name = note.filename().string() + ".audit.md";
  for (int i = 2; !taken.insert(name).second; ++i)
    name = fmt::format("{}.{}.audit.md", note.filename().string(), i);
  return name;
}

}  // namespace

Result<AuditedFolder> audit_notes(const AuditOptions& options) {
  QT_TRY(AuditTables tables, audit_tables());
  for (const std::filesystem::path& file : options.published) {
    QT_TRY(const std::string text, read_text_file(file, std::uint64_t{16} << 20));
    QT_TRY_STATUS(add_published(text, file.string(), tables.published));
  }
  QT_TRY(const std::vector<std::filesystem::path> notes, notes_of(options.note));
  std::error_code ignored;
  const bool folder = std::filesystem::is_directory(options.note, ignored);
  // A note that cannot be read is known before anything is computed.
  if (!folder) {
    QT_TRY(const NoteText text, read_note(notes.front()));
    static_cast<void>(text);
  }
  QT_TRY(const AuditEvidence evidence, audit_evidence(options));
  if (!options.out.empty()) QT_TRY_STATUS(create_folders(options.out));
  AuditedFolder result;
  std::set<std::string> taken;
  for (const std::filesystem::path& note : notes) {
    if (stop_requested(options.interrupt)) return interrupted();
    if (options.progress) options.progress({"auditing", result.rows.size(), notes.size()});
    const Result<NoteText> text = read_note(note);
    if (!text) {
      if (!folder) return std::unexpected(text.error());
      AuditRow row;
      row.note = note.string();
      row.problem =
          text.error().why.empty() ? text.error().what : text.error().what + ": " + text.error().why;
      result.rows.push_back(std::move(row));
      continue;
    }
    QT_TRY(NoteAudit audit, audit_note(*text, evidence, tables));
    std::string sheet;
    if (!options.out.empty()) {
      const std::filesystem::path file = options.out / sheet_name(note, taken);
      QT_TRY_STATUS(write_file_atomically(file, audit_markdown(audit)));
      sheet = file.string();
    }
    result.rows.push_back(row_of(audit, std::move(sheet)));
    result.audits.push_back(std::move(audit));
  }
  result.csv = audit_csv(result.rows);
  if (!options.out.empty()) {
    result.csv_file = options.out / "audit.csv";
    QT_TRY_STATUS(write_file_atomically(result.csv_file, result.csv));
  }
  return result;
}

}  // namespace quantier
