// Calibration across halves and runs: does a temperature generalise, is the residual that of the reference,
// what does the reference's temperature cost on the candidate, and which examples change sides of a gate.

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/stats/comparisons/calibration_bootstrap.h"
#include "quantier/stats/comparisons/joint_bootstrap.h"
#include "quantier/stats/comparisons/paired_counts.h"
#include "quantier/stats/comparisons/parts.h"

namespace quantier::analysis_internal {
namespace {

// Replicates of a difference, shifted so that their mean is the difference seen.
template <class Value>
Estimate centred(double seen, std::size_t replicates, const Value& value) {
  std::vector<double> values(replicates);
  for (std::size_t r = 0; r < replicates; ++r) values[r] = value(r);
  ReplicateSummary summary = summarise_replicates(values, "paired bootstrap with refits, centred");
  summary.interval.low += seen - summary.mean;
  summary.interval.high += seen - summary.mean;
  return {seen, summary.interval};
}

// One example may leave its bin at an edge for the next: two bins then lose and gain its excess (right minus
// confidence, below 1), and the error moves by up to 2 / n. Where that is more than the margin, one example
// decides whether two residuals are equivalent. Below a margin of 0.005 the noise of the error itself, about
// sqrt(bins p q / n), is the larger worry, and the interval shows it.
std::uint64_t fewest_examples_of_residual(double margin) {
  return static_cast<std::uint64_t>(std::ceil(2.0 / std::max(margin, 0.005)));
}

EvidenceWord direction_only(const Interval& interval) {
  return interval.excludes_zero() ? EvidenceWord::kDirectional : EvidenceWord::kUnresolved;
}

void add_generalisation(const CalibrationReplicates& replicates, double margin,
                        ConfigurationFindings& findings) {
  if (replicates.ece_raw.empty() || !findings.calibration || !findings.calibration->ece_own_halves) return;
  const Calibration& calibration = *findings.calibration;
  const std::size_t n = replicates.ece_raw.size();
  const double raw = calibration.ece_raw;
  const double own = *calibration.ece_own_halves;
  const double cross = calibration.ece_cross_fitted.value_or(own);
  TemperatureGeneralisation result;
  result.in_sample_drop = centred(
      raw - own, n, [&](std::size_t r) { return replicates.ece_raw[r] - replicates.ece_own_halves[r]; });
  result.held_out_drop =
      centred(raw - cross, n, [&](std::size_t r) { return replicates.ece_raw[r] - replicates.ece_cross[r]; });
  result.gap = centred(cross - own, n,
                       [&](std::size_t r) { return replicates.ece_cross[r] - replicates.ece_own_halves[r]; });
  result.margin = margin;
  result.size = size_word(result.gap.interval, margin);
  result.helps = direction_only(result.held_out_drop.interval);
  findings.generalisation = result;
  std::vector<double> temperatures = replicates.temperature;
  findings.temperature_interval =
      summarise_replicates(temperatures, "percentile bootstrap with refits").interval;
}

// Cross-fitted confidences by position; NaN where a row is not finite.
std::vector<double> cross_fitted_confidences(const RunView& view, const Calibration& calibration) {
  std::vector<double> confidences(view.data().example_count, std::nan(""));
  for (const std::size_t i : view.finite_rows) {
    const double temperature =
        i % 2 == 0 ? calibration.temperature_b->value : calibration.temperature_a->value;
    confidences[i] = top1_confidence(view.data().row(i), temperature);
  }
  return confidences;
}

GateChange gate_change(const RunView& reference, const RunView& candidate,
                       std::span<const double> reference_confidence,
                       std::span<const double> candidate_confidence, double threshold) {
  GateChange change;
  change.threshold = threshold;
  PairedCounts counts;
  for (std::size_t i = 0; i < reference_confidence.size(); ++i) {
    if (std::isnan(reference_confidence[i]) || std::isnan(candidate_confidence[i])) continue;
    const bool before = reference_confidence[i] >= threshold;
    const bool after = candidate_confidence[i] >= threshold;
    auto& cells =
        before ? (after ? change.stays_kept : change.leaves) : (after ? change.enters : change.stays_out);
    ++cells[reference.right[i]][candidate.right[i]];
    ++counts.n;
    if (before && !after) ++counts.lost;
    if (!before && after) ++counts.gained;
  }
  if (counts.n > 0) change.share_difference = {counts.difference(), tango_score_interval(counts)};
  return change;
}

CalibrationComparison compare_calibration(const RunView& reference, const RunView& candidate,
                                          const Calibration& of_reference, const Calibration& of_candidate,
                                          const CalibrationReplicates& reference_replicates,
                                          const CalibrationReplicates& replicates,
                                          const AnalysisOptions& options) {
  CalibrationComparison result;
  result.model = candidate.run->configuration.model;
  result.recipe = candidate.run->configuration.recipe;
  result.reference_recipe = reference.run->configuration.recipe;
  result.run_key = candidate.run->key;
  result.reference_run_key = reference.run->key;
  result.n = candidate.finite_rows.size();
  result.margin = options.calibration_margin;
  const std::size_t n = replicates.ece_raw.size();
  result.raw_difference = centred(of_candidate.ece_raw - of_reference.ece_raw, n, [&](std::size_t r) {
    return replicates.ece_raw[r] - reference_replicates.ece_raw[r];
  });
  result.residual_difference =
      centred(*of_candidate.ece_cross_fitted - *of_reference.ece_cross_fitted, n,
              [&](std::size_t r) { return replicates.ece_cross[r] - reference_replicates.ece_cross[r]; });
  result.size = size_word(result.residual_difference.interval, result.margin);
  result.evidence = direction_only(result.residual_difference.interval);

  result.reused_temperature_a = of_reference.temperature_a->value;
  result.reused_temperature_b = of_reference.temperature_b->value;
  ScoredAnswers reused;
  std::vector<double> temperatures;
  for (const std::size_t i : candidate.finite_rows) {
    temperatures.push_back(i % 2 == 0 ? result.reused_temperature_b : result.reused_temperature_a);
    append_scored(candidate.labelled(), std::span(&i, 1), temperatures.back(), reused);
  }
  result.ece_reused = expected_calibration_error(reliability_bins(reused));
  result.reuse_cost = centred(result.ece_reused - *of_candidate.ece_cross_fitted, n, [&](std::size_t r) {
    return replicates.ece_reused[r] - replicates.ece_cross[r];
  });
  result.reuse_size = size_word(result.reuse_cost.interval, result.margin);
  result.reuse_cost_nats =
      proper_scores(candidate.labelled(), candidate.finite_rows, temperatures).negative_log_likelihood.value -
      of_candidate.scores_cross_fitted->negative_log_likelihood.value;

  const std::vector<double> before = cross_fitted_confidences(reference, of_reference);
  const std::vector<double> after = cross_fitted_confidences(candidate, of_candidate);
  for (const Gate& gate : of_candidate.gates) {
    result.gates.push_back(gate_change(reference, candidate, before, after, gate.threshold));
  }
  return result;
}

TemperatureReading reading_at(const RunView& view, const Calibration& calibration, std::string fit,
                              double temperature) {
  TemperatureReading reading;
  reading.fit = std::move(fit);
  reading.temperature = temperature;
  ScoredAnswers answers;
  append_scored(view.labelled(), view.finite_rows, temperature, answers);
  const std::vector<ReliabilityBin> bins = reliability_bins(answers);
  reading.ece = expected_calibration_error(bins);
  reading.ece_debiased = debiased_calibration_error(bins);
  reading.ece_interval = calibration_error_interval(bins);
  reading.negative_log_likelihood =
      mean_negative_log_likelihood(view.labelled(), view.finite_rows, temperature);
  const double optimum = std::log(calibration.temperature_all.value);
  if (std::abs(optimum) > 1e-9) reading.share_of_optimum = std::log(temperature) / optimum;
  return reading;
}

}  // namespace

std::vector<TemperatureReading> temperature_readings_of(const RunView& view, const Calibration& calibration,
                                                        const AnalysisOptions& options) {
  std::vector<TemperatureReading> readings;
  const auto reported = options.reported_temperatures.find(view.run->key);
  if (reported != options.reported_temperatures.end()) {
    readings.push_back(reading_at(view, calibration, "reported", reported->second));
  }
  std::vector<std::size_t> a;
  std::vector<std::size_t> b;
  for (const std::size_t i : view.finite_rows) (i % 2 == 0 ? a : b).push_back(i);
  for (const TemperatureRecipe& recipe : options.temperature_recipes) {
    const EmulatedTemperature all = emulate_temperature(view.labelled(), view.finite_rows, recipe);
    TemperatureReading reading = reading_at(view, calibration, recipe.text, all.value);
    reading.diverged = all.diverged;
    if (!a.empty() && !b.empty()) {
      const EmulatedTemperature half = emulate_temperature(view.labelled(), a, recipe);
      reading.temperature_a = half.value;
      reading.diverged = reading.diverged || half.diverged;
      ScoredAnswers answers;
      append_scored(view.labelled(), b, half.value, answers);
      reading.ece_a_to_b = expected_calibration_error(reliability_bins(answers));
    }
    readings.push_back(std::move(reading));
  }
  return readings;
}

Status bootstrap_calibration(const std::vector<RunView>& views, const AnalysisOptions& options,
                             Analysis& analysis) {
  if (options.calibration_replicates == 0) return {};
  const std::uint32_t replicates =
      calibration_replicates_for(analysis.examples, options.calibration_replicates);
  analysis.calibration_replicates = replicates;
  std::vector<CalibrationReplicates> columns(views.size());
  std::vector<std::optional<std::size_t>> references(views.size());
  // References first: their temperatures are tried on the others.
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < views.size(); ++i) {
    const bool is_reference = views[i].run->configuration.recipe == options.reference_recipe;
    if (!is_reference) references[i] = reference_of(views, i, options.reference_recipe);
    if (is_reference) order.push_back(i);
  }
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (views[i].run->configuration.recipe != options.reference_recipe) order.push_back(i);
  }
  std::uint64_t done = 0;
  for (const std::size_t i : order) {
    if (options.progress) options.progress({"statistics: calibration", done++, views.size()});
    ConfigurationFindings& findings = analysis.configurations[i];
    if (!findings.calibration) continue;
    QT_TRY(columns[i],
           calibration_replicates(views[i], *findings.calibration,
                                  references[i] ? &columns[*references[i]] : nullptr, replicates, options));
    if (columns[i].ece_raw.empty()) {
      analysis.remarks.push_back(
          fmt::format("{}: too few examples for intervals that need a temperature fitted again",
                      views[i].run->configuration.display()));
    }
    add_generalisation(columns[i], options.calibration_margin, findings);
  }
  if (options.progress) options.progress({"statistics: calibration", views.size(), views.size()});
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (!references[i] || columns[i].ece_reused.empty()) continue;
    const std::size_t reference = *references[i];
    const std::uint64_t fewest = fewest_examples_of_residual(options.calibration_margin);
    const std::size_t examples = std::min(views[i].finite_rows.size(), views[reference].finite_rows.size());
    if (examples < fewest) {
      analysis.remarks.push_back(fmt::format(
          "{}: the calibration error that is left is not compared with that of {}; with {} examples one of "
          "them at the edge of a bin moves it by more than the margin ({:g} needs {})",
          views[i].run->configuration.display(), views[reference].run->configuration.recipe, examples,
          options.calibration_margin, fewest));
      continue;
    }
    analysis.calibration_comparisons.push_back(compare_calibration(
        views[reference], views[i], *analysis.configurations[reference].calibration,
        *analysis.configurations[i].calibration, columns[reference], columns[i], options));
  }
  return {};
}

}  // namespace quantier::analysis_internal
