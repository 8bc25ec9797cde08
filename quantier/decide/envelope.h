// The envelope a choice has to fit: limits, the margins inside which two numbers count as equal, the order of
// the objectives with the rule for what is still tied after them, and what was recommended before.
//
// What is not set does not constrain. Units: milliseconds per example, bytes, fractions (0..1) for macro-F1,
// ECE and accuracy. A value exactly at its limit passes. The short fields are the limits that most envelopes
// have; `constraints` holds any metric of the registry (metric.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quantier/decide/metric.h"

namespace quantier {

enum class Objective { kQuality, kLatency, kMemory, kEce };

// "quality", "latency", "memory", "ECE".
[[nodiscard]] inline const char* objective_name(Objective objective) {
  switch (objective) {
    case Objective::kQuality:
      return "quality";
    case Objective::kLatency:
      return "latency";
    case Objective::kMemory:
      return "memory";
    case Objective::kEce:
      return "ECE";
  }
  return "unknown";
}

// What decides between configurations that tie on every objective.
enum class TieRule {
  kCheaper,        // the raw numbers of the costs, in the order of the objectives
  kHigherQuality,  // the raw macro-F1
  kFirstListed,    // the order in which the configurations were given
};

[[nodiscard]] inline const char* tie_rule_text(TieRule rule) {
  switch (rule) {
    case TieRule::kCheaper:
      return "the lower raw cost";
    case TieRule::kHigherQuality:
      return "the higher raw macro-F1";
    case TieRule::kFirstListed:
      return "the one listed first";
  }
  return "unknown";
}

// Differences up to the margin are not worth a change of mind. Used when no paired interval is known, and to
// mark values that sit so near a limit that a second measurement could turn them over.
struct Margins {
  double macro_f1 = 0.010;         // absolute; also for every other share and score but ECE
  double latency_fraction = 0.05;  // of the larger value
  double memory_fraction = 0.02;   // of the larger value
  double ece = 0.005;              // absolute
};

struct TierFloor {
  std::string tier;
  double accuracy_min = 0.0;
};

// One limit on any metric: min or max, or no worse than another configuration by more than `margin`.
struct StatedConstraint {
  Metric metric;
  std::optional<double> min = {};
  std::optional<double> max = {};
  bool hard = true;                // a soft one excludes nothing, and decides among what passes the hard ones
  std::string no_worse_than = {};  // name of a configuration; empty: min or max
  double margin = 0.0;             // for no_worse_than: in the metric's unit, >= 0
};

// A reason of an earlier recommendation, in a form that evidence can answer: on this metric one model or
// configuration is better than another.
struct PriorClaim {
  std::string text;  // as its author wrote it
  Metric metric;
  std::string better;  // a model, or a configuration: "decoder", "decoder fp16"
  std::string than;
};

// The recommendation that stood before this evidence; an empty `model` means there was none.
struct Prior {
  std::string text;    // as its author wrote it
  std::string model;   // "decoder"
  std::string recipe;  // "fp16"; empty: the model was recommended at no particular precision
  std::string why;     // "its F1 is higher"
  std::vector<PriorClaim> claims = {};
};

struct Envelope {
  std::string device;  // free text: "one NVIDIA T4 (16 GB)"

  // Sustained rate. From throughput it is taken as <= 1000 / rate ms per example in batches, and with
  // max_ms_per_example the tighter of the two holds; from a load test it is a limit of its own, for which
  // throughput is an upper bound and nothing more. latency_protocol names the protocol whose number is
  // compared, empty for the first.
  std::optional<double> requests_per_second;
  bool rate_from_throughput = true;
  // A load test is evidence for the rate when it confirmed one at this percentile or a higher one, within
  // this bound or a lower one. The defaults are those of `quantier load`.
  double rate_percentile = 99.0;
  double rate_bound_ms = 50.0;
  std::optional<double> max_ms_per_example;
  std::string latency_protocol;

  std::optional<double> macro_f1_min;
  // On the cross-fitted ECE unless `ece_fit` says otherwise ("raw", "in-sample", "reported").
  std::optional<double> ece_max;
  std::string ece_fit = {};
  std::optional<double> memory_max_bytes;
  std::optional<double> hardware_memory_bytes = {};  // what the device has
  double memory_headroom = 0.0;                      // share of it to be left free
  std::string memory_definition;  // "weights", "allocator_peak", "process_peak"; empty for the first
  std::vector<TierFloor> tier_floors;
  std::vector<StatedConstraint> constraints = {};

  Margins margins;
  std::vector<Objective> order = {Objective::kQuality, Objective::kLatency, Objective::kMemory};
  TieRule tie_rule = TieRule::kCheaper;
  std::vector<Metric> frontier_axes = {};  // empty: macro-F1, time, memory and ECE
  Prior prior;
};

}  // namespace quantier
