// A comparison as one JSON document.
#include <optional>
#include <utility>

#include "quantier/pipeline/compare.h"
#include "quantier/pipeline/json_values.h"

namespace quantier {
namespace {

using json_values::interval;
using json_values::number;

// Never -0.
double negated(double value) { return 0.0 - value; }

const PairDifference* difference_from_reference(const Analysis& analysis, std::size_t candidate) {
  for (const PairDifference& pair : analysis.pair_differences) {
    if (pair.a == 0 && pair.b == candidate) return &pair;
  }
  return nullptr;
}

Json flips_json(const FlipCounts& flips) {
  return {{"right_to_wrong", flips.right_to_wrong},
          {"wrong_to_right", flips.wrong_to_right},
          {"wrong_to_wrong", flips.wrong_to_wrong}};
}

Json half_splits_json(const std::optional<HalfSplitFinding>& halves) {
  if (!halves) return nullptr;
  return {{"same_sign_in_both", halves->same_sign_in_both},
          {"half_reaches_significance", halves->half_reaches_significance}};
}

Json second_split_json(const std::optional<SecondSplitFinding>& second) {
  if (!second) return nullptr;
  Json json = flips_json(second->flips);
  json.update({{"split", second->split},
               {"n", second->n},
               {"delta", second->delta},
               {"mid_p", second->mcnemar_mid_p},
               {"repeats", second->repeats}});
  return json;
}

Json cell_json(const TierComparison& row) {
  Json json = flips_json(row.flips);
  json.update({{"candidate", row.recipe},
               {"reference", row.reference_recipe},
               {"tier", row.tier},
               {"n", row.n},
               {"classes", row.classes},
               {"accuracy_reference", row.accuracy_reference},
               {"accuracy_candidate", row.accuracy_candidate},
               {"delta", row.delta},
               {"interval", interval(row.tango)},
               {"bootstrap", interval(row.bootstrap)},
               {"few_flips", row.few_flips},
               {"net", row.flips.net()},
               {"gross", row.flips.gross()},
               {"mid_p", row.mcnemar_mid_p},
               {"holm_p", row.holm_p},
               {"replication", row.replication},
               {"replication_from", row.second_split ? "second split" : "computed"},
               {"evidence", evidence_word_name(row.evidence)},
               {"size", size_word_name(row.size)},
               {"margin", row.margin},
               {"minimal_detectable_effect", number(row.minimal_detectable_effect)},
               {"n_to_resolve", row.n_to_resolve ? Json(*row.n_to_resolve) : Json(nullptr)},
               {"half_splits", half_splits_json(row.half_splits)},
               {"class_clustered", interval(row.class_clustered)},
               {"second_split", second_split_json(row.second_split)}});
  return json;
}

// `verdict`: null for a description.
Json estimate_json(const std::optional<Estimate>& estimate, Json verdict) {
  if (!estimate) return nullptr;
  return {{"value", estimate->value},
          {"interval", interval(estimate->interval)},
          {"verdict", std::move(verdict)}};
}

Json weakness_json(const WeaknessFinding& finding) {
  Json deciles = Json::array();
  for (const MarginDecile& decile : finding.deciles) {
    Json json = flips_json(decile.flips);
    json.update({{"n", decile.n},
                 {"lowest_margin", number(decile.lowest_margin)},
                 {"highest_margin", number(decile.highest_margin)},
                 {"accuracy_reference", decile.accuracy_reference},
                 {"delta", decile.delta}});
    deciles.push_back(std::move(json));
  }
  Json halves = Json::array();
  for (const MarginHalf& half : finding.margin_halves) {
    Json json = flips_json(half.flips);
    json["n"] = half.n;
    halves.push_back(std::move(json));
  }
  return {
      {"candidate", finding.recipe},
      {"reference", finding.reference_recipe},
      {"unsure_minus_sure", estimate_json(finding.unsure_minus_sure, weakness_word_name(finding.by_margin))},
      {"margin_halves", std::move(halves)},
      {"deciles_of_reference_margin", std::move(deciles)},
      {"delta_per_base_accuracy", estimate_json(finding.delta_per_base_accuracy, nullptr)}};
}

}  // namespace

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
                               {"accuracy_interval", interval(named.accuracy_interval)},
                               {"mean_probability_true", number(named.mean_probability_true)}});
    }
    runs.push_back(
        {{"name", comparison.names[i]},
         {"source", comparison.sources[i]},
         {"key", findings.run_key},
         {"reference", i == 0},
         {"accuracy", findings.quality.accuracy},
         {"macro_f1", findings.quality.macro_f1},
         {"macro_f1_interval", interval(findings.quality.macro_f1_interval)},
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
  for (const TierComparison& row : analysis.comparisons) rows.push_back(cell_json(row));
  Json weakness = Json::array();
  for (const WeaknessFinding& finding : analysis.weakness) weakness.push_back(weakness_json(finding));
  Json figures = Json::array();
  for (const auto& path : comparison.figures) figures.push_back(path.string());
  return {{"examples", analysis.examples},
          {"classes", analysis.label_names.size()},
          {"tiers", analysis.tier_names},
          {"seed", analysis.seed},
          {"replicates", analysis.replicates},
          {"family_size", analysis.family_size},
          {"runs", std::move(runs)},
          {"comparisons", std::move(rows)},
          {"groups", json_values::groups(analysis, cell_json)},
          {"weakness", std::move(weakness)},
          {"remarks", comparison.remarks},
          {"figures", std::move(figures)}};
}

}  // namespace quantier
