#include "quantier/pipeline/findings.h"

#include <fmt/format.h>

#include "quantier/pipeline/findings_parts.h"

namespace quantier {
namespace {

using findings_internal::Arithmetic;
using findings_internal::interval_text;
using findings_internal::mid_p_text;
using findings_internal::of_flips;
using findings_internal::with_interval;

std::string replication_text(const TierComparison& cell) {
  if (cell.second_split) {
    return fmt::format("a second split was given ({}): {:+.6f} over {} examples, mid-p {:.4g}; it {}",
                       cell.second_split->split, cell.second_split->delta, cell.second_split->n,
                       cell.second_split->mcnemar_mid_p,
                       cell.second_split->repeats ? "shows the same sign" : "does not repeat it");
  }
  return fmt::format(
      "R = {:.4f}: how often n = {} new examples, drawn with Dirichlet({}.5, {}.5, {}.5) shares of lost, "
      "gained "
      "and neither, show the same sign with mid-p < 0.05",
      cell.replication, cell.n, cell.flips.right_to_wrong, cell.flips.wrong_to_right,
      cell.n - cell.flips.discordant());
}

std::string verdict_of(EvidenceWord evidence, SizeWord size) {
  return fmt::format("{}, {}", evidence_word_name(evidence), size_word_name(size));
}

// Lost, gained, n.
std::vector<double> flip_numbers(const FlipCounts& flips, std::uint64_t n) {
  return {static_cast<double>(flips.right_to_wrong), static_cast<double>(flips.wrong_to_right),
          static_cast<double>(n)};
}

Finding accuracy_finding(const TierComparison& cell, std::uint64_t family, bool exploratory) {
  Finding finding;
  finding.name = fmt::format("{}/{}/{}/accuracy", cell.model, cell.recipe, cell.tier);
  finding.statement =
      fmt::format("Accuracy of {} at {} against {} over {}: {:+.2f} points", cell.model, cell.recipe,
                  cell.reference_recipe, cell.tier == "all" ? "all examples" : cell.tier, 100.0 * cell.delta);
  finding.estimate = cell.delta;
  finding.interval = cell.tango;
  finding.n = cell.n;
  finding.verdict = verdict_of(cell.evidence, cell.size);
  finding.exploratory = exploratory;
  finding.runs = {cell.reference_run_key, cell.run_key};
  finding.arithmetic = of_flips(cell.n, cell.flips);
  auto& lines = finding.arithmetic;
  lines.emplace_back("accuracy",
                     fmt::format("{:.6f} to {:.6f}", cell.accuracy_reference, cell.accuracy_candidate));
  lines.emplace_back("difference", fmt::format("({} - {}) / {} = {:+.6f}", cell.flips.wrong_to_right,
                                               cell.flips.right_to_wrong, cell.n, cell.delta));
  lines.emplace_back("interval", interval_text(cell.tango));
  if (cell.bootstrap) {
    lines.emplace_back("bootstrap beside it",
                       interval_text(*cell.bootstrap) +
                           (cell.few_flips ? "; fewer than 20 flips: too narrow, do not rely on it" : ""));
  }
  lines.emplace_back("McNemar mid-p", mid_p_text(cell.flips, cell.mcnemar_mid_p));
  lines.emplace_back("Holm",
                     fmt::format("{:.6g} over a family of {} comparisons{}", cell.holm_p, family,
                                 exploratory ? " that was added afterwards" : " declared beforehand"));
  lines.emplace_back("replication", replication_text(cell));
  lines.emplace_back("evidence",
                     fmt::format("{}: established needs Holm p < 0.05, R >= 0.8 and an interval without "
                                 "0; directional the interval alone",
                                 evidence_word_name(cell.evidence)));
  lines.emplace_back("size", fmt::format("{}: the interval against (-{:g}, {:g})", size_word_name(cell.size),
                                         cell.margin, cell.margin));
  if (cell.minimal_detectable_effect) {
    lines.emplace_back("could have shown",
                       fmt::format("a net change of {:.6f} with as many flips, four times in five",
                                   *cell.minimal_detectable_effect));
  }
  if (cell.n_to_resolve) {
    lines.emplace_back("would be resolved",
                       fmt::format("by about {} examples, were the shares as seen", *cell.n_to_resolve));
  }
  finding.fields = {
      with_interval("delta", 100.0 * cell.delta, 100.0 * cell.tango.low, 100.0 * cell.tango.high),
      {"flips", flip_numbers(cell.flips, cell.n)},
      {"p", {cell.holm_p}},
      {"R", {cell.replication}}};
  if (cell.minimal_detectable_effect) {
    finding.fields.push_back({"detectable", {100.0 * *cell.minimal_detectable_effect}});
  }
  if (cell.half_splits) {
    finding.fields.push_back({"half splits", {cell.half_splits->same_sign_in_both}});
    lines.emplace_back("half splits", fmt::format("{:.6f} of all ways to halve the examples show the sign of "
                                                  "the whole in both halves",
                                                  cell.half_splits->same_sign_in_both));
  }
  if (cell.second_split) {
    const std::vector<double> flips = flip_numbers(cell.second_split->flips, cell.second_split->n);
    finding.fields.push_back({"second split", {100.0 * cell.second_split->delta}});
    finding.fields.back().numbers.insert(finding.fields.back().numbers.end(), flips.begin(), flips.end());
  }
  return finding;
}

void add_macro_f1(const Analysis& analysis, std::vector<Finding>& findings) {
  for (const ConfigurationFindings& one : analysis.configurations) {
    const Quality& quality = one.quality;
    Finding finding;
    finding.name = fmt::format("{}/{}/macro-f1", one.model, one.recipe);
    finding.statement = fmt::format("Macro-F1 of {}: {:.4f}", one.display(), quality.macro_f1);
    finding.estimate = quality.macro_f1;
    finding.interval = quality.macro_f1_interval;
    finding.n = quality.n;
    finding.seed = analysis.seed;
    finding.runs = {one.run_key};
    finding.arithmetic = {
        {"classes",
         fmt::format("{} with at least one example; their F1 averaged", quality.classes_with_support)},
        {"replicates", fmt::format("{} multinomial draws of {} examples, seed {}; their mean is {:+.6f} off",
                                   analysis.replicates, quality.n, analysis.seed, quality.macro_f1_bias)},
        {"as scikit-learn counts",
         fmt::format("{:.6f}, over classes present in labels or predictions", quality.macro_f1_sklearn)}};
    finding.fields = {{"as scikit-learn counts", {quality.macro_f1_sklearn}},
                      {"bias", {quality.macro_f1_bias}}};
    if (const auto& interval = quality.macro_f1_interval) {
      finding.fields.push_back({"interval", {interval->low, interval->high}});
    }
    findings.push_back(std::move(finding));
  }
  for (const PairDifference& pair : analysis.pair_differences) {
    const ConfigurationFindings& a = analysis.configurations[pair.a];
    const ConfigurationFindings& b = analysis.configurations[pair.b];
    Finding finding;
    finding.name = fmt::format("{}/{}/macro-f1/{}/{}", a.model, a.recipe, b.model, b.recipe);
    finding.statement = fmt::format("Macro-F1 of {} minus that of {}: {:+.4f}", a.display(), b.display(),
                                    pair.macro_f1_difference);
    finding.estimate = pair.macro_f1_difference;
    finding.interval = pair.interval;
    finding.n = analysis.examples;
    finding.seed = analysis.seed;
    finding.runs = {a.run_key, b.run_key};
    finding.arithmetic = {
        {"difference", fmt::format("{:.6f} - {:.6f}", a.quality.macro_f1, b.quality.macro_f1)},
        {"replicates",
         fmt::format("{} joint multinomial draws over (label, answer, answer), seed {}; their mean is "
                     "{:+.6f} off",
                     analysis.replicates, analysis.seed, pair.bias)}};
    finding.fields = {
        with_interval("turned round", -pair.macro_f1_difference, -pair.interval.high, -pair.interval.low)};
    findings.push_back(std::move(finding));
  }
}

Arithmetic of_bins(const std::vector<ReliabilityBin>& bins, std::uint64_t n) {
  Arithmetic lines;
  for (const ReliabilityBin& bin : bins) {
    if (bin.n == 0) continue;
    lines.emplace_back(
        fmt::format("({:.3f}, {:.3f}]", bin.low, bin.high),
        fmt::format("{} / {} * |{:.6f} - {:.6f}|", bin.n, n, bin.accuracy, bin.mean_confidence));
  }
  return lines;
}

// Before temperature, the temperature itself, and what a gate on confidence lets through.
void add_temperature_and_gate(const ConfigurationFindings& one, std::vector<Finding>& findings) {
  const Calibration& calibration = *one.calibration;
  const auto start = [&](const char* what, std::string statement, double estimate) {
    Finding finding;
    finding.name = fmt::format("{}/{}/{}", one.model, one.recipe, what);
    finding.statement = std::move(statement);
    finding.estimate = estimate;
    finding.n = calibration.n;
    finding.runs = {one.run_key};
    return finding;
  };
  Finding raw = start(
      "ece-raw",
      fmt::format("Calibration error of {} before temperature: {:.4f}", one.display(), calibration.ece_raw),
      calibration.ece_raw);
  if (calibration.ece_raw_interval.high > 0.0) raw.interval = calibration.ece_raw_interval;
  raw.arithmetic = of_bins(calibration.bins_before, calibration.n);
  raw.arithmetic.emplace_back("sum", fmt::format("{:.6f}", calibration.ece_raw));
  findings.push_back(std::move(raw));
  Finding temperature = start("temperature",
                              fmt::format("Temperature of {}, fitted on all {} examples: {:.4f}",
                                          one.display(), calibration.n, calibration.temperature_all.value),
                              calibration.temperature_all.value);
  temperature.interval = one.temperature_interval;
  temperature.arithmetic = {
      {"fit", calibration.temperature_all.at_bound    ? "ended at its bound"
              : calibration.temperature_all.converged ? "minimises the loss of the likelihood, converged"
                                                      : "did not converge"},
      {"read on the same examples",
       fmt::format("an error of {:.6f}: optimistic", calibration.ece_temperature_in_sample)}};
  temperature.fields = {{"ECE in sample", {calibration.ece_temperature_in_sample}}};
  findings.push_back(std::move(temperature));
  if (!calibration.gate) return;
  const Gate& gate = *calibration.gate;
  Finding let_through =
      start("gate",
            fmt::format("A gate at confidence {:g} after temperature lets {} of {} examples "
                        "of {} through",
                        gate.threshold, gate.kept, gate.n, one.display()),
            gate.share);
  let_through.interval = gate.share_interval;
  let_through.n = gate.n;
  let_through.arithmetic = {{"share", fmt::format("{} / {} = {:.6f}", gate.kept, gate.n, gate.share)}};
  if (gate.accuracy) {
    let_through.arithmetic.emplace_back(
        "accuracy there", fmt::format("{} / {} = {:.6f}", gate.kept_right, gate.kept, *gate.accuracy));
    let_through.fields.push_back({"accuracy", {*gate.accuracy}});
    if (const auto& interval = gate.accuracy_interval) {
      let_through.arithmetic.emplace_back("its interval", interval_text(*interval));
      let_through.fields.back().interval = std::pair(interval->low, interval->high);
    }
  }
  findings.push_back(std::move(let_through));
}

void add_calibration(const ConfigurationFindings& one, std::vector<Finding>& findings) {
  const Calibration& calibration = *one.calibration;
  add_temperature_and_gate(one, findings);
  if (!calibration.ece_cross_fitted || !calibration.temperature_a || !calibration.temperature_b) return;
  Finding finding;
  finding.name = fmt::format("{}/{}/ece", one.model, one.recipe);
  finding.statement = fmt::format("Calibration error of {} after temperature, cross-fitted: {:.4f}",
                                  one.display(), *calibration.ece_cross_fitted);
  finding.estimate = *calibration.ece_cross_fitted;
  finding.interval = calibration.ece_cross_fitted_interval;
  finding.n = calibration.n;
  finding.runs = {one.run_key};
  auto& lines = finding.arithmetic;
  lines.emplace_back("before", fmt::format("{:.6f} at T = 1", calibration.ece_raw));
  lines.emplace_back(
      "halves", fmt::format("even positions fit T = {:.6f}, odd ones T = {:.6f}; each half is read at the "
                            "other's",
                            calibration.temperature_a->value, calibration.temperature_b->value));
  for (auto& line : of_bins(calibration.bins_after, calibration.n)) lines.push_back(std::move(line));
  lines.emplace_back("sum", fmt::format("{:.6f}", *calibration.ece_cross_fitted));
  if (calibration.ece_cross_fitted_debiased) {
    lines.emplace_back("debiased", fmt::format("{:.6f}", *calibration.ece_cross_fitted_debiased));
  }
  lines.emplace_back("in sample",
                     fmt::format("{:.6f} with T = {:.6f} fitted and read on all: optimistic",
                                 calibration.ece_temperature_in_sample, calibration.temperature_all.value));
  findings.push_back(std::move(finding));
}

Finding residual_finding(const Analysis& analysis, const CalibrationComparison& comparison) {
  Finding finding;
  finding.name = fmt::format("{}/{}/ece-residual", comparison.model, comparison.recipe);
  finding.statement =
      fmt::format("Calibration error left after temperature, {} at {} against {}: {:+.4f}", comparison.model,
                  comparison.recipe, comparison.reference_recipe, comparison.residual_difference.value);
  finding.estimate = comparison.residual_difference.value;
  finding.interval = comparison.residual_difference.interval;
  finding.n = comparison.n;
  finding.seed = analysis.seed;
  finding.verdict = verdict_of(comparison.evidence, comparison.size);
  finding.exploratory = true;
  finding.runs = {comparison.reference_run_key, comparison.run_key};
  finding.arithmetic = {
      {"margin", fmt::format("{:g}: negligible when the whole interval lies inside", comparison.margin)},
      {"replicates", fmt::format("{} paired draws with the temperature fitted anew in each, seed {}",
                                 analysis.calibration_replicates, analysis.seed)},
      {"reference's temperature reused",
       fmt::format("T = {:.6f} and {:.6f} give {:.6f}: costs {:+.6f} {}", comparison.reused_temperature_a,
                   comparison.reused_temperature_b, comparison.ece_reused, comparison.reuse_cost.value,
                   interval_text(comparison.reuse_cost.interval))}};
  finding.fields = {with_interval("cost of reuse", comparison.reuse_cost.value,
                                  comparison.reuse_cost.interval.low, comparison.reuse_cost.interval.high)};
  for (const GateChange& gate : comparison.gates) {
    const auto sum = [](const std::uint64_t(&cells)[2][2]) {
      return cells[0][0] + cells[0][1] + cells[1][0] + cells[1][1];
    };
    finding.arithmetic.emplace_back(
        fmt::format("gate at {:g}", gate.threshold),
        fmt::format("{} examples pass only in the candidate, {} only in the reference; share {:+.6f} {}",
                    sum(gate.enters), sum(gate.leaves), gate.share_difference.value,
                    interval_text(gate.share_difference.interval)));
  }
  return finding;
}

std::string side_text(const ContrastSide& side) {
  return fmt::format("{} {} in {}: {:+.6f} ({} lost, {} gained of {})", side.model, side.recipe, side.part,
                     side.delta, side.flips.right_to_wrong, side.flips.wrong_to_right, side.n);
}

Finding contrast_finding(const Analysis& analysis, const Contrast& contrast) {
  Finding finding;
  finding.name = fmt::format("{}/{}/{}/against/{}/{}/{}", contrast.a.model, contrast.a.recipe,
                             contrast.a.part, contrast.b.model, contrast.b.recipe, contrast.b.part);
  finding.statement =
      fmt::format("Change of accuracy, {}: {} {} in {} against {} {} in {}: {:+.2f} points",
                  contrast_kind_name(contrast.kind), contrast.a.model, contrast.a.recipe, contrast.a.part,
                  contrast.b.model, contrast.b.recipe, contrast.b.part, 100.0 * contrast.difference);
  finding.estimate = contrast.difference;
  finding.interval = contrast.interval;
  finding.n = contrast.a.n;
  finding.verdict = verdict_of(contrast.evidence, contrast.size);
  finding.exploratory = true;
  for (const ContrastSide* side : {&contrast.a, &contrast.b}) {
    for (const ConfigurationFindings& one : analysis.configurations) {
      if (one.model == side->model && one.recipe == side->recipe) finding.runs.push_back(one.run_key);
    }
  }
  finding.arithmetic = {{"one side", side_text(contrast.a)},
                        {"other side", side_text(contrast.b)},
                        {"difference", fmt::format("{:+.6f} - ({:+.6f}) = {:+.6f}", contrast.a.delta,
                                                   contrast.b.delta, contrast.difference)},
                        {"interval", interval_text(contrast.interval)},
                        {"p", fmt::format("{:.6g}; Holm over {} contrasts {:.6g}", contrast.p,
                                          analysis.contrasts.size(), contrast.holm_p)},
                        {"replication", fmt::format("R = {:.4f}", contrast.replication)}};
  if (contrast.direct_flips) {
    finding.arithmetic.emplace_back(
        "directly",
        fmt::format("{} lost and {} gained from the second to the first",
                    contrast.direct_flips->right_to_wrong, contrast.direct_flips->wrong_to_right));
  }
  return finding;
}

}  // namespace

std::vector<Finding> findings_of(const Analysis& analysis) {
  std::vector<Finding> findings;
  findings.reserve(analysis.comparisons.size() + analysis.group_comparisons.size());
  for (const TierComparison& cell : analysis.comparisons) {
    findings.push_back(accuracy_finding(cell, analysis.family_size, false));
  }
  for (const GroupComparison& group : analysis.group_comparisons) {
    findings.push_back(accuracy_finding(group.cell, analysis.group_comparisons.size(), true));
  }
  findings_internal::add_cost_findings(analysis, findings);
  add_macro_f1(analysis, findings);
  for (const ConfigurationFindings& one : analysis.configurations) {
    if (one.calibration) add_calibration(one, findings);
  }
  for (const CalibrationComparison& comparison : analysis.calibration_comparisons) {
    findings.push_back(residual_finding(analysis, comparison));
  }
  for (const Contrast& contrast : analysis.contrasts) {
    findings.push_back(contrast_finding(analysis, contrast));
  }
  findings_internal::add_class_findings(analysis, findings);
  findings_internal::add_sample_findings(analysis, findings);
  return findings;
}

std::vector<Finding> findings_of(const Analysis& analysis, const Decision& decision) {
  std::vector<Finding> findings = findings_of(analysis);
  findings_internal::add_decision_findings(analysis, decision, findings);
  return findings;
}

std::optional<FindingField> field_of(const Finding& finding, std::string_view name) {
  for (const FindingField& field : finding.fields) {
    if (field.name == name) return field;
  }
  if (!name.empty()) return std::nullopt;
  FindingField estimate{"", {finding.estimate}};
  if (const auto& interval = finding.interval) {
    estimate = with_interval("", finding.estimate, interval->low, interval->high);
  }
  return estimate;
}

}  // namespace quantier
