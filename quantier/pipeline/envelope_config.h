// The [envelope] table, as a user writes it: in the configuration of a run, or alone in a file.
//
//   [envelope]
//   device = "one T4"
//   hardware_memory_mb = 16000          # and memory_headroom = 0.1: a tenth of it stays free
//   requests_per_second = 100           # taken as <= 1000 / rate ms per example, unless
//   requests_per_second_from = "load"   # it must come from a load test, at this percentile and bound:
//   requests_per_second_percentile = 99 # (or a higher one)
//   requests_per_second_bound_ms = 50   # (or a lower one)
//   macro_f1_min = 0.2
//   ece_max = 0.05                      # cross-fitted; ece_fit = "raw" | "in-sample" | "reported" otherwise
//   [[envelope.constraint]]             # anything of the registry of metrics (decide/metric.h)
//   metric = "tail accuracy"
//   min = 0.6                           # or max, or no_worse_than = "encoder fp16" with margin = 0.01
//   hard = true
//
// What a metric is about (a tier, a class) may be unknown until the evidence is read; its form is checked
// here. Errors: kUsage with file, line and column, and the nearest known name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/decide/envelope.h"

namespace quantier {

enum class ConfiguredProtocol : std::uint8_t { kThroughput, kLatency, kWorkload };

struct Floor {
  std::string name;    // of the tier
  double value = 0.0;  // accuracy in [0, 1]
};

// Differences inside a margin are ties.
struct ConfiguredMargins {
  double macro_f1 = 0.010;         // absolute
  double latency_relative = 0.05;  // 0.05: five percent
  double memory_relative = 0.02;
  double ece = 0.005;  // absolute
};

enum class ConfiguredObjective : std::uint8_t { kMacroF1, kLatency, kMemory, kEce };
[[nodiscard]] const char* configured_objective_name(
    ConfiguredObjective objective);  // "macro_f1", "latency", "memory", "ece"

struct ConfiguredConstraint {
  std::string metric;
  std::optional<double> min;
  std::optional<double> max;
  std::string no_worse_than;
  std::optional<double> margin;  // absent: the declared one of the metric
  bool hard = true;
};

// Constraints that are absent do not constrain.
struct EnvelopeConfig {
  std::string device;  // what it runs on, for the reader: "one CPU server, 2 cores"
  std::optional<double> hardware_memory_mb;
  double memory_headroom = 0.0;
  std::optional<double> requests_per_second;
  std::optional<bool> requests_per_second_from_load;  // absent: no, unless the configuration has [load]
  // At which a load test must have confirmed it; absent: 99 and 50.
  std::optional<double> requests_per_second_percentile;
  std::optional<double> requests_per_second_bound_ms;
  std::optional<double> ms_per_example_max;
  ConfiguredProtocol ms_per_example_protocol = ConfiguredProtocol::kThroughput;
  std::optional<double> macro_f1_min;
  std::optional<double> ece_max;        // after temperature, cross-fitted
  std::string ece_fit;                  // empty: cross-fitted
  std::optional<double> memory_max_mb;  // process peak; 1 MB = 10^6 bytes
  std::vector<Floor> tier_accuracy_min;
  std::vector<ConfiguredConstraint> constraints;
  ConfiguredMargins margins;
  std::vector<ConfiguredObjective> objectives = {ConfiguredObjective::kMacroF1, ConfiguredObjective::kLatency,
                                                 ConfiguredObjective::kMemory};
  TieRule tie_rule = TieRule::kCheaper;
  std::vector<std::string> frontier;  // axes; empty: the usual ones
};

// A reason for it that evidence can answer; [[prior.claim]].
struct PriorClaimConfig {
  std::string text;
  std::string about;   // a metric: "macro-F1", "latency", "memory", "ECE", "tail accuracy"
  std::string better;  // a model or a configuration
  std::string than;
};

// What was recommended before anything was measured.
struct PriorConfig {
  std::string text;
  std::string model;   // a name in `models`
  std::string recipe;  // one of `recipes`
  std::string why;
  std::vector<PriorClaimConfig> claims = {};
};

// A file of an [envelope] table, and of a [prior] where it has one; of the configuration of a run, the same
// two tables.
struct EnvelopeFile {
  EnvelopeConfig envelope;
  std::optional<PriorConfig> prior;
};
[[nodiscard]] Result<EnvelopeFile> read_envelope_file(const std::filesystem::path& path);
[[nodiscard]] Result<EnvelopeFile> parse_envelope_file(std::string_view toml, std::string_view source);

// "tail accuracy >= 0.6", "latency p95 <= 20".
[[nodiscard]] Result<ConfiguredConstraint> parse_constraint(std::string_view text);

// "2GB", "512 MB", "1.5GiB", "800" (MB): megabytes of 10^6 bytes.
[[nodiscard]] Result<double> parse_megabytes(std::string_view text);

// For the decision. `names`: tiers and classes of the evidence. Errors: kUsage for metrics that it lacks.
[[nodiscard]] Result<Envelope> envelope_of(const EnvelopeConfig& from,
                                           const std::optional<PriorConfig>& prior, const MetricNames& names);

}  // namespace quantier
