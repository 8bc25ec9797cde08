#include "quantier/pipeline/report.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <system_error>
#include <tuple>

#include <fmt/format.h>

#include "quantier/base/thread_pool.h"
#include "quantier/base/utf8.h"
#include "quantier/note/pdf.h"
#include "quantier/pipeline/config_tiers.h"
#include "quantier/pipeline/decide_cache.h"
#include "quantier/pipeline/findings.h"
#include "quantier/pipeline/held_out.h"
#include "quantier/pipeline/report_device.h"
#include "quantier/pipeline/report_earlier.h"
#include "quantier/pipeline/report_findings.h"
#include "quantier/pipeline/report_flips.h"
#include "quantier/pipeline/report_hardware.h"
#include "quantier/pipeline/report_imported.h"
#include "quantier/pipeline/report_promises.h"
#include "quantier/pipeline/report_table.h"
#include "quantier/pipeline/run.h"
#include "quantier/pipeline/run_timing.h"
#include "quantier/pipeline/stored_runs.h"

namespace quantier {
namespace {

std::string limited_text(const Analysis& analysis, const ReportOptions& options) {
  if (!analysis.limit) return {};
  const std::string of =
      options.examples_in_file ? fmt::format(" of {}", grouped(*options.examples_in_file)) : std::string();
  return fmt::format("{}{} examples", grouped(analysis.examples), of);
}

std::string dataset_text(const Analysis& analysis, const TierSetup& tiers) {
  std::string text = fmt::format("{} examples of the {} split, {} classes", grouped(analysis.examples),
                                 analysis.split, analysis.label_names.size());
  if (analysis.limit) text += fmt::format(", drawn by seed {} with the mix of labels kept", analysis.seed);
  if (!tiers.text.empty()) text += "; " + tiers.text;
  return text;
}

std::string stack_text(const Provenance& conditions) {
  return fmt::format("measured by Quantier {} on {}, {} thread{}", conditions.quantier_version,
                     conditions.machine, conditions.threads, conditions.threads == 1 ? "" : "s");
}

constexpr const char* kFidelity =
    "bench/fidelity.sh predicts every example of the bundled models and compares each logit with "
    "transformers "
    "in float64";

std::vector<std::pair<std::string, std::string>> statistics_rows(const RunConfig& config,
                                                                 const Analysis& analysis) {
  std::vector<std::pair<std::string, std::string>> rows;
  rows.emplace_back("Statistics",
                    fmt::format("Tango score intervals for paired accuracy; McNemar mid-p with Holm's "
                                "correction over {} comparisons; {} paired bootstrap replicates, seed {}",
                                analysis.family_size, grouped(analysis.replicates), analysis.seed));
  rows.emplace_back("Calibration",
                    "ECE over 15 equal-width bins of the top-1 confidence; one temperature by minimising the "
                    "likelihood's loss to convergence; cross-fitted: even and odd examples, each at the "
                    "other's temperature");
  for (const ConfigurationFindings& findings : analysis.configurations) {
    if (!findings.calibration) continue;
    const Calibration& calibration = *findings.calibration;
    const auto bad = [](const FittedTemperature& fit) { return !fit.converged || fit.at_bound; };
    if (bad(calibration.temperature_all) || (calibration.temperature_a && bad(*calibration.temperature_a)) ||
        (calibration.temperature_b && bad(*calibration.temperature_b))) {
      rows.emplace_back("Temperature, " + findings.display(),
                        "a fit ended at its bound or did not converge; its ECE is not the best one");
    }
  }
  rows.emplace_back("Fidelity", kFidelity);
  rows.emplace_back("Configuration", config.file.filename().string());
  return rows;
}

// Configurations without numbers, each once and with its reason.
std::vector<std::string> missing_of(const std::vector<FailureRecord>& failures, const Analysis& analysis) {
  std::vector<std::string> missing;
  for (const FailureRecord& failure : failures) {
    const std::string name = failure.configuration.display();
    const bool measured =
        std::any_of(analysis.configurations.begin(), analysis.configurations.end(),
                    [&](const ConfigurationFindings& each) { return each.display() == name; });
    const std::string text = fmt::format("{} ({})", name, failure.error.what);
    if (!measured && std::find(missing.begin(), missing.end(), text) == missing.end())
      missing.push_back(text);
  }
  return missing;
}

// What the measuring took; absent for a store that does not say.
Result<std::vector<std::pair<std::string, std::string>>> run_figures(Store& store,
                                                                     const std::vector<Run>& runs,
                                                                     const RunConfig& config) {
  std::vector<std::pair<std::string, std::string>> rows;
  std::vector<std::uint64_t> peaks;
  peaks.reserve(runs.size());
  for (const Run& run : runs) peaks.push_back(run.memory.process_peak_bytes);
  const std::uint64_t largest = *std::max_element(peaks.begin(), peaks.end());
  // Kept loaded together: what fits the budget.
  std::uint64_t together = 0;
  for (const auto& group : groups_within(peaks, static_cast<std::uint64_t>(config.memory_budget_mb * 1e6))) {
    std::uint64_t sum = 0;
    for (const std::size_t i : group) sum += peaks[i];
    together = std::max(together, sum);
  }
  QT_TRY(const std::optional<std::string> text, store.setting(kRunFiguresSetting));
  if (!text || all_imported(runs)) return rows;
  QT_TRY(const Json figures, parse_json(*text, store.path()));
  const auto megabytes = [](std::uint64_t bytes) { return static_cast<double>(bytes) / 1e6; };
  rows.emplace_back(
      "This run", fmt::format("predictions {:.0f} s and timing {:.0f} s; processes: the largest {:.0f} "
                              "MB, those loaded together at most {:.0f} MB, beside them {:.0f} "
                              "MB of the program itself",
                              figures.value("predictions_seconds", 0.0), figures.value("timing_seconds", 0.0),
                              megabytes(largest), megabytes(together),
                              megabytes(figures.value("coordinator_peak_bytes", std::uint64_t{0}))));
  return rows;
}

// Over evidence that later decisions find again in the store.
Result<Decision> decide_analysed(const RunConfig& config, Store& store, const std::vector<Run>& runs,
                                 const Analysis& analysis, const AnalysisTiers& tiers,
                                 const Envelope& envelope, const ReportOptions& options) {
  ThreadPool pool(config.threads != 0 ? config.threads : available_processors());
  const EvidenceKey from = evidence_of(config, runs, tiers);
  QT_TRY(const std::string key, evidence_key(store, from));
  EvidenceOptions making{.seed = from.seed,
                         .replicates = from.replicates,
                         .wanted = wanted_metrics(envelope),
                         .pool = &pool,
                         .progress = options.progress,
                         .interrupt = options.interrupt};
  QT_TRY(std::optional<DecisionEvidence> evidence, kept_evidence(store, key, making.wanted));
  if (!evidence) {
    QT_TRY(evidence, decision_evidence(runs, analysis, tiers, making));
    QT_TRY_STATUS(keep_evidence(store, key, making.wanted, *evidence));
  }
  QT_TRY(const LoadEvidence rates, load_evidence_of(store, envelope));
  apply_protocol(envelope, rates, evidence->candidates);
  QT_TRY(Decision decision,
         decide_candidates(std::move(evidence->candidates), evidence->differences, envelope,
                           {.replicates = &evidence->replicates, .pool = &pool}));
  if (config.analysis.report_on.empty()) return decision;
  making.wanted = wanted_metrics(envelope);
  QT_TRY(decision.held_out, held_out_of(decision, store, from, config.analysis.report_on, making));
  return decision;
}

// Configurations of which the files state numbers and hold no predictions. nullopt: there are none.
Result<std::optional<NoteReported>> reported_elsewhere_of(Store& store, const std::vector<Run>& runs,
                                                          const std::string& device) {
  QT_TRY(const std::vector<ReportedValue> values, store.reported());
  QT_TRY(const std::vector<RunSummary> all, store.runs());
  std::vector<ConfigurationId> known;
  for (const Run& run : runs) known.push_back(run.configuration);
  for (const RunSummary& run : all) known.push_back(run.configuration);
  NoteReported reported = reported_of(values, known);
  // Numbers of a model alone are about no configuration that could be chosen.
  std::erase_if(reported.configurations, [](const auto& row) { return row.recipe.empty(); });
  if (reported.configurations.empty()) return std::optional<NoteReported>();
  reported.device = device;
  return std::optional(std::move(reported));
}

}  // namespace

Result<Report> make_report(const RunConfig& config, Store& store, const std::vector<std::string>& keys,
                           const std::vector<FailureRecord>& failures, const ReportOptions& options) {
  if (keys.empty()) {
    return fail(ErrorKind::kUsage, "there is nothing to report", store.path(), "no run is finished");
  }
  QT_TRY(const std::vector<Run> runs, load_runs(store, keys, {options.progress, options.interrupt}));
  QT_TRY(TierSetup tiers, tiers_for(config, store, runs.front().predictions.label_names));
  Report report;
  report.store = store.path();
  QT_TRY(report.analysis,
         analysis_of(config, store, runs, tiers.tiers, {options.progress, options.interrupt}));

  QT_TRY(Envelope envelope,
         envelope_for(config, {.tiers = tiers.tiers.names, .classes = report.analysis.label_names}));
  const bool imported = all_imported(runs);
  if (imported) read_as_imported(envelope);
  QT_TRY(report.decision,
         decide_analysed(config, store, runs, report.analysis, tiers.tiers, envelope, options));
  NoteInput input = note_input_of(report.analysis, report.decision);
  mark_imported_costs(runs, input.cost);
  add_promises(report.analysis, runs, input);
  add_evidence_identity(runs, input);
  add_flips(report.analysis, runs, tiers.tiers, input);
  if (options.with_texts) QT_TRY_STATUS(add_texts(config, runs, input));
  QT_TRY(input.alternatives, alternatives_of(report.analysis, report.decision));
  QT_TRY(input.hardware, hardware_for_note(config, runs, report.decision));
  QT_TRY(input.earlier, earlier_measurements(store, report.analysis));
  QT_TRY(input.reported, reported_elsewhere_of(store, runs, envelope.device));
  input.title = config.title;
  input.missing = missing_of(failures, report.analysis);
  input.limited = limited_text(report.analysis, options);
  input.dataset = dataset_text(report.analysis, tiers);
  input.stack = imported ? imported_stack(runs) : stack_text(runs.front().provenance);
  auto appendix = imported ? imported_appendix(runs) : appendix_for(config, runs, failures);
  QT_TRY(auto figures, run_figures(store, runs, config));
  for (auto& row : figures) appendix.push_back(std::move(row));
  for (auto& row : reported_calibration_rows(report.analysis)) appendix.push_back(std::move(row));
  for (auto& row : statistics_rows(config, report.analysis)) {
    // Of our kernels, which had no part in this.
    if (imported && row.second == kFidelity) continue;
    appendix.push_back(std::move(row));
  }
  for (auto& row : input.appendix) appendix.push_back(std::move(row));
  report.findings = findings_of(report.analysis, report.decision);
  for (Finding& finding : findings_of_earlier(input.earlier)) report.findings.push_back(std::move(finding));
  if (input.reported) {
    for (Finding& finding : reported_findings(*input.reported)) report.findings.push_back(std::move(finding));
  }
  appendix.push_back(findings_key_row(report.findings));
  input.appendix = std::move(appendix);
  input.plan_remarks = plan_remarks_of(runs);
  report.device = device_to_json(runs);
  if (const SlowedSamples slowed = slowed_samples(runs); slowed.slowed != 0)
    report.slowed = slowed_text(slowed);

  if (stop_requested(options.interrupt)) return interrupted();
  if (options.progress) options.progress({"writing the note", 0, 0});
  QT_TRY_STATUS(write_report(input, store, options, report));
  return report;
}

Status write_report(const NoteInput& input, Store& store, const ReportOptions& options, Report& report) {
  const NoteDocument document = build_note(input);
  report.prose_pages = prose_pages(document);
  QT_TRY(report.files, write_note_files(document, options.out_directory, &input));
  report.summary = summary_table(input) + "\n";
  if (!input.limited.empty()) {
    report.summary +=
        fmt::format("Limited run: {}. Every number holds for that part alone.\n", input.limited);
  }
  if (!report.slowed.empty()) report.summary += report.slowed + ".\n";
  if (report.table_only) {
    report.summary +=
        "These are numbers of a table, without predictions: no intervals and no probabilities; what ties, "
        "ties "
        "inside the declared margins.\n";
  }
  report.summary += decision_summary(report.decision);
  if (input.reported && !input.reported->only) {
    for (const NoteReportedConfiguration& row : input.reported->configurations) {
      report.summary +=
          fmt::format("Reported and not run here, so not considered: {}\n", printable(row.display()));
    }
  }
  for (const std::string& remark : report.files.pdf_remarks) {
    report.summary += fmt::format("In note.pdf: {}\n", remark);
  }
  for (const std::string& change : report.files.kept_changes) {
    report.summary += fmt::format("Your text in note.md, {}\n", change);
  }
  QT_TRY_STATUS(store.set_setting(kDecisionSetting, report_to_json(report).dump()));
  QT_TRY_STATUS(store.set_setting(kFindingsSetting, findings_to_json(report.findings).dump()));
  if (options.examples_in_file) {
    QT_TRY_STATUS(store.set_setting(kExamplesInFileSetting, std::to_string(*options.examples_in_file)));
  }
  return {};
}

Result<StoreReport> report_of_store(const RunConfig& config, Store& store, const ReportOptions& options) {
  StoreReport made;
  QT_TRY(const std::vector<RunSummary> runs, store.runs());
  if (runs.empty()) {
    QT_TRY(made.report, make_table_report(config, store, options));
    return made;
  }
  QT_TRY(ReportRuns selected, runs_for_report(config, store));
  made.failures = selected.failures;
  made.missing = std::move(selected.missing);
  QT_TRY(made.report, make_report(config, store, selected.keys, selected.failures, options));
  return made;
}

namespace {

Result<std::vector<std::string>> latest_keys(Store& store) {
  std::vector<std::string> keys;
  QT_TRY(const std::optional<std::string> text, store.setting(kLatestKeysSetting));
  if (!text) return keys;
  QT_TRY(const Json list, parse_json(*text, store.path()));
  for (const Json& key : list) {
    if (key.is_string()) keys.push_back(key.get<std::string>());
  }
  return keys;
}

}  // namespace

namespace {

// The recipes of the file; of a model whose weights came quantized, the one that it has.
std::vector<std::string> recipes_of(const std::string& model, const RunConfig& config,
                                    const std::vector<RunSummary>& summaries) {
  std::vector<std::string> own;
  for (const RunSummary& run : summaries) {
    if (run.configuration.model != model) continue;
    const std::string& recipe = run.configuration.recipe;
    if (std::ranges::find(config.recipes, recipe) != config.recipes.end()) return config.recipes;
    if (std::ranges::find(own, recipe) == own.end() && !parse_recipe(recipe)) own.push_back(recipe);
  }
  return own.empty() ? config.recipes : own;
}

}  // namespace

Result<ReportRuns> runs_for_report(const RunConfig& config, Store& store) {
  QT_TRY(const std::vector<RunSummary> summaries, store.runs());
  std::map<std::string, std::vector<std::string>> recipes;
  for (const ModelConfig& model : config.models) {
    recipes[model.name] = recipes_of(model.name, config, summaries);
  }
  const auto wanted = [&](const RunSummary& run) {
    const ConfigurationId& id = run.configuration;
    // The second split is for repeating, not for deciding.
    if (!config.analysis.second_split.empty() && run.split == config.analysis.second_split) return false;
    if (!config.analysis.select_on.empty() && run.split != config.analysis.select_on) return false;
    if (!config.analysis.report_on.empty() && run.split == config.analysis.report_on) return false;
    const auto of_model = recipes.find(id.model);
    return of_model != recipes.end() &&
           std::ranges::find(of_model->second, id.recipe) != of_model->second.end();
  };
  // Of the latest selection first: a run may have gone back to examples that were measured before.
  QT_TRY(const std::vector<std::string> selected, latest_keys(store));
  auto latest = std::find_if(summaries.rbegin(), summaries.rend(), [&](const RunSummary& run) {
    return wanted(run) && std::ranges::find(selected, run.key) != selected.end();
  });
  if (latest == summaries.rend()) {
    latest = std::find_if(summaries.rbegin(), summaries.rend(), wanted);
  }
  if (latest == summaries.rend()) {
    return fail(ErrorKind::kUsage, "the store holds no run of this configuration", store.path(),
                fmt::format("{} runs, none of a model and recipe named there", summaries.size()),
                "`quantier show` lists what is in the store");
  }
  const auto examples_of = [](const RunSummary& run) {
    return std::tie(run.split, run.limit, run.examples, run.classes);
  };
  QT_TRY(const std::vector<FailureRecord> failures, store.failures());
  ReportRuns found;
  for (const ModelConfig& model : config.models) {
    for (const std::string& recipe : recipes[model.name]) {
      const auto is_this = [&](const ConfigurationId& id) {
        return id.model == model.name && id.recipe == recipe;
      };
      const auto run = std::find_if(summaries.rbegin(), summaries.rend(), [&](const RunSummary& each) {
        return is_this(each.configuration) && examples_of(each) == examples_of(*latest);
      });
      if (run != summaries.rend()) {
        found.keys.push_back(run->key);
      } else {
        found.missing.push_back(model.name + " " + recipe);
      }
      for (const FailureRecord& failure : failures) {
        const bool of_this_run = run != summaries.rend() && failure.key == run->key;
        if (is_this(failure.configuration) && (of_this_run || run == summaries.rend())) {
          found.failures.push_back(failure);
        }
      }
    }
  }
  return found;
}

Result<std::optional<std::uint64_t>> examples_in_file_of(Store& store) {
  QT_TRY(const std::optional<std::string> text, store.setting(kExamplesInFileSetting));
  std::uint64_t count = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), count).ec != std::errc{}) {
    return std::nullopt;
  }
  return count;
}

}  // namespace quantier
