#include "quantier/pipeline/report_findings.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/pipeline/report_class_findings.h"
#include "quantier/pipeline/report_imported.h"

namespace quantier {
namespace {

constexpr const char* kReportedFit = "reported";  // TemperatureReading::fit
constexpr const char* kAllTiers = "all";          // TierComparison::tier over every example

const LatencySummary* latency_of(const ConfigurationFindings& findings, TimingProtocol protocol) {
  for (const LatencySummary& summary : findings.latency) {
    if (summary.protocol == protocol) return &summary;
  }
  return nullptr;
}

// Zero bytes are a measurement that was not made.
std::optional<double> bytes_of(std::uint64_t bytes) {
  if (bytes == 0) return std::nullopt;
  return static_cast<double>(bytes);
}

std::optional<double> allocator_peak(const MemoryRecord& memory) {
  return bytes_of(memory.allocator_weights_peak_bytes + memory.allocator_activations_peak_bytes);
}

std::optional<double> memory_by(const MemoryRecord& memory, const std::string& definition) {
  if (definition == kImportedMemory || definition == "device_peak") {
    return bytes_of(memory.device_peak_bytes.value_or(0));
  }
  if (definition == "weights") return bytes_of(memory.weights_bytes);
  if (definition == "allocator_peak") return allocator_peak(memory);
  // Of a model on a device it is the device's memory that a deployment has to have.
  if (definition == "process_peak" || definition.empty())
    return bytes_of(
        memory.process_peak_bytes > 0 ? memory.device_peak_bytes.value_or(memory.process_peak_bytes) : 0);
  return std::nullopt;
}

std::vector<std::string> established_losses(const Analysis& analysis, const ConfigurationFindings& findings) {
  std::vector<std::string> tiers;
  for (const TierComparison& comparison : analysis.comparisons) {
    if (comparison.run_key != findings.run_key) continue;
    // The whole split counts as a tier only where there are no others.
    if (comparison.tier == kAllTiers && !analysis.tier_names.empty()) continue;
    if (comparison.evidence == EvidenceWord::kEstablished && comparison.delta < 0.0) {
      tiers.push_back(comparison.tier);
    }
  }
  return tiers;
}

std::vector<NoteReliabilityBin> bins_of(const std::vector<ReliabilityBin>& bins) {
  std::vector<NoteReliabilityBin> out;
  out.reserve(bins.size());
  for (const ReliabilityBin& bin : bins) {
    out.push_back({.confidence = bin.mean_confidence,
                   .accuracy = bin.accuracy,
                   .examples = static_cast<std::size_t>(bin.n)});
  }
  return out;
}

NoteQuality quality_row(const ConfigurationFindings& findings) {
  const Quality& quality = findings.quality;
  NoteQuality row;
  row.model = findings.model;
  row.recipe = findings.recipe;
  row.accuracy = quality.accuracy;
  if (quality.macro_f1_interval) {
    row.macro_f1_low = quality.macro_f1_interval->low;
    row.macro_f1_high = quality.macro_f1_interval->high;
  }
  row.macro_f1_bias = quality.macro_f1_bias;
  row.macro_f1_sklearn = quality.macro_f1_sklearn;
  row.macro_f1_differ = quality.macro_f1_differ;
  row.run_key = findings.run_key;
  return row;
}

NoteCost cost_row(const ConfigurationFindings& findings) {
  NoteCost row;
  row.model = findings.model;
  row.recipe = findings.recipe;
  row.run_key = findings.run_key;
  if (const auto* throughput = latency_of(findings, TimingProtocol::kThroughput)) {
    row.throughput_ms = throughput->median_ms;
    if (throughput->samples > 1) {
      row.throughput_low_ms = throughput->min_ms;
      row.throughput_high_ms = throughput->max_ms;
    }
  }
  if (const auto* latency = latency_of(findings, TimingProtocol::kLatency)) {
    row.latency_p50_ms = latency->p50_ms;
    row.latency_p95_ms = latency->p95_ms;
  }
  if (const auto* workload = latency_of(findings, TimingProtocol::kWorkload)) {
    row.workload_ms = workload->median_ms;
  }
  if (findings.memory) {
    row.weights_bytes = bytes_of(findings.memory->weights_bytes);
    row.allocator_peak_bytes = allocator_peak(*findings.memory);
    row.process_peak_bytes = bytes_of(findings.memory->process_peak_bytes);
    row.device_peak_bytes = bytes_of(findings.memory->device_peak_bytes.value_or(0));
  }
  return row;
}

NoteResidual residual_row(const CalibrationComparison& comparison) {
  return {.model = comparison.model,
          .recipe = comparison.recipe,
          .baseline = comparison.reference_recipe,
          .difference = comparison.residual_difference.value,
          .low = comparison.residual_difference.interval.low,
          .high = comparison.residual_difference.interval.high,
          .size = size_word_name(comparison.size),
          .resolved = comparison.residual_difference.interval.excludes_zero(),
          .reuse_cost = comparison.reuse_cost.value,
          .reuse_low = comparison.reuse_cost.interval.low,
          .reuse_high = comparison.reuse_cost.interval.high,
          .run_key = comparison.run_key};
}

std::string run_key_of(const Analysis& analysis, const std::string& model, const std::string& recipe) {
  for (const ConfigurationFindings& findings : analysis.configurations) {
    if (findings.model == model && findings.recipe == recipe) return findings.run_key;
  }
  return {};
}

NotePattern pattern_row(const PatternFinding& pattern, const Analysis& analysis) {
  return {.model = pattern.model,
          .recipe = pattern.recipe,
          .verdict = evidence_word_name(pattern.strongest),
          .lost = pattern.lost,
          .gained = pattern.gained,
          .unresolved = pattern.unresolved,
          .contrast_resolved = pattern.contrast_resolved,
          .run_key = run_key_of(analysis, pattern.model, pattern.recipe)};
}

NoteSampleSpread sample_row(const SampleSpread& spread) {
  const auto extent = [](const Extent& of) { return NoteExtent{of.least, of.most}; };
  NoteSampleSpread row;
  row.model = spread.model;
  row.recipe = spread.recipe;
  row.baseline = spread.reference_recipe;
  row.run_key = spread.run_key;
  row.samples = spread.samples.size();
  row.examples = static_cast<std::size_t>(spread.n);
  row.macro_f1 = extent(spread.macro_f1);
  row.accuracy = extent(spread.accuracy);
  for (const std::optional<Extent>& tier : spread.tier_accuracy) {
    row.tier_accuracy.push_back(tier ? std::optional(extent(*tier)) : std::nullopt);
  }
  if (spread.ece) row.ece = extent(*spread.ece);
  if (spread.flips) row.flips = extent(*spread.flips);
  row.mean_between = spread.mean_between;
  row.most_between = static_cast<std::size_t>(spread.most_between);
  return row;
}

NoteCalibration calibration_row(const ConfigurationFindings& findings, const Calibration& calibration) {
  NoteCalibration row;
  row.model = findings.model;
  row.recipe = findings.recipe;
  row.run_key = findings.run_key;
  row.ece_raw = calibration.ece_raw;
  row.temperature = calibration.temperature_all.value;
  row.ece_in_sample = calibration.ece_temperature_in_sample;
  row.ece_cross_fitted = calibration.ece_cross_fitted;
  if (calibration.ece_cross_fitted_interval) {
    row.ece_low = calibration.ece_cross_fitted_interval->low;
    row.ece_high = calibration.ece_cross_fitted_interval->high;
  }
  if (calibration.gate) {
    row.gate = calibration.gate->threshold;
    row.gate_share = calibration.gate->share;
    row.gate_accuracy = calibration.gate->accuracy;
  }
  for (const Gate& gate : calibration.gates) {
    if (!gate.accuracy || !gate.accuracy_interval) continue;
    row.gates.push_back({gate.threshold, gate.share, *gate.accuracy, gate.accuracy_interval->low,
                         gate.accuracy_interval->high});
  }
  row.before = bins_of(calibration.bins_before);
  row.after = bins_of(calibration.bins_after);
  return row;
}

NoteTierDelta delta_row(const TierComparison& comparison) {
  NoteTierDelta row;
  row.model = comparison.model;
  row.recipe = comparison.recipe;
  row.baseline = comparison.reference_recipe;
  row.tier = comparison.tier;
  row.examples = static_cast<std::size_t>(comparison.n);
  row.delta = comparison.delta;
  row.low = comparison.tango.low;
  row.high = comparison.tango.high;
  row.lost = static_cast<std::size_t>(comparison.flips.right_to_wrong);
  row.gained = static_cast<std::size_t>(comparison.flips.wrong_to_right);
  row.verdict = evidence_word_name(comparison.evidence);
  row.materiality = size_word_name(comparison.size);
  row.run_key = comparison.run_key;
  row.holm_p = comparison.holm_p;
  row.replication = comparison.replication;
  row.detectable = comparison.minimal_detectable_effect;
  if (comparison.n_to_resolve) row.n_to_resolve = static_cast<std::size_t>(*comparison.n_to_resolve);
  if (comparison.half_splits) row.half_splits_agree = comparison.half_splits->same_sign_in_both;
  if (comparison.second_split) {
    const SecondSplitFinding& second = *comparison.second_split;
    row.second_split = {.split = second.split,
                        .examples = static_cast<std::size_t>(second.n),
                        .delta = second.delta,
                        .lost = static_cast<std::size_t>(second.flips.right_to_wrong),
                        .gained = static_cast<std::size_t>(second.flips.wrong_to_right),
                        .repeats = second.repeats};
  }
  return row;
}

// The errors at temperatures that somebody else fitted, in place of ours; false when there are none.
bool read_as_reported(const Analysis& analysis, std::vector<Candidate>& candidates) {
  bool any = false;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    for (const TemperatureReading& reading : analysis.configurations[i].temperature_readings) {
      if (reading.fit != kReportedFit) continue;
      candidates[i].ece = reading.ece;
      any = true;
    }
  }
  return any;
}

// Whether every configuration was timed one text at a time.
bool has_latency(const Analysis& analysis) {
  return std::all_of(
      analysis.configurations.begin(), analysis.configurations.end(),
      [](const auto& findings) { return latency_of(findings, TimingProtocol::kLatency) != nullptr; });
}

}  // namespace

