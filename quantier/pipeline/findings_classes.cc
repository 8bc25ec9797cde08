// Findings below the average: F1 by tier and class, what macro-F1 hides, where the damage is.
#include <fmt/format.h>

#include "quantier/pipeline/findings_parts.h"

namespace quantier::findings_internal {
namespace {

std::vector<std::string> runs_of(const Analysis& analysis, const std::string& model,
                                 const std::string& recipe) {
  for (const ClassComparison& comparison : analysis.class_comparisons) {
    if (comparison.model == model && comparison.recipe == recipe) {
      return {comparison.reference_run_key, comparison.run_key};
    }
  }
  return {};
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
  finding.runs = runs_of(analysis, hidden.model, hidden.recipe);
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

void add_weakness(const Analysis& analysis, const WeaknessFinding& weakness, std::vector<Finding>& findings) {
  const auto start = [&](const char* what, std::string statement, const Estimate& estimate,
                         WeaknessWord word) {
    Finding finding;
    finding.name = fmt::format("{}/{}/{}", weakness.model, weakness.recipe, what);
    finding.statement = std::move(statement);
    finding.estimate = estimate.value;
    finding.interval = estimate.interval;
    finding.n = analysis.examples;
    finding.verdict = weakness_word_name(word);
    finding.exploratory = true;
    finding.runs = runs_of(analysis, weakness.model, weakness.recipe);
    return finding;
  };
  if (weakness.unsure_minus_sure && weakness.margin_halves.size() == 2) {
    Finding finding = start(
        "weakness-by-margin",
        fmt::format("{} at {}: change of accuracy in the half of which both runs together were less sure, "
                    "minus that in the surer half: {:+.2f} points",
                    weakness.model, weakness.recipe, 100.0 * weakness.unsure_minus_sure->value),
        *weakness.unsure_minus_sure, weakness.by_margin);
    finding.n = weakness.margin_halves[0].n + weakness.margin_halves[1].n;
    for (std::size_t k = 0; k < 2; ++k) {
      const MarginHalf& half = weakness.margin_halves[k];
      finding.arithmetic.emplace_back(
          k == 0 ? "less sure half" : "surer half",
          fmt::format("({} gained - {} lost) / {} = {:+.6f}", half.flips.wrong_to_right,
                      half.flips.right_to_wrong, half.n,
                      static_cast<double>(half.flips.net()) / static_cast<double>(half.n)));
    }
    finding.arithmetic.emplace_back(
        "halves", "by the sum of the ranks of both runs' margins (largest minus second largest logit)");
    for (const MarginDecile& decile : weakness.deciles) {
      finding.arithmetic.emplace_back(
          fmt::format("margin {:.3f} to {:.3f}", decile.lowest_margin, decile.highest_margin),
          fmt::format(
              "of the reference, a description: accuracy {:.4f}, change {:+.4f}, {} lost, {} gained of {}",
              decile.accuracy_reference, decile.delta, decile.flips.right_to_wrong,
              decile.flips.wrong_to_right, decile.n));
    }
    findings.push_back(std::move(finding));
  }
  if (weakness.delta_per_base_accuracy) {
    Finding finding = start(
        "weakness-by-class",
        fmt::format("{} at {}: change of a class's accuracy for one unit of its accuracy before: {:+.4f}",
                    weakness.model, weakness.recipe, weakness.delta_per_base_accuracy->value),
        *weakness.delta_per_base_accuracy, WeaknessWord::kUnresolved);
    finding.verdict.clear();  // a description: its interval is too often away from 0 where nothing is
    finding.seed = analysis.seed;
    finding.arithmetic = {
        {"slope",
         "weighted least squares over the classes; accuracy before from the even positions and "
         "change from the odd ones, and the other way round"},
        {"replicates", fmt::format("2,000 draws of whole classes, seed {}", analysis.seed)}};
    findings.push_back(std::move(finding));
  }
}

}  // namespace

void add_class_findings(const Analysis& analysis, std::vector<Finding>& findings) {
  for (const HiddenFinding& hidden : analysis.hidden) findings.push_back(hidden_finding(analysis, hidden));
  for (const WeaknessFinding& weakness : analysis.weakness) add_weakness(analysis, weakness, findings);
  for (const ClassComparison& comparison : analysis.class_comparisons) {
    add_classes(analysis, comparison, findings);
  }
}

}  // namespace quantier::findings_internal
