#include "quantier/pipeline/audit.h"

#include <algorithm>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/base/thread_pool.h"
#include "quantier/dataset/tiers.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/audit_facts.h"
#include "quantier/pipeline/report.h"
#include "quantier/pipeline/report_findings.h"
#include "quantier/pipeline/report_imported.h"
#include "quantier/pipeline/report_second.h"
#include "quantier/pipeline/run.h"
#include "quantier/pipeline/store_file.h"
#include "quantier/pipeline/tier_input.h"
#include "quantier/stats/comparisons/analyze.h"

namespace quantier {
namespace {

constexpr std::uint32_t kFewestReplicates = 100;  // of analyze()

// Without a configuration in the store (runs that were imported and never reported): what runs there are, no
// limits.
Result<RunConfig> configuration_for(const AuditOptions& options, Store& store) {
  if (!options.config.empty()) return read_run_config(options.config);
  QT_TRY(const std::optional<std::string> text, store.setting(kConfigurationSetting));
  if (text) return configuration_of(store);
  RunConfig config;
  QT_TRY(const std::vector<RunSummary> runs, store.runs());
  for (const RunSummary& run : runs) {
    const auto same = [&](const ModelConfig& model) { return model.name == run.configuration.model; };
    if (std::ranges::none_of(config.models, same)) {
      ModelConfig model;
      model.name = run.configuration.model;
      config.models.push_back(std::move(model));
    }
  }
  config.recipes.clear();
  for (const RunSummary& run : runs) {
    if (std::ranges::find(config.recipes, run.configuration.recipe) == config.recipes.end()) {
      config.recipes.push_back(run.configuration.recipe);
    }
  }
  return config;
}

Result<AnalysisTiers> tiers_for(const RunConfig& config, Store& store,
                                const std::vector<std::string>& label_names) {
  AnalysisTiers none;
  if (config.tiers) {
    QT_TRY(const std::vector<std::int64_t> counts,
           read_training_counts(config.tiers->training_counts, label_names));
    QT_TRY(Tiers tiers, make_tiers(counts, config.tiers->names, config.tiers->sizes));
    return AnalysisTiers{std::move(tiers.names), std::move(tiers.tier_of_class)};
  }
  QT_TRY(const std::optional<std::string> text, store.setting(kTiersSetting));
  if (!text) return none;
  QT_TRY(const Json json, parse_json(*text, store.path()));
  return tiers_from_json(json, store.path());
}

}  // namespace

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
  QT_TRY(const RunConfig config, configuration_for(options, store));
  QT_TRY(const ReportRuns selected, runs_for_report(config, store));
  std::vector<Run> runs;
  for (const std::string& key : selected.keys) {
    if (stop_requested(options.interrupt)) return interrupted();
    if (options.progress) options.progress({"reading evidence", runs.size(), selected.keys.size()});
    QT_TRY(Run run, store.load_run(key));
    runs.push_back(std::move(run));
  }
  QT_TRY(const AnalysisTiers tiers, tiers_for(config, store, runs.front().predictions.label_names));
  QT_TRY(const std::vector<ReportedValue> reported, store.reported());
  const ConfiguredMargins margins = config.envelope.value_or(EnvelopeConfig{}).margins;
  AnalysisOptions analysis;
  analysis.reference_recipe = config.reference_recipe;
  analysis.seed = config.seed;
  analysis.replicates = std::max(config.bootstrap_replicates, kFewestReplicates);
  analysis.margin = margins.macro_f1;
  analysis.calibration_margin = std::max(margins.ece, 1e-9);
  analysis.named_classes = config.named_classes;
  analysis.reported_temperatures = reported_temperatures_of(runs, reported);
  for (const Run& run : runs) {
    QT_TRY(analysis.noise_floors[run.key], store.noise_floor(run.key));
  }
  QT_TRY(ReportGroups groups, groups_for_report(config, runs));
  analysis.groups = std::move(groups.groups);
  QT_TRY(const std::vector<Run> second, second_split_for_report(config, store, runs));
  analysis.second_split = &second;
  ThreadPool pool(config.threads != 0 ? config.threads : available_processors());
  analysis.pool = &pool;
  analysis.progress = options.progress;
  analysis.interrupt = options.interrupt;
  QT_TRY(const Analysis findings, analyze(runs, tiers, analysis));
  QT_TRY(Envelope envelope, envelope_for(config, {.tiers = tiers.names, .classes = findings.label_names}));
  if (all_imported(runs)) {
    envelope.memory_definition = kImportedMemory;
    if (!envelope.max_ms_per_example && !envelope.requests_per_second) {
      envelope.latency_protocol = timing_protocol_name(TimingProtocol::kWorkload);
    }
  }
  QT_TRY(const Decision decision,
         decide_candidates(candidates_of(findings, envelope), quality_differences_of(findings), envelope));
  AuditEvidence evidence = audit_evidence_of(findings, decision, reported, runs, tiers);
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
