// What the evidence knows, flat: every number that a note may state, with everything that tells it from the
// others. Made by pipeline/ from an analysis and a decision; the audit knows nothing of where it comes from.
//
// Fractions are 0..1, time is milliseconds, memory bytes. An empty string means "not about one": a fact
// without a model is about all of them. A difference is `model recipe` minus `against_model against_recipe`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quantier/stats/estimators/verdict.h"

namespace quantier {

enum class FactUnit : std::uint8_t { kFraction, kMilliseconds, kBytes, kRatio, kCount, kPlain, kRate };
// kLimit: a bound that somebody declared. kStep: the value to which a bound would have to move.
enum class FactRole : std::uint8_t { kValue, kLow, kHigh, kLimit, kStep };
enum class FactSource : std::uint8_t { kMeasured, kStated, kModelled, kDeclared, kReported, kEarlier };

struct Fact {
  std::string id;      // as `quantier explain` names it where it can: "encoder/int4/tail/accuracy"
  std::string metric;  // a word of data/words.toml: "macro_f1", "accuracy_change", "ece", "latency", ...
  std::string model;
  std::string recipe;
  std::string against_model;
  std::string against_recipe;
  std::string tier;    // empty: all examples
  std::string label;   // a class
  std::string device;  // of a modelled number: the hardware; empty: that of the evidence
  // Of calibration: "raw", "in-sample", "held-out", "reported". Of quality, where a second split took no part
  // in the choice: "selected-on", "held-out"; without what the choice owes to having been picked:
  // "out-of-bag".
  std::string fit;
  FactRole role = FactRole::kValue;
  FactUnit unit = FactUnit::kFraction;
  FactSource source = FactSource::kMeasured;
  double value = 0.0;
  double monte_carlo_sd = 0.0;  // of a resampled number: what another seed may move it by
  bool difference = false;
};

// "encoder int4 tail, accuracy change -0.0249 (-2.49 points)", for a person.
[[nodiscard]] std::string fact_text(const Fact& fact);

// A comparison that carries a verdict.
struct AuditComparison {
  std::string model;
  std::string recipe;
  std::string tier;  // empty: all examples
  double delta = 0.0;
  EvidenceWord evidence = EvidenceWord::kUnresolved;
  SizeWord size = SizeWord::kUndetermined;
};

struct AuditLimit {
  std::string metric;
  std::string tier;
  double limit = 0.0;
  std::vector<std::string> failed_by;  // "encoder fp16"
};

// Who is the choice while one limit lies between two values and the others stand.
struct AuditRange {
  std::string metric;
  std::string tier;
  double from = 0.0;  // may be infinite, as `to`
  double to = 0.0;
  std::string winner;  // "encoder fp16"; empty: nothing passes
};

struct AuditConfiguration {
  std::string model;
  std::string recipe;
  bool dominated = false;  // on some frontier
  bool frontier = false;   // a member of some frontier, ties included
  bool chosen = false;
  std::optional<double> passes_share = {};  // of resampled data: that in which it meets every limit
  std::optional<double> chosen_share = {};
  [[nodiscard]] std::string display() const { return model + " " + recipe; }
};

struct AuditEvidence {
  std::vector<Fact> facts;
  std::vector<AuditConfiguration> configurations;
  std::vector<AuditComparison> comparisons;
  std::vector<AuditLimit> limits;
  std::vector<AuditRange> ranges;
  std::vector<std::string> models;
  std::vector<std::string> recipes;  // the reference first
  std::string reference_recipe;
  std::vector<std::string> tiers;
  std::vector<std::string> labels;  // the classes that are followed by name
  std::vector<std::string> all_labels;
  std::vector<std::string> devices;
  bool has_prior = false;
  std::string prior_model;
  bool has_earlier_calibration = false;
  std::string runner_up;  // "encoder int4"; empty: none is known
  // Of resampled data: that which leads to the same choice, and that in which nothing passes.
  std::optional<double> same_choice_share = {};
  std::optional<double> nothing_share = {};
  std::string source;  // "out/evidence.sqlite"
};

}  // namespace quantier