std::string grouped(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::vector<Candidate> candidates_of(const Analysis& analysis, const Envelope& envelope) {
  TimingProtocol protocol = TimingProtocol::kThroughput;
  for (const TimingProtocol each :
       {TimingProtocol::kThroughput, TimingProtocol::kLatency, TimingProtocol::kWorkload}) {
    if (envelope.latency_protocol == timing_protocol_name(each)) protocol = each;
  }
  std::vector<Candidate> candidates;
  for (const ConfigurationFindings& findings : analysis.configurations) {
    Candidate candidate;
    candidate.name = findings.display();
    candidate.model = findings.model;
    candidate.recipe = findings.recipe;
    candidate.run_key = findings.run_key;
    candidate.macro_f1 = findings.quality.macro_f1;
    if (const auto* latency = latency_of(findings, protocol)) candidate.ms_per_example = latency->median_ms;
    if (findings.memory) candidate.memory_bytes = memory_by(*findings.memory, envelope.memory_definition);
    if (findings.calibration) candidate.ece = findings.calibration->ece_cross_fitted;
    for (const TierQuality& tier : findings.quality.tiers) {
      if (tier.accuracy) candidate.tiers.push_back({.name = tier.name, .accuracy = *tier.accuracy});
    }
    candidate.established_losses = established_losses(analysis, findings);
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

std::vector<QualityDifference> quality_differences_of(const Analysis& analysis) {
  std::vector<QualityDifference> differences;
  for (const PairDifference& pair : analysis.pair_differences) {
    if (pair.a >= analysis.configurations.size() || pair.b >= analysis.configurations.size()) continue;
    differences.push_back({.first = analysis.configurations[pair.a].display(),
                           .second = analysis.configurations[pair.b].display(),
                           .difference = pair.macro_f1_difference,
                           .low = pair.interval.low,
                           .high = pair.interval.high});
  }
  return differences;
}

namespace {

Status add_swapped_costs(const Decision& decision, const std::vector<QualityDifference>& differences,
                         std::vector<NoteAlternative>& alternatives) {
  const Envelope& envelope = decision.envelope;
  const auto latency = std::find(envelope.order.begin(), envelope.order.end(), Objective::kLatency);
  const auto memory = std::find(envelope.order.begin(), envelope.order.end(), Objective::kMemory);
  if (latency == envelope.order.end() || memory == envelope.order.end()) return {};
  Envelope swapped = envelope;
  std::iter_swap(swapped.order.begin() + (latency - envelope.order.begin()),
                 swapped.order.begin() + (memory - envelope.order.begin()));
  QT_TRY(Decision other, decide_candidates(decision.candidates, differences, swapped));
  alternatives.push_back(
      {.what_differs = latency < memory ? "memory put before latency" : "latency put before memory",
       .decision = std::move(other)});
  return {};
}

}  // namespace

Result<std::vector<NoteAlternative>> alternatives_of(const Analysis& analysis, const Decision& decision) {
  std::vector<NoteAlternative> alternatives;
  const std::vector<QualityDifference> differences = quality_differences_of(analysis);
  const auto add = [&](std::string what, std::vector<Candidate> candidates,
                       const Envelope& envelope) -> Status {
    QT_TRY(Decision other, decide_candidates(std::move(candidates), differences, envelope));
    alternatives.push_back({.what_differs = std::move(what), .decision = std::move(other)});
    return {};
  };
  const Envelope& envelope = decision.envelope;
  if (envelope.ece_max) {
    std::vector<Candidate> unscaled = decision.candidates;
    for (std::size_t i = 0; i < unscaled.size(); ++i) {
      const std::optional<Calibration>& calibration = analysis.configurations[i].calibration;
      unscaled[i].ece = calibration ? std::optional(calibration->ece_raw) : std::nullopt;
    }
    QT_TRY_STATUS(add("ECE read without temperature scaling", std::move(unscaled), envelope));
    if (std::vector<Candidate> reported = decision.candidates; read_as_reported(analysis, reported)) {
      QT_TRY_STATUS(
          add("ECE read at the temperatures that the imported files report", std::move(reported), envelope));
    }
  }
  if (envelope.latency_protocol != timing_protocol_name(TimingProtocol::kLatency) && has_latency(analysis)) {
    Envelope single = envelope;
    single.latency_protocol = timing_protocol_name(TimingProtocol::kLatency);
    // Everything else that limits may read stays as it was decided by.
    std::vector<Candidate> timed = decision.candidates;
    const std::vector<Candidate> by_latency = candidates_of(analysis, single);
    for (std::size_t i = 0; i < timed.size(); ++i) timed[i].ms_per_example = by_latency[i].ms_per_example;
    QT_TRY_STATUS(add("time read one text at a time", std::move(timed), single));
  }
  QT_TRY_STATUS(add_swapped_costs(decision, differences, alternatives));
  return alternatives;
}

Result<std::vector<NoteAlternative>> alternatives_of_table(const Decision& decision) {
  std::vector<NoteAlternative> alternatives;
  std::vector<Candidate> unscaled = decision.candidates;
  bool all = decision.envelope.ece_max.has_value();
  for (Candidate& candidate : unscaled) {
    const auto raw = metric_value(candidate, {.kind = MetricKind::kEce, .variant = "raw"});
    all = all && raw;
    candidate.ece = raw ? std::optional(raw->value) : std::nullopt;
  }
  if (all) {
    QT_TRY(Decision other, decide_candidates(std::move(unscaled), {}, decision.envelope));
    alternatives.push_back(
        {.what_differs = "ECE read without temperature scaling", .decision = std::move(other)});
  }
  QT_TRY_STATUS(add_swapped_costs(decision, {}, alternatives));
  return alternatives;
}

NoteInput note_input_of(const Analysis& analysis, Decision decision) {
  NoteInput input;
  input.decision = std::move(decision);
  input.reference_recipe = analysis.reference_recipe;
  input.quality_differences = quality_differences_of(analysis);
  for (const ConfigurationFindings& findings : analysis.configurations) {
    input.quality.push_back(quality_row(findings));
    input.cost.push_back(cost_row(findings));
    if (findings.calibration) input.calibration.push_back(calibration_row(findings, *findings.calibration));
  }
  add_class_rows(analysis, input);
  for (const TierComparison& comparison : analysis.comparisons) {
    input.tier_deltas.push_back(delta_row(comparison));
  }
  for (const CalibrationComparison& comparison : analysis.calibration_comparisons) {
    input.residuals.push_back(residual_row(comparison));
  }
  for (const SampleSpread& spread : analysis.sample_spreads) {
    input.sample_spreads.push_back(sample_row(spread));
  }
  for (const PatternFinding& pattern : analysis.patterns) {
    input.patterns.push_back(pattern_row(pattern, analysis));
  }
  for (const NoiseFloorFinding& floor : analysis.noise_floor) {
    input.noise_floor.push_back({.model = floor.model,
                                 .recipe = floor.recipe,
                                 .what = floor.what,
                                 .examples = static_cast<std::size_t>(floor.n),
                                 .flips = static_cast<std::size_t>(floor.flips),
                                 .max_abs_logit_difference = floor.max_abs_logit_difference,
                                 .run_key = floor.run_key});
  }
  for (const std::string& remark : analysis.remarks) input.appendix.emplace_back("Remark", remark);
  return input;
}

}  // namespace quantier
