// What the statistics say about calibration beyond one run and one split: plain data, read with analysis.h.
//
// Differences are candidate minus reference. "Residual" is the cross-fitted error: each half of the examples
// read at the temperature fitted on the other half. Intervals of differences are paired bootstrap with the
// temperature fitted anew in every replicate; both sides of a difference are biased upwards alike, so the
// replicates are shifted to have the difference seen as their mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quantier/stats/estimators/interval.h"
#include "quantier/stats/estimators/verdict.h"

namespace quantier {

// The error at one temperature, however that was found.
struct TemperatureReading {
  std::string fit;           // "reported", or the text of a recipe: "lbfgs:lr=0.01,steps=50"
  double temperature = 1.0;  // fitted on all rows, unless reported
  double ece = 0.0;          // on all rows
  double ece_debiased = 0.0;
  Interval ece_interval;
  double negative_log_likelihood = 0.0;
  std::optional<double> share_of_optimum;  // log T over the optimal log T; absent when that is 0
  bool diverged = false;                // the optimizer left the bounds; `temperature` is the last one inside
  std::optional<double> temperature_a;  // the same recipe on the even positions; absent when reported
  std::optional<double> ece_a_to_b;
};

// Does the temperature help where it was not fitted as much as where it was?
struct TemperatureGeneralisation {
  Estimate in_sample_drop;  // raw error minus error with each half at its own temperature
  Estimate held_out_drop;   // raw error minus cross-fitted error
  Estimate gap;             // in_sample_drop minus held_out_drop
  double margin = 0.0;
  SizeWord size = SizeWord::kUndetermined;  // of the gap: negligible means that the fit generalises
  EvidenceWord helps =
      EvidenceWord::kUnresolved;  // kDirectional when the interval of held_out_drop excludes 0
};

// What a confidence threshold does to the examples when the candidate takes the reference's place, both at
// their own cross-fitted temperatures.
struct GateChange {
  double threshold = 0.0;
  // [right in the reference][right in the candidate]
  std::uint64_t stays_kept[2][2] = {};
  std::uint64_t enters[2][2] = {};  // kept by the candidate only
  std::uint64_t leaves[2][2] = {};  // kept by the reference only
  std::uint64_t stays_out[2][2] = {};
  Estimate share_difference;  // of all examples; Tango score
};

// Absent with fewer than 2 / margin examples (no margin asks for more than 400): one example that crosses
// the edge of a bin moves an error by up to 2 / n, and would decide alone.
struct CalibrationComparison {
  std::string model;
  std::string recipe;
  std::string reference_recipe;
  std::string run_key;
  std::string reference_run_key;
  std::uint64_t n = 0;
  Estimate raw_difference;
  Estimate residual_difference;
  double margin = 0.0;
  SizeWord size = SizeWord::kUndetermined;            // of residual_difference: negligible means equivalent
  EvidenceWord evidence = EvidenceWord::kUnresolved;  // kDirectional when the interval excludes 0
  // The reference's temperatures on the candidate's logits.
  double reused_temperature_a = 1.0;
  double reused_temperature_b = 1.0;
  double ece_reused = 0.0;
  Estimate reuse_cost;  // ece_reused minus the candidate's own residual
  SizeWord reuse_size = SizeWord::kUndetermined;
  double reuse_cost_nats = 0.0;  // negative log-likelihood at reused minus at own cross-fitted temperatures
  std::vector<GateChange> gates;
};

}  // namespace quantier
