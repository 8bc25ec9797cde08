#include "quantier/pipeline/findings.h"

#include <algorithm>

#include <fmt/format.h>

namespace quantier {
namespace {

using Arithmetic = std::vector<std::pair<std::string, std::string>>;

std::string interval_text(const Interval& interval) {
  return fmt::format("[{:+.6f}, {:+.6f}] at {:g} % ({})", interval.low, interval.high, 100.0 * interval.level,
                     interval.method);
}

Arithmetic of_flips(std::uint64_t n, const FlipCounts& flips) {
  return {
      {"examples", fmt::format("n = {}", n)},
      {"lost", fmt::format("{} right in the reference and wrong in the candidate", flips.right_to_wrong)},
      {"gained", fmt::format("{} wrong in the reference and right in the candidate", flips.wrong_to_right)},
      {"wrong both times", fmt::format("{} with another wrong answer", flips.wrong_to_wrong)},
      {"net and gross", fmt::format("net {:+}, gross {}", flips.net(), flips.gross())}};
}

// How the mid-p comes from the two counts, so that anyone with a binomial table can check it.
std::string mid_p_text(const FlipCounts& flips, double mid_p) {
  const std::uint64_t m = flips.discordant();
  if (m == 0) return "no prediction changed between right and wrong: 1";
  const std::uint64_t less = std::min(flips.right_to_wrong, flips.wrong_to_right);
  if (2 * less == m) return fmt::format("X ~ Binomial({}, 1/2); both counts are equal: 1", m);
  return fmt::format("X ~ Binomial({}, 1/2); 2 P(X < {}) + P(X = {}) = {:.6g}", m, less, less, mid_p);
}

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
    findings.push_back(std::move(finding));
  }
}

