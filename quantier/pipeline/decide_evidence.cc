#include "quantier/pipeline/decide_evidence.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include <fmt/format.h>

#include "quantier/base/sha256.h"
#include "quantier/decide/metric_bootstrap.h"
#include "quantier/pipeline/report_findings.h"
#include "quantier/pipeline/report_imported.h"
#include "quantier/stats/estimators/calibration.h"
#include "quantier/stats/estimators/proportion.h"

namespace quantier {
namespace {

constexpr const char* kCrossFitted = "";
constexpr const char* kReportedFit = "reported";  // TemperatureReading::fit
constexpr TimingProtocol kProtocols[] = {TimingProtocol::kThroughput, TimingProtocol::kLatency,
                                         TimingProtocol::kWorkload};

Metric ece_metric(const char* fit) { return {.kind = MetricKind::kEce, .variant = fit}; }

std::string memory_key(const std::string& definition) {
  return Metric{.kind = MetricKind::kMemory, .variant = definition}.key();
}

bool is_gate(MetricKind kind) {
  return kind == MetricKind::kGateShare || kind == MetricKind::kGateAccuracy ||
         kind == MetricKind::kGateShareAtAccuracy || kind == MetricKind::kGateAccuracyAtAccuracy;
}

bool is_class(MetricKind kind) { return kind == MetricKind::kClassF1 || kind == MetricKind::kClassAccuracy; }

// Examples and labels, so that two candidates over different ones are never decided between.
std::string evidence_set_of(const Run& run) {
  Sha256 hash;
  hash.update(run.split);
  for (const std::string& name : run.predictions.label_names) {
    hash.update(name);
    hash.update(std::string_view("\0", 1));
  }
  hash.update(std::as_bytes(std::span(run.predictions.labels)));
  return hash.hex();
}

// What one run's examples look like to a resampler.
struct Scored {
  std::vector<std::int32_t> predicted;  // `classes`: no answer
  std::vector<float> confidence;        // cross-fitted; NaN without finite logits
};

std::vector<float> confidences(const Run& run, double on_even, double on_odd) {
  std::vector<float> out;
  for (std::size_t i = 0; i < run.predictions.example_count; ++i) {
    const std::span<const float> row = run.predictions.row(i);
    const bool finite = std::ranges::all_of(row, [](float logit) { return std::isfinite(logit); });
    out.push_back(finite ? static_cast<float>(top1_confidence(row, i % 2 == 0 ? on_even : on_odd))
                         : std::numeric_limits<float>::quiet_NaN());
  }
  return out;
}

Scored score(const Run& run, const ConfigurationFindings& findings) {
  Scored scored;
  for (std::size_t i = 0; i < run.predictions.example_count; ++i) {
    const std::span<const float> row = run.predictions.row(i);
    const std::int32_t prediction = argmax(row);
    const bool answered = !std::isnan(row[static_cast<std::size_t>(prediction)]);
    scored.predicted.push_back(answered ? prediction
                                        : static_cast<std::int32_t>(run.predictions.class_count));
  }
  if (findings.calibration && findings.calibration->temperature_a && findings.calibration->temperature_b) {
    // Each half at the temperature of the other.
    scored.confidence = confidences(run, findings.calibration->temperature_b->value,
                                    findings.calibration->temperature_a->value);
  }
  return scored;
}

// The smallest confidence from which on answers are right often enough, among the rows of one half.
double threshold_for(const Run& run, const Scored& scored, std::size_t half, double accuracy) {
  std::vector<std::pair<float, bool>> answers;
  for (std::size_t i = half; i < scored.confidence.size(); i += 2) {
    if (std::isnan(scored.confidence[i])) continue;
    answers.emplace_back(scored.confidence[i], scored.predicted[i] == run.predictions.labels[i]);
  }
  std::ranges::sort(answers, [](const auto& a, const auto& b) { return a.first > b.first; });
  double threshold = HUGE_VAL;  // nothing is right often enough: everything goes to a person
  std::size_t right = 0;
  for (std::size_t k = 0; k < answers.size(); ++k) {
    right += answers[k].second ? 1 : 0;
    const bool last_of_equals = k + 1 == answers.size() || answers[k + 1].first < answers[k].first;
    if (last_of_equals && static_cast<double>(right) >= accuracy * static_cast<double>(k + 1)) {
      threshold = static_cast<double>(answers[k].first);
    }
  }
  return threshold;
}

std::vector<std::uint8_t> kept_by(const Run& run, const Scored& scored, const Metric& metric) {
  double on_even = metric.level;
  double on_odd = metric.level;
  const bool at_accuracy =
      metric.kind == MetricKind::kGateShareAtAccuracy || metric.kind == MetricKind::kGateAccuracyAtAccuracy;
  if (at_accuracy) {
    on_even = threshold_for(run, scored, 1, metric.level);
    on_odd = threshold_for(run, scored, 0, metric.level);
  }
  std::vector<std::uint8_t> kept;
  for (std::size_t i = 0; i < scored.confidence.size(); ++i) {
    // false for NaN
    const bool in = static_cast<double>(scored.confidence[i]) >= (i % 2 == 0 ? on_even : on_odd);
    kept.push_back(in ? 1 : 0);
  }
  return kept;
}

MetricValue share_value(std::uint64_t hits, std::uint64_t n) {
  return {.value = static_cast<double>(hits) / static_cast<double>(n),
          .interval = wilson_interval(hits, n),
          .n = n};
}

void add_gate(const Run& run, const Scored& scored, const Metric& metric, Candidate& candidate,
              ResampledConfiguration& resampled) {
  if (scored.confidence.empty()) return;
  GateReading gate;
  gate.kept = kept_by(run, scored, metric);
  const bool share = metric.kind == MetricKind::kGateShare || metric.kind == MetricKind::kGateShareAtAccuracy;
  (share ? gate.share_key : gate.accuracy_key) = metric.key();
  std::uint64_t kept = 0;
  std::uint64_t right = 0;
  for (std::size_t i = 0; i < gate.kept.size(); ++i) {
    kept += gate.kept[i];
    right += gate.kept[i] != 0 && scored.predicted[i] == run.predictions.labels[i] ? 1 : 0;
  }
  if (share) {
    candidate.values[metric.key()] = share_value(kept, gate.kept.size());
  } else if (kept > 0) {
    candidate.values[metric.key()] = share_value(right, kept);
  } else {
    return;  // nothing passes, so nothing is known of what does
  }
  resampled.gates.push_back(std::move(gate));
}

void add_quality(const ConfigurationFindings& findings, Candidate& candidate) {
  const Quality& quality = findings.quality;
  candidate.values[Metric{MetricKind::kMacroF1}.key()] = {quality.macro_f1, quality.macro_f1_interval,
                                                          quality.n};
  const auto right =
      static_cast<std::uint64_t>(std::llround(quality.accuracy * static_cast<double>(quality.n)));
  if (quality.n > 0) candidate.values[Metric{MetricKind::kAccuracy}.key()] = share_value(right, quality.n);
  for (const TierQuality& tier : quality.tiers) {
    if (tier.accuracy && tier.n > 0) {
      const auto hits =
          static_cast<std::uint64_t>(std::llround(*tier.accuracy * static_cast<double>(tier.n)));
      candidate.values[Metric{.kind = MetricKind::kTierAccuracy, .part = tier.name}.key()] = {
          *tier.accuracy, wilson_interval(hits, tier.n), tier.n};
    }
    if (tier.macro_f1) {
      candidate.values[Metric{.kind = MetricKind::kTierMacroF1, .part = tier.name}.key()] = {
          *tier.macro_f1, tier.macro_f1_interval, tier.n};
    }
  }
}

void add_calibration(const ConfigurationFindings& findings, Candidate& candidate) {
  if (findings.calibration) {
    const Calibration& of = *findings.calibration;
    if (of.ece_cross_fitted) {
      candidate.values[ece_metric(kCrossFitted).key()] = {*of.ece_cross_fitted, of.ece_cross_fitted_interval,
                                                          of.n};
    }
    candidate.values[ece_metric("raw").key()] = {of.ece_raw, of.ece_raw_interval, of.n};
    candidate.values[ece_metric("in-sample").key()] = {of.ece_temperature_in_sample,
                                                       of.ece_temperature_in_sample_interval, of.n};
  }
  for (const TemperatureReading& reading : findings.temperature_readings) {
    if (reading.fit != kReportedFit) continue;
    const std::uint64_t n = findings.calibration ? findings.calibration->n : 0;
    candidate.values[ece_metric("reported").key()] = {reading.ece, reading.ece_interval, n};
  }
}

void add_costs(const ConfigurationFindings& findings, Candidate& candidate) {
  for (const LatencySummary& summary : findings.latency) {
    const Metric metric{.kind = MetricKind::kLatency, .variant = timing_protocol_name(summary.protocol)};
    candidate.values[metric.key()] = {summary.median_ms, summary.median_interval, summary.samples};
    if (summary.protocol != TimingProtocol::kLatency) continue;
    const std::pair<double, std::optional<double>> percentiles[] = {
        {50, summary.p50_ms}, {95, summary.p95_ms}, {99, summary.p99_ms}};
    for (const auto& [level, value] : percentiles) {
      if (!value) continue;
      candidate.values[Metric{.kind = MetricKind::kLatencyPercentile, .level = level}.key()] = {
          *value, std::nullopt, summary.samples};
    }
  }
  if (!findings.memory) return;
  const MemoryRecord& memory = *findings.memory;
  const auto add = [&](const std::string& definition, std::uint64_t bytes) {
    // Zero bytes are a measurement that was not made.
    if (bytes > 0) candidate.values[memory_key(definition)] = {static_cast<double>(bytes), std::nullopt, 1};
  };
  add("weights", memory.weights_bytes);
  add("allocator_peak", memory.allocator_weights_peak_bytes + memory.allocator_activations_peak_bytes);
  // Of a model on a device it is the device's memory that a deployment has to have.
  add("process_peak",
      memory.process_peak_bytes > 0 ? memory.device_peak_bytes.value_or(memory.process_peak_bytes) : 0);
  add(kImportedMemory, memory.device_peak_bytes.value_or(0));
}

void add_tier_changes(const Analysis& analysis, Candidate& candidate) {
  for (const TierComparison& comparison : analysis.comparisons) {
    if (comparison.run_key != candidate.run_key) continue;
    candidate.reference = comparison.reference_recipe;
    if (comparison.tier == "all" && !analysis.tier_names.empty()) continue;
    candidate.tier_changes.push_back({.tier = comparison.tier,
                                      .n = comparison.n,
                                      .delta = comparison.delta,
                                      .low = comparison.tango.low,
                                      .high = comparison.tango.high,
                                      .lost = comparison.flips.right_to_wrong,
                                      .gained = comparison.flips.wrong_to_right,
                                      .verdict = evidence_word_name(comparison.evidence)});
  }
}

void add_class(const ConfigurationFindings& findings, const Analysis& analysis, const Metric& metric,
               Candidate& candidate) {
  for (const ClassQuality& of : findings.classes) {
    const auto id = static_cast<std::size_t>(of.label_id);
    if (id >= analysis.label_names.size() || analysis.label_names[id] != metric.part || of.n == 0) continue;
    if (metric.kind == MetricKind::kClassF1 && of.f1) {
      candidate.values[metric.key()] = {*of.f1, of.f1_interval, of.n};
    } else if (metric.kind == MetricKind::kClassAccuracy && of.accuracy) {
      const auto hits = static_cast<std::uint64_t>(std::llround(*of.accuracy * static_cast<double>(of.n)));
      candidate.values[metric.key()] = {*of.accuracy, wilson_interval(hits, of.n), of.n};
    }
  }
}

// Every timing sample of a protocol, in milliseconds an example.
std::vector<double> samples_of(const Run& run, TimingProtocol protocol) {
  std::vector<double> samples;
  for (const TimingSample& sample : run.timings) {
    if (sample.protocol != protocol || sample.warm_up || sample.examples == 0 || sample.wall_ns <= 0)
      continue;
    samples.push_back(static_cast<double>(sample.wall_ns) / static_cast<double>(sample.examples) / 1e6);
  }
  return samples;
}

void add_timings(const Run& run, std::size_t index, MetricReplicates& out) {
  for (const TimingProtocol protocol : kProtocols) {
    const std::vector<double> samples = samples_of(run, protocol);
    add_timing_replicates(
        samples, 0.5, Metric{.kind = MetricKind::kLatency, .variant = timing_protocol_name(protocol)}.key(),
        index, out);
    if (protocol != TimingProtocol::kLatency) continue;
    for (const auto& [level, least] : {std::pair{50.0, 10U}, std::pair{95.0, 100U}, std::pair{99.0, 500U}}) {
      if (samples.size() < least) continue;
      add_timing_replicates(samples, level / 100.0,
                            Metric{.kind = MetricKind::kLatencyPercentile, .level = level}.key(), index, out);
    }
  }
}

MetricBootstrap bootstrap_of(const std::vector<Run>& runs, const AnalysisTiers& tiers,
                             const EvidenceOptions& options) {
  MetricBootstrap input;
  const Predictions& data = runs.front().predictions;
  input.labels = data.labels;
  input.classes = data.class_count;
  input.tier_names = tiers.names;
  input.tier_of_class = tiers.tier_of_class;
  input.seed = options.seed;
  input.replicates = options.replicates;
  input.pool = options.pool;
  input.progress = options.progress;
  input.interrupt = options.interrupt;
  for (const Metric& metric : options.wanted) {
    if (!is_class(metric.kind)) continue;
    const auto found = std::ranges::find(data.label_names, metric.part);
    if (found == data.label_names.end()) continue;
    auto& keys = input.classes_of_interest[static_cast<std::int32_t>(found - data.label_names.begin())];
    (metric.kind == MetricKind::kClassF1 ? keys.f1 : keys.accuracy) = metric.key();
  }
  return input;
}

}  // namespace

std::vector<Metric> wanted_metrics(const Envelope& envelope) {
  std::vector<Metric> wanted;
  const auto add = [&](const Metric& metric) {
    const bool on_request = is_class(metric.kind) || is_gate(metric.kind) ||
                            (metric.kind == MetricKind::kEce && !metric.variant.empty());
    if (on_request && std::ranges::find(wanted, metric) == wanted.end()) wanted.push_back(metric);
  };
  for (const StatedConstraint& stated : envelope.constraints) add(stated.metric);
  for (const Metric& axis : envelope.frontier_axes) add(axis);
  if (!envelope.ece_fit.empty()) add({.kind = MetricKind::kEce, .variant = envelope.ece_fit});
  return wanted;
}

void apply_protocol(const Envelope& envelope, const LoadEvidence& rates, std::vector<Candidate>& candidates) {
  for (Candidate& candidate : candidates) {
    const auto take = [&](const std::string& key) -> std::optional<double> {
      const auto found = candidate.values.find(key);
      return found == candidate.values.end() ? std::nullopt : std::optional(found->second.value);
    };
    const Metric time{.kind = MetricKind::kLatency, .variant = envelope.latency_protocol};
    candidate.ms_per_example = take(time.key());
    // The interval is found under the metric as the constraint names it.
    const std::string plain = Metric{MetricKind::kLatency}.key();
    candidate.values.erase(plain);
    if (candidate.ms_per_example) candidate.values[plain] = candidate.values[time.key()];
    candidate.memory_bytes = take(memory_key(envelope.memory_definition));
    const std::string key = Metric{MetricKind::kRequestsPerSecond}.key();
    if (const auto rate = rates.confirmed.find(candidate.run_key); rate != rates.confirmed.end()) {
      candidate.values[key] = {rate->second, std::nullopt, 1};
    } else if (const auto why = rates.why_not.find(candidate.run_key); why != rates.why_not.end()) {
      candidate.missing[key] = why->second;
    }
  }
}

Result<DecisionEvidence> decision_evidence(const std::vector<Run>& runs, const Analysis& analysis,
                                           const AnalysisTiers& tiers, const EvidenceOptions& options) {
  DecisionEvidence evidence;
  evidence.candidates = candidates_of(analysis, {});
  evidence.differences = quality_differences_of(analysis);
  evidence.tier_names = tiers.names;
  evidence.label_names = analysis.label_names;
  evidence.replicates.candidates = runs.size();
  evidence.replicates.replicates = options.replicates;
  evidence.replicates.seed = options.seed;
  MetricBootstrap input = bootstrap_of(runs, tiers, options);
  std::vector<Scored> scored;
  for (std::size_t i = 0; i < runs.size(); ++i) scored.push_back(score(runs[i], analysis.configurations[i]));
  const std::string set = evidence_set_of(runs.front());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const ConfigurationFindings& findings = analysis.configurations[i];
    Candidate& candidate = evidence.candidates[i];
    candidate.evidence_set = set;
    add_quality(findings, candidate);
    add_calibration(findings, candidate);
    add_costs(findings, candidate);
    add_tier_changes(analysis, candidate);
    ResampledConfiguration resampled;
    resampled.index = i;
    resampled.predicted = scored[i].predicted;
    if (!scored[i].confidence.empty()) {
      resampled.readings.push_back({ece_metric(kCrossFitted).key(), scored[i].confidence});
    }
    for (const Metric& metric : options.wanted) {
      if (is_gate(metric.kind)) add_gate(runs[i], scored[i], metric, candidate, resampled);
      if (is_class(metric.kind)) add_class(findings, analysis, metric, candidate);
      if (metric.kind != MetricKind::kEce || !findings.calibration) continue;
      std::optional<double> at;
      if (metric.variant == "raw") at = 1.0;
      if (metric.variant == "in-sample") at = findings.calibration->temperature_all.value;
      for (const TemperatureReading& reading : findings.temperature_readings) {
        if (metric.variant == "reported" && reading.fit == kReportedFit) at = reading.temperature;
      }
      if (at) resampled.readings.push_back({metric.key(), confidences(runs[i], *at, *at)});
    }
    input.configurations.push_back(std::move(resampled));
  }
  QT_TRY_STATUS(add_metric_replicates(input, evidence.replicates));
  for (std::size_t i = 0; i < runs.size(); ++i) add_timings(runs[i], i, evidence.replicates);
  return evidence;
}

}  // namespace quantier
