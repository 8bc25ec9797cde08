// What a comparison looks like: a table for a terminal, and one JSON document.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/pipeline/compare.h"
#include "quantier/pipeline/report_findings.h"

namespace quantier {
namespace {

// Never -0.
double negated(double value) { return 0.0 - value; }

std::string points(double fraction) { return fmt::format("{:+.2f}", 100.0 * fraction); }

std::string p_value(double p) { return p < 0.0001 ? "<.0001" : fmt::format("{:.4f}", p); }

std::string ece(const std::optional<double>& value) {
  return value ? fmt::format("{:.3f}", *value) : std::string("-");
}

const PairDifference* difference_from_reference(const Analysis& analysis, std::size_t candidate) {
  for (const PairDifference& pair : analysis.pair_differences) {
    if (pair.a == 0 && pair.b == candidate) return &pair;
  }
  return nullptr;
}

Json number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

Json interval_json(const std::optional<Interval>& interval) {
  if (!interval) return nullptr;
  return Json{{"low", interval->low},
              {"high", interval->high},
              {"level", interval->level},
              {"method", interval->method}};
}

}  // namespace

std::string comparison_text(const Comparison& comparison) {
  const Analysis& analysis = comparison.analysis;
  std::size_t width = 9;
  for (const std::string& name : comparison.names) width = std::max(width, name.size());
  std::size_t tier_width = 4;
  for (const std::string& tier : analysis.tier_names) tier_width = std::max(tier_width, tier.size());
  std::string out = fmt::format("{} examples, {} classes; reference: {}\n\n", grouped(analysis.examples),
                                analysis.label_names.size(), printable(comparison.names.front()));
  out += fmt::format("{:<{}}  {:<{}} {:>7} {:>6} {:>6} {:>7}  {:>16} {:>11} {:>6} {:>7} {:>7} {:>5}  {}\n",
                     "candidate", width, "tier", tier_width, "n", "acc A", "acc B", "B - A", "95 % interval",
                     "lost/gained", "gross", "mid-p", "Holm p", "R", "verdict");
  std::string before;
  for (const TierComparison& row : analysis.comparisons) {
    const std::string name = row.recipe == before ? "" : printable(row.recipe);
    before = row.recipe;
    out += fmt::format(
        "{:<{}}  {:<{}} {:>7} {:>6.2f} {:>6.2f} {:>7}  {:>16} {:>11} {:>6} {:>7} {:>7} {:>5.2f}  {}, {}\n",
        name, width, printable(row.tier), tier_width, grouped(row.n), 100.0 * row.accuracy_reference,
        100.0 * row.accuracy_candidate, points(row.delta),
        fmt::format("[{}, {}]", points(row.tango.low), points(row.tango.high)),
        fmt::format("{}/{}", row.flips.right_to_wrong, row.flips.wrong_to_right), row.flips.gross(),
        p_value(row.mcnemar_mid_p), p_value(row.holm_p), row.replication, evidence_word_name(row.evidence),
        size_word_name(row.size));
  }
  out += fmt::format("\n{:<{}}  {:>8}  {:>8}  {:>18}  {:>6}  {:>6}  {:>9}  {:>7}\n", "", width, "macro-F1",
                     "B - A", "95 % interval", "ECE", "T", "ECE at T*", "NLL");
  for (std::size_t i = 0; i < analysis.configurations.size(); ++i) {
    const ConfigurationFindings& findings = analysis.configurations[i];
    const PairDifference* pair = difference_from_reference(analysis, i);
    // The pair is a minus b, and the reference is a.
    const std::string delta =
        pair == nullptr ? "" : fmt::format("{:+.4f}", negated(pair->macro_f1_difference));
    const std::string interval =
        pair == nullptr
            ? ""
            : fmt::format("[{:+.4f}, {:+.4f}]", negated(pair->interval.high), negated(pair->interval.low));
    const auto& calibration = findings.calibration;
    out += fmt::format("{:<{}}  {:>8.4f}  {:>8}  {:>18}  {:>6}  {:>6}  {:>9}  {:>7}\n",
                       printable(comparison.names[i]), width, findings.quality.macro_f1, delta, interval,
                       ece(calibration ? std::optional(calibration->ece_raw) : std::nullopt),
                       ece(calibration ? std::optional(calibration->temperature_all.value) : std::nullopt),
                       ece(calibration ? (calibration->ece_cross_fitted
                                              ? calibration->ece_cross_fitted
                                              : std::optional(calibration->ece_temperature_in_sample))
                                       : std::nullopt),
                       findings.quality.negative_log_likelihood
                           ? fmt::format("{:.4f}", *findings.quality.negative_log_likelihood)
                           : "-");
  }
  out += fmt::format(
      "\nAccuracy in %, differences in points with Tango's score interval; lost: right to wrong. Holm's "
      "correction over\n{} comparisons. Size against a margin of {:.2g} points. *Cross-fitted: each half of "
      "the rows at the temperature of\nthe other. Macro-F1: paired bootstrap, {} replicates, seed {}.\n",
      analysis.family_size, analysis.comparisons.empty() ? 1.0 : 100.0 * analysis.comparisons.front().margin,
      grouped(analysis.replicates), analysis.seed);
  return out;
}

Json comparison_to_json(const Comparison& comparison) {
  const Analysis& analysis = comparison.analysis;
  Json runs = Json::array();
  for (std::size_t i = 0; i < analysis.configurations.size(); ++i) {
    const ConfigurationFindings& findings = analysis.configurations[i];
    const PairDifference* pair = difference_from_reference(analysis, i);
    const auto& calibration = findings.calibration;
    Json tiers = Json::object();
    for (const TierQuality& tier : findings.quality.tiers) {
      tiers[tier.name] = {{"n", tier.n},
                          {"classes", tier.classes},
                          {"accuracy", number(tier.accuracy)},
                          {"macro_f1", number(tier.macro_f1)}};
    }
    Json named_classes = Json::array();
    for (const NamedClass& named : findings.named_classes) {
      named_classes.push_back({{"label", named.label},
                               {"tier", named.tier},
                               {"n", named.n},
                               {"accuracy", number(named.accuracy)},
                               {"accuracy_interval", interval_json(named.accuracy_interval)},
                               {"mean_probability_true", number(named.mean_probability_true)}});
    }
    runs.push_back(
        {{"name", comparison.names[i]},
         {"source", comparison.sources[i]},
         {"key", findings.run_key},
         {"reference", i == 0},
         {"accuracy", findings.quality.accuracy},
         {"macro_f1", findings.quality.macro_f1},
         {"macro_f1_interval", interval_json(findings.quality.macro_f1_interval)},
         {"macro_f1_sklearn", findings.quality.macro_f1_sklearn},
         {"macro_f1_difference", pair == nullptr ? Json(nullptr) : Json(negated(pair->macro_f1_difference))},
         {"macro_f1_difference_interval", pair == nullptr ? Json(nullptr)
                                                          : Json{{"low", negated(pair->interval.high)},
                                                                 {"high", negated(pair->interval.low)},
                                                                 {"level", pair->interval.level},
                                                                 {"method", pair->interval.method}}},
         {"negative_log_likelihood", number(findings.quality.negative_log_likelihood)},
         {"ece", calibration ? Json(calibration->ece_raw) : Json(nullptr)},
         {"temperature", calibration ? Json(calibration->temperature_all.value) : Json(nullptr)},
         {"ece_in_sample", calibration ? Json(calibration->ece_temperature_in_sample) : Json(nullptr)},
         {"ece_cross_fitted", calibration ? number(calibration->ece_cross_fitted) : Json(nullptr)},
         {"tiers", std::move(tiers)},
         {"named_classes", std::move(named_classes)}});
  }
  Json rows = Json::array();
  for (const TierComparison& row : analysis.comparisons) {
    rows.push_back({{"candidate", row.recipe},
                    {"reference", row.reference_recipe},
                    {"tier", row.tier},
                    {"n", row.n},
                    {"classes", row.classes},
                    {"accuracy_reference", row.accuracy_reference},
                    {"accuracy_candidate", row.accuracy_candidate},
                    {"delta", row.delta},
                    {"interval", interval_json(row.tango)},
                    {"bootstrap", interval_json(row.bootstrap)},
                    {"few_flips", row.few_flips},
                    {"right_to_wrong", row.flips.right_to_wrong},
                    {"wrong_to_right", row.flips.wrong_to_right},
                    {"wrong_to_wrong", row.flips.wrong_to_wrong},
                    {"net", row.flips.net()},
                    {"gross", row.flips.gross()},
                    {"mid_p", row.mcnemar_mid_p},
                    {"holm_p", row.holm_p},
                    {"replication", row.replication},
                    {"evidence", evidence_word_name(row.evidence)},
                    {"size", size_word_name(row.size)},
                    {"margin", row.margin},
                    {"minimal_detectable_effect", number(row.minimal_detectable_effect)}});
  }
  Json figures = Json::array();
  for (const auto& path : comparison.figures) figures.push_back(path.string());
  return {{"examples", analysis.examples},     {"classes", analysis.label_names.size()},
          {"tiers", analysis.tier_names},      {"seed", analysis.seed},
          {"replicates", analysis.replicates}, {"family_size", analysis.family_size},
          {"runs", std::move(runs)},           {"comparisons", std::move(rows)},
          {"remarks", comparison.remarks},     {"figures", std::move(figures)}};
}

}  // namespace quantier