void add_calibration(const ConfigurationFindings& one, std::vector<Finding>& findings) {
  const Calibration& calibration = *one.calibration;
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
  for (const ReliabilityBin& bin : calibration.bins_after) {
    if (bin.n == 0) continue;
    lines.emplace_back(
        fmt::format("({:.3f}, {:.3f}]", bin.low, bin.high),
        fmt::format("{} / {} * |{:.6f} - {:.6f}|", bin.n, calibration.n, bin.accuracy, bin.mean_confidence));
  }
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

std::string label_of(const Analysis& analysis, std::int32_t id) {
  const auto i = static_cast<std::size_t>(id);
  return i < analysis.label_names.size() ? analysis.label_names[i] : std::string("no answer");
}

std::string labels_of(const Analysis& analysis, const std::vector<std::int32_t>& ids) {
  std::string text;
  for (const std::int32_t id : ids) text += (text.empty() ? "" : ", ") + label_of(analysis, id);
  return text.empty() ? "none" : text;
}

// F1 by tier and by class, and what became of the errors.
void add_classes(const Analysis& analysis, const ClassComparison& comparison,
                 std::vector<Finding>& findings) {
  const std::vector<std::string> runs = {comparison.reference_run_key, comparison.run_key};
  for (const TierF1Difference& tier : comparison.macro_f1) {
    Finding finding;
    finding.name = fmt::format("{}/{}/{}/f1", comparison.model, comparison.recipe, tier.tier);
    finding.statement = fmt::format("Macro-F1 of {} at {} against {} over {}: {:+.4f}", comparison.model,
                                    comparison.recipe, comparison.reference_recipe,
                                    tier.tier == "all" ? "all classes" : "the classes of " + tier.tier,
                                    tier.difference.value);
    finding.estimate = tier.difference.value;
    finding.interval = tier.difference.interval;
    finding.n = analysis.examples;
    finding.seed = analysis.seed;
    finding.exploratory = true;
    finding.runs = runs;
    finding.arithmetic = {{"difference", fmt::format("{:.6f} - {:.6f}", tier.candidate, tier.reference)}};
    if (tier.tier == "all") {
      finding.arithmetic.emplace_back("fell to zero", labels_of(analysis, comparison.fell_to_zero));
      finding.arithmetic.emplace_back("rose from zero", labels_of(analysis, comparison.rose_from_zero));
      for (const ConfusedPair& pair : comparison.confused) {
        finding.arithmetic.emplace_back(
            "confused", fmt::format("{} taken for {}: {} to {}", label_of(analysis, pair.label_id),
                                    label_of(analysis, pair.answer_id), pair.reference, pair.candidate));
      }
    }
    findings.push_back(std::move(finding));
  }
  for (const ClassDifference& one : comparison.classes) {
    Finding finding;
    finding.name = fmt::format("{}/{}/class/{}/f1", comparison.model, comparison.recipe,
                               label_of(analysis, one.label_id));
    finding.statement =
        fmt::format("F1 of the class {}, {} at {} against {}: {:+.4f}", label_of(analysis, one.label_id),
                    comparison.model, comparison.recipe, comparison.reference_recipe, one.f1_difference);
    finding.estimate = one.f1_difference;
    finding.interval = one.f1_interval;
    finding.n = one.n;
    finding.seed = analysis.seed;
    finding.exploratory = true;
    finding.runs = runs;
    finding.arithmetic = of_flips(one.n, one.flips);
    finding.arithmetic.emplace_back("F1",
                                    fmt::format("{:.6f} to {:.6f}", one.f1_reference, one.f1_candidate));
    finding.arithmetic.emplace_back("McNemar mid-p", mid_p_text(one.flips, one.mcnemar_mid_p));
    finding.arithmetic.emplace_back("Holm", fmt::format("{:.6g} over the {} classes of this comparison",
                                                        one.holm_p, comparison.classes.size()));
    findings.push_back(std::move(finding));
  }
}

Finding hidden_finding(const Analysis& analysis, const HiddenFinding& hidden) {
  Finding finding;
  finding.name = fmt::format("{}/{}/hidden", hidden.model, hidden.recipe);
  finding.statement =
      fmt::format("What macro-F1 hides of {} at {}: {}", hidden.model, hidden.recipe,
                  hidden.hides ? "something below it moves the other way" : "nothing that is resolved");
  finding.estimate = hidden.macro_f1_difference.value;
  finding.interval = hidden.macro_f1_difference.interval;
  finding.n = analysis.examples;
  finding.seed = analysis.seed;
  finding.exploratory = true;
  finding.arithmetic = {{"macro-F1", fmt::format("{} ({:+.6f})", aggregate_word_name(hidden.macro_f1),
                                                 hidden.macro_f1_difference.value)},
                        {"accuracy", fmt::format("{:+.6f}", hidden.accuracy_difference)}};
  for (const std::size_t i : hidden.comparisons) {
    const TierComparison& cell = analysis.comparisons[i];
    finding.arithmetic.emplace_back(
        "against it", fmt::format("{}: {:+.6f}, {} lost, {} gained of {} ({})", cell.tier, cell.delta,
                                  cell.flips.right_to_wrong, cell.flips.wrong_to_right, cell.n,
                                  evidence_word_name(cell.evidence)));
  }
  finding.arithmetic.emplace_back("classes against it", labels_of(analysis, hidden.classes));
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
  for (const HiddenFinding& hidden : analysis.hidden) findings.push_back(hidden_finding(analysis, hidden));
  for (const ClassComparison& comparison : analysis.class_comparisons) {
    add_classes(analysis, comparison, findings);
  }
  return findings;
}

Json findings_to_json(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const Finding& finding : findings) {
    Json arithmetic = Json::array();
    for (const auto& [what, how] : finding.arithmetic) arithmetic.push_back({{"what", what}, {"how", how}});
    list.push_back({{"name", finding.name},
                    {"statement", finding.statement},
                    {"estimate", finding.estimate},
                    {"interval", finding.interval ? Json{{"low", finding.interval->low},
                                                         {"high", finding.interval->high},
                                                         {"level", finding.interval->level},
                                                         {"method", finding.interval->method}}
                                                  : Json(nullptr)},
                    {"n", finding.n},
                    {"seed", finding.seed ? Json(*finding.seed) : Json(nullptr)},
                    {"verdict", finding.verdict.empty() ? Json(nullptr) : Json(finding.verdict)},
                    {"exploratory", finding.exploratory},
                    {"runs", finding.runs},
                    {"arithmetic", std::move(arithmetic)}});
  }
  return list;
}

Result<std::vector<Finding>> findings_from_json(std::string_view text, std::string_view source) {
  QT_TRY(const Json list, parse_json(text, source));
  std::vector<Finding> findings;
  try {
    for (const Json& entry : list) {
      Finding finding;
      finding.name = entry.at("name").get<std::string>();
      finding.statement = entry.at("statement").get<std::string>();
      finding.estimate = entry.at("estimate").get<double>();
      if (const Json& interval = entry.at("interval"); !interval.is_null()) {
        finding.interval =
            Interval{interval.at("low").get<double>(), interval.at("high").get<double>(),
                     interval.at("level").get<double>(), interval.at("method").get<std::string>()};
      }
      finding.n = entry.at("n").get<std::uint64_t>();
      if (!entry.at("seed").is_null()) finding.seed = entry.at("seed").get<std::uint64_t>();
      if (!entry.at("verdict").is_null()) finding.verdict = entry.at("verdict").get<std::string>();
      finding.exploratory = entry.at("exploratory").get<bool>();
      finding.runs = entry.at("runs").get<std::vector<std::string>>();
      for (const Json& line : entry.at("arithmetic")) {
        finding.arithmetic.emplace_back(line.at("what").get<std::string>(),
                                        line.at("how").get<std::string>());
      }
      findings.push_back(std::move(finding));
    }
  } catch (const Json::exception& error) {
    return fail(ErrorKind::kCorruptData, "the findings in the store do not read", std::string(source),
                error.what(), "make them again with `quantier report`");
  }
  return findings;
}

}  // namespace quantier
