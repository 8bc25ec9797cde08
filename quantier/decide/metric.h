// What a limit, an objective or an axis can be about: a registry of metrics by name.
//
// A metric is a kind and what it needs to be one number: a tier, a class, a protocol, a threshold. Each knows
// how a user writes it, its unit, whether less is better, where its number comes from, how its uncertainty is
// estimated, and what to run when nobody measured it. Names are read without regard to case, hyphens and
// underscores:
//
//   macro-F1, accuracy, tail accuracy, tail macro-F1, class NAME F1, class NAME accuracy
//   ms per example, workload ms per example, latency p95, memory, requests per second
//   ECE, raw ECE, in-sample ECE, reported ECE
//   gate 0.8 share, gate 0.8 accuracy, gate at accuracy 0.9 share, gate at accuracy 0.9 accuracy
//
// Fractions are 0..1, times are milliseconds, memory is bytes. Errors: kUsage with the nearest known name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"

namespace quantier {

enum class MetricKind : std::uint8_t {
  kLatency,  // ms per example, in batches or by another protocol
  kMacroF1,
  kEce,
  kMemory,
  kTierAccuracy,
  kAccuracy,
  kTierMacroF1,
  kClassF1,
  kClassAccuracy,
  kLatencyPercentile,  // one text at a time
  kGateShare,          // at a confidence threshold
  kGateAccuracy,
  kGateShareAtAccuracy,  // at the threshold that gives an accuracy on the other half of the examples
  kGateAccuracyAtAccuracy,
  kRequestsPerSecond,
};

struct Metric {
  MetricKind kind = MetricKind::kMacroF1;
  std::string part = {};     // tier or class
  std::string variant = {};  // protocol; fit of the ECE: "cross-fitted", "raw", "in-sample", "reported"
  double level = 0.0;        // percentile, threshold, or accuracy wanted

  // One text for one metric: what replicates and values are filed under.
  [[nodiscard]] std::string key() const;
  // As a user writes it.
  [[nodiscard]] std::string name() const;
  [[nodiscard]] bool less_is_better() const;
  // "", "ms/example", "ms", "bytes", "requests/s".
  [[nodiscard]] const char* unit() const;
  // A share or a score between 0 and 1.
  [[nodiscard]] bool is_fraction() const;
  // What produces the number, and how its uncertainty is found.
  [[nodiscard]] const char* source() const;
  [[nodiscard]] const char* uncertainty() const;
  // What to run when the number is missing.
  [[nodiscard]] std::string how_to_measure() const;
  friend bool operator==(const Metric&, const Metric&) = default;
};

// Of the words a metric's name may hold: the tiers and classes of the decision at hand.
struct MetricNames {
  std::vector<std::string> tiers;
  std::vector<std::string> classes;
};

[[nodiscard]] Result<Metric> parse_metric(std::string_view text, const MetricNames& names);

// Names without parts, for help and suggestions.
[[nodiscard]] std::vector<std::string> metric_examples(const MetricNames& names);

// The known word with the fewest edits to `word`, when it is near enough to be a misspelling; else empty.
[[nodiscard]] std::string nearest_name(std::string_view word, std::span<const std::string> known);

}  // namespace quantier
