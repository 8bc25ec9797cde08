// The envelope a choice has to fit: hard limits, the margins inside which two numbers count as equal, the
// order of the objectives, and what was recommended before.
//
// What is not set does not constrain. Units: milliseconds per example, bytes, fractions (0..1) for macro-F1,
// ECE and accuracy. A value exactly at its limit passes.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace quantier {

enum class Objective { kQuality, kLatency, kMemory };

// "quality", "latency", "memory".
[[nodiscard]] inline const char* objective_name(Objective objective) {
  switch (objective) {
    case Objective::kQuality:
      return "quality";
    case Objective::kLatency:
      return "latency";
    case Objective::kMemory:
      return "memory";
  }
  return "unknown";
}

// Differences up to the margin are not worth a change of mind. Used when no paired interval is known, and to
// mark values that sit so near a limit that a second measurement could turn them over.
struct Margins {
  double macro_f1 = 0.010;         // absolute; also for tier accuracies
  double latency_fraction = 0.05;  // of the larger value
  double memory_fraction = 0.02;   // of the larger value
  double ece = 0.005;              // absolute
};

struct TierFloor {
  std::string tier;
  double accuracy_min = 0.0;
};

// The recommendation that stood before this evidence; an empty `model` means there was none.
struct Prior {
  std::string text;    // as its author wrote it
  std::string model;   // "decoder"
  std::string recipe;  // "fp16"; empty: the model was recommended at no particular precision
  std::string why;     // "its F1 is higher"
};

struct Envelope {
  std::string device;  // free text: "one NVIDIA T4 (16 GB)"

  // Sustained rate, taken as <= 1000 / rate ms per example in batches; with max_ms_per_example the tighter
  // of the two holds. latency_protocol names the protocol whose number is compared, empty for the first.
  std::optional<double> requests_per_second;
  std::optional<double> max_ms_per_example;
  std::string latency_protocol;

  std::optional<double> macro_f1_min;
  std::optional<double>
      ece_max;  // on the cross-fitted ECE, never on the one fitted and read on the same rows
  std::optional<double> memory_max_bytes;
  std::string memory_definition;  // "weights", "allocator_peak", "process_peak"; empty for the first
  std::vector<TierFloor> tier_floors;

  Margins margins;
  std::vector<Objective> order = {Objective::kQuality, Objective::kLatency, Objective::kMemory};
  Prior prior;
};

}  // namespace quantier
