#include "quantier/stats/comparisons/analyze.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "quantier/stats/comparisons/parts.h"
#include "quantier/stats/estimators/temperature.h"

namespace quantier {
namespace {

using analysis_internal::RunView;
using analysis_internal::Split;

void report(const AnalysisOptions& options, const char* stage, std::uint64_t done, std::uint64_t total) {
  if (options.progress) options.progress({.stage = stage, .done = done, .total = total});
}

ConfigurationFindings findings_of(const RunView& view, const Split& split, const AnalysisTiers& tiers,
                                  const AnalysisOptions& options, std::vector<std::string>& remarks) {
  const Run& run = *view.run;
  ConfigurationFindings findings;
  findings.model = run.configuration.model;
  findings.recipe = run.configuration.recipe;
  findings.device = run.configuration.device;
  findings.run_key = run.key;
  findings.requested_batch_size = run.requested_batch_size;
  findings.effective_batch_size = run.effective_batch_size;
  findings.quality = analysis_internal::quality_of(view, split, tiers);
  const std::size_t unusable = split.labels.size() - view.finite_rows.size();
  if (unusable > 0) {
    remarks.push_back(
        fmt::format("{}: {} of {} examples have logits that are not finite; they count for "
                    "accuracy (without any number as wrong) and not for calibration",
                    run.configuration.display(), unusable, split.labels.size()));
  }
  if (!view.finite_rows.empty()) {
    findings.calibration =
        calibrate(view.labelled(), view.finite_rows, options.gate_threshold, options.gate_thresholds);
    findings.temperature_readings =
        analysis_internal::temperature_readings_of(view, *findings.calibration, options);
    if (!findings.calibration->temperature_all.converged) {
      remarks.push_back(
          fmt::format("{}: the search for the temperature did not end", run.configuration.display()));
    }
  }
  findings.latency = analysis_internal::latency_of(run, remarks);
  findings.memory = analysis_internal::memory_of(run);
  findings.named_classes = analysis_internal::named_classes_of(view, split, tiers, options.named_classes);
  return findings;
}

void add_noise_floors(const Run& run, const AnalysisOptions& options, Analysis& analysis) {
  const auto found = options.noise_floors.find(run.key);
  if (found == options.noise_floors.end()) return;
  for (const NoiseFloor& noise : found->second) {
    if (!std::isfinite(noise.max_abs_logit_difference)) {
      analysis.remarks.push_back(fmt::format(
          "{}: the noise floor ({}) has no size, because some logits were not finite; {} of {} predictions "
          "changed",
          run.configuration.display(), noise.comparison, noise.flips, noise.examples));
      continue;
    }
    analysis.noise_floor.push_back({.model = run.configuration.model,
                                    .recipe = run.configuration.recipe,
                                    .run_key = run.key,
                                    .what = noise.comparison,
                                    .n = noise.examples,
                                    .flips = noise.flips,
                                    .max_abs_logit_difference = noise.max_abs_logit_difference});
  }
}

void remark_on_empty_tiers(const Split& split, const AnalysisTiers& tiers, Analysis& analysis) {
  for (std::size_t t = 0; t < tiers.names.size(); ++t) {
    if (split.tier_examples[t] > 0) continue;
    analysis.remarks.push_back(fmt::format(
        "tier {}: no example of the split lies in it, so nothing can be said about it", tiers.names[t]));
  }
}

}  // namespace

Result<Analysis> analyze(const std::vector<Run>& runs, const AnalysisTiers& tiers,
                         const AnalysisOptions& options) {
  QT_TRY_STATUS(analysis_internal::check_runs(runs));
  QT_TRY_STATUS(analysis_internal::check_options(runs, tiers, options));
  const Run& first = runs.front();
  const Split split = analysis_internal::describe_split(first.predictions, tiers);

  Analysis analysis;
  analysis.label_names = first.predictions.label_names;
  analysis.tier_names = tiers.names;
  analysis.split = first.split;
  analysis.reference_recipe = options.reference_recipe;
  analysis.limit = first.limit;
  analysis.examples = first.predictions.example_count;
  analysis.seed = options.seed;
  analysis.replicates = options.replicates;
  remark_on_empty_tiers(split, tiers, analysis);

  // One task a run; what each has to say is gathered in the order of the runs.
  report(options, "statistics: each run", 0, runs.size());
  std::vector<RunView> views(runs.size());
  std::vector<std::vector<std::string>> remarks(runs.size());
  analysis.configurations.resize(runs.size());
  analysis_internal::for_each_task(options.pool, runs.size(), [&](std::size_t task) {
    if (stop_requested(options.interrupt)) return;
    views[task] = analysis_internal::view_of(runs[task]);
    analysis.configurations[task] = findings_of(views[task], split, tiers, options, remarks[task]);
  });
  if (stop_requested(options.interrupt)) return interrupted();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    analysis.remarks.insert(analysis.remarks.end(), remarks[i].begin(), remarks[i].end());
    add_noise_floors(runs[i], options, analysis);
  }
  report(options, "statistics: each run", runs.size(), runs.size());
  QT_TRY_STATUS(analysis_internal::compare_with_reference(views, split, tiers, options, analysis));
  QT_TRY_STATUS(analysis_internal::compare_groups(views, split, options, analysis));
  QT_TRY_STATUS(analysis_internal::add_contrasts(views, split, tiers, options, analysis));
  QT_TRY_STATUS(analysis_internal::add_sample_spreads(views, split, tiers, options, analysis));
  QT_TRY_STATUS(analysis_internal::bootstrap_calibration(views, options, analysis));
  QT_TRY_STATUS(analysis_internal::bootstrap_macro_f1(views, split, tiers, options, analysis));
  return analysis;
}

}  // namespace quantier
