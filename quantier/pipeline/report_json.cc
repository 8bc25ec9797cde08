#include "quantier/pipeline/decide.h"
#include "quantier/pipeline/json_values.h"
#include "quantier/pipeline/report.h"

namespace quantier {
namespace {

using json_values::interval;
using json_values::number;

const char* outcome_name(CheckOutcome outcome) {
  switch (outcome) {
    case CheckOutcome::kPass:
      return "pass";
    case CheckOutcome::kFail:
      return "fail";
    case CheckOutcome::kUnknown:
      return "unknown";
  }
  return "unknown";
}

Json timing_json(const ConfigurationFindings& findings) {
  Json protocols = Json::object();
  for (const LatencySummary& summary : findings.latency) {
    protocols[timing_protocol_name(summary.protocol)] = {
        {"samples", summary.samples},
        {"examples", summary.examples},
        {"batch_size", summary.batch_size},
        {"median_ms", number(summary.median_ms)},
        {"median_interval", interval(summary.median_interval)},
        {"min_ms", number(summary.min_ms)},
        {"max_ms", number(summary.max_ms)},
        {"p50_ms", number(summary.p50_ms)},
        {"p95_ms", number(summary.p95_ms)},
        {"p99_ms", number(summary.p99_ms)}};
  }
  return protocols;
}

Json memory_json(const ConfigurationFindings& findings) {
  if (!findings.memory) return nullptr;
  const MemoryRecord& memory = *findings.memory;
  // Of an imported run only the last is known.
  if (memory.device_peak_bytes) return Json{{"device_peak_bytes", *memory.device_peak_bytes}};
  return Json{{"weights_bytes", memory.weights_bytes}, {"process_peak_bytes", memory.process_peak_bytes}};
}

Json calibration_json(const ConfigurationFindings& findings) {
  if (!findings.calibration) return nullptr;
  const Calibration& calibration = *findings.calibration;
  Json gate = nullptr;
  if (calibration.gate) {
    gate = {{"threshold", calibration.gate->threshold},
            {"share", number(calibration.gate->share)},
            {"accuracy", number(calibration.gate->accuracy)}};
  }
  Json readings = Json::array();
  for (const TemperatureReading& reading : findings.temperature_readings) {
    readings.push_back(
        {{"fit", reading.fit},
         {"temperature", number(reading.temperature)},
         {"ece", number(reading.ece)},
         {"share_of_optimum", reading.share_of_optimum ? number(*reading.share_of_optimum) : Json(nullptr)}});
  }
  return Json{{"ece_raw", number(calibration.ece_raw)},
              {"temperature", number(calibration.temperature_all.value)},
              {"ece_in_sample", number(calibration.ece_temperature_in_sample)},
              {"ece_cross_fitted", number(calibration.ece_cross_fitted)},
              {"other_temperatures", std::move(readings)},
              {"gate", std::move(gate)}};
}

Json named_classes_json(const ConfigurationFindings& findings) {
  Json list = Json::array();
  for (const NamedClass& named : findings.named_classes) {
    list.push_back({{"label", named.label},
                    {"tier", named.tier.empty() ? Json(nullptr) : Json(named.tier)},
                    {"n", named.n},
                    {"accuracy", number(named.accuracy)},
                    {"mean_probability_true", number(named.mean_probability_true)}});
  }
  return list;
}

Json table_json(const Report& report) {
  const Decision& decision = report.decision;
  Json rows = Json::array();
  for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
    const Candidate& candidate = decision.candidates[i];
    const ConfigurationFindings none;  // over a table there are no findings of runs
    const auto& all = report.analysis.configurations;
    const ConfigurationFindings& findings = i < all.size() ? all[i] : none;
    const Quality& quality = findings.quality;
    std::optional<double> accuracy;
    if (i < all.size()) {
      accuracy = quality.accuracy;
    } else if (const auto stated = metric_value(candidate, {.kind = MetricKind::kAccuracy})) {
      accuracy = stated->value;
    }
    Json checks = Json::array();
    for (const Check& check : decision.checks[i].checks) {
      checks.push_back({{"outcome", outcome_name(check.outcome)},
                        {"value", number(check.value)},
                        {"within_margin", check.within_margin}});
    }
    Json tiers = Json::object();
    for (const Candidate::Tier& tier : candidate.tiers) tiers[tier.name] = number(tier.accuracy);
    rows.push_back({{"configuration", candidate.name},
                    {"model", candidate.model},
                    {"recipe", candidate.recipe},
                    {"run_key", candidate.run_key},
                    {"accuracy", number(accuracy)},
                    {"macro_f1", number(candidate.macro_f1)},
                    {"macro_f1_interval", interval(quality.macro_f1_interval)},
                    {"macro_f1_sklearn", i < all.size() ? number(quality.macro_f1_sklearn) : Json(nullptr)},
                    {"ms_per_example", number(candidate.ms_per_example)},
                    {"memory_bytes", number(candidate.memory_bytes)},
                    {"ece", number(candidate.ece)},
                    {"timing", timing_json(findings)},
                    {"memory", memory_json(findings)},
                    {"calibration", calibration_json(findings)},
                    {"named_classes", named_classes_json(findings)},
                    {"tier_accuracy", std::move(tiers)},
                    {"established_losses", candidate.established_losses},
                    {"viable", decision.checks[i].viable},
                    {"checks", std::move(checks)}});
  }
  return rows;
}

Json cell_json(const TierComparison& comparison) {
  Json second = nullptr;
  if (comparison.second_split) {
    second = {{"split", comparison.second_split->split},
              {"n", comparison.second_split->n},
              {"delta", number(comparison.second_split->delta)},
              {"right_to_wrong", comparison.second_split->flips.right_to_wrong},
              {"wrong_to_right", comparison.second_split->flips.wrong_to_right},
              {"mid_p", number(comparison.second_split->mcnemar_mid_p)},
              {"repeats", comparison.second_split->repeats}};
  }
  return {{"model", comparison.model},
          {"recipe", comparison.recipe},
          {"reference_recipe", comparison.reference_recipe},
          {"tier", comparison.tier},
          {"run_key", comparison.run_key},
          {"reference_run_key", comparison.reference_run_key},
          {"n", comparison.n},
          {"delta", number(comparison.delta)},
          {"interval", interval(comparison.tango)},
          {"bootstrap", interval(comparison.bootstrap)},
          {"class_clustered", interval(comparison.class_clustered)},
          {"right_to_wrong", comparison.flips.right_to_wrong},
          {"wrong_to_right", comparison.flips.wrong_to_right},
          {"wrong_to_wrong", comparison.flips.wrong_to_wrong},
          {"holm_p", number(comparison.holm_p)},
          {"replication", number(comparison.replication)},
          {"second_split", std::move(second)},
          {"evidence", evidence_word_name(comparison.evidence)},
          {"size", size_word_name(comparison.size)}};
}

Json comparisons_json(const Analysis& analysis) {
  Json list = Json::array();
  for (const TierComparison& comparison : analysis.comparisons) list.push_back(cell_json(comparison));
  return list;
}

Json differences_json(const Analysis& analysis) {
  Json list = Json::array();
  for (const PairDifference& pair : analysis.pair_differences) {
    list.push_back({{"first", analysis.configurations[pair.a].display()},
                    {"second", analysis.configurations[pair.b].display()},
                    {"macro_f1_difference", number(pair.macro_f1_difference)},
                    {"interval", interval(pair.interval)}});
  }
  return list;
}

Json noise_json(const Analysis& analysis) {
  Json list = Json::array();
  for (const NoiseFloorFinding& floor : analysis.noise_floor) {
    list.push_back({{"configuration", floor.model + " " + floor.recipe},
                    {"what", floor.what},
                    {"n", floor.n},
                    {"flips", floor.flips},
                    {"max_abs_logit_difference", number(floor.max_abs_logit_difference)}});
  }
  return list;
}

Json samples_json(const Analysis& analysis) {
  const auto extent = [](const std::optional<Extent>& of) {
    return of ? Json{number(of->least), number(of->most)} : Json(nullptr);
  };
  Json list = Json::array();
  for (const SampleSpread& spread : analysis.sample_spreads) {
    Json samples = Json::array();
    for (const SampleReading& each : spread.samples) {
      Json tiers = Json::object();
      for (std::size_t t = 0; t < each.tier_accuracy.size(); ++t)
        tiers[analysis.tier_names[t]] = number(each.tier_accuracy[t]);
      Json flips = nullptr;
      if (each.flips) {
        flips = {{"right_to_wrong", each.flips->right_to_wrong},
                 {"wrong_to_right", each.flips->wrong_to_right},
                 {"wrong_to_wrong", each.flips->wrong_to_wrong}};
      }
      samples.push_back({{"seed", each.seed ? Json(*each.seed) : Json(nullptr)},
                         {"macro_f1", number(each.macro_f1)},
                         {"accuracy", number(each.accuracy)},
                         {"tier_accuracy", std::move(tiers)},
                         {"ece", number(each.ece)},
                         {"flips", std::move(flips)}});
    }
    Json tiers = Json::object();
    for (std::size_t t = 0; t < spread.tier_accuracy.size(); ++t)
      tiers[analysis.tier_names[t]] = extent(spread.tier_accuracy[t]);
    list.push_back({{"configuration", spread.model + " " + spread.recipe},
                    {"run_key", spread.run_key},
                    {"reference_recipe", spread.reference_recipe},
                    {"n", spread.n},
                    {"samples", std::move(samples)},
                    {"macro_f1", extent(spread.macro_f1)},
                    {"accuracy", extent(spread.accuracy)},
                    {"tier_accuracy", std::move(tiers)},
                    {"ece", extent(spread.ece)},
                    {"flips", extent(spread.flips)},
                    {"mean_differing_between_samples", number(spread.mean_between)},
                    {"most_differing_between_samples", spread.most_between}});
  }
  return list;
}

}  // namespace

Json report_to_json(const Report& report) {
  return Json{{"decision", decision_to_json(report.decision)},
              {"table_only", report.table_only},
              {"table", table_json(report)},
              {"comparisons", comparisons_json(report.analysis)},
              {"groups", json_values::groups(report.analysis, cell_json)},
              {"macro_f1_differences", differences_json(report.analysis)},
              {"noise_floor", noise_json(report.analysis)},
              {"calibration_samples", samples_json(report.analysis)},
              {"device", report.device},
              {"limit", report.analysis.limit ? Json(*report.analysis.limit) : Json(nullptr)},
              {"examples", report.analysis.examples},
              {"note",
               {{"markdown", report.files.markdown.string()},
                {"html", report.files.html.string()},
                {"pdf", report.files.pdf.string()},
                {"prose_pages", report.prose_pages},
                {"pdf_remarks", report.files.pdf_remarks},
                {"kept_changes", report.files.kept_changes}}},
              {"store", report.store}};
}

}  // namespace quantier
