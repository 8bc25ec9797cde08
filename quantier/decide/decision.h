// The choice under an envelope, with everything that led to it as data.
//
// decide_candidates() is pure: no files, no clock, no randomness. It never invents a number: a value nobody
// measured is "unknown", and a configuration with an unknown on a hard limit is not eligible. The note
// formats what stands here and computes nothing of its own.
//
// Rule of choice: among the configurations that pass every limit, the objectives are taken in order. Quality
// keeps those tied with the best macro-F1 (paired interval holds 0, or the difference is within the margin),
// and of these drops those with an established accuracy loss in a tier while one without remains; latency and
// memory keep those within their margin of the best. What is left is ordered by the raw numbers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/decide/envelope.h"

namespace quantier {

// One measured configuration, reduced to what a choice needs. Non-finite values count as unknown.
struct Candidate {
  std::string name;     // "encoder fp16", unique
  std::string model;    // "encoder"
  std::string recipe;   // "fp16"
  std::string run_key;  // of the run behind the numbers
  std::optional<double> macro_f1;
  std::optional<double> ms_per_example;  // under Envelope::latency_protocol
  std::optional<double> memory_bytes;    // by Envelope::memory_definition
  std::optional<double> ece;             // after temperature, cross-fitted
  struct Tier {
    std::string name;
    double accuracy = 0.0;
  };
  std::vector<Tier> tiers;
  std::vector<std::string> established_losses;  // tiers in which accuracy fell, verdict `established`
};

// Paired interval of macro-F1(first) - macro-F1(second).
struct QualityDifference {
  std::string first;
  std::string second;
  double difference = 0.0;
  double low = 0.0;
  double high = 0.0;
};

enum class CheckOutcome { kPass, kFail, kUnknown };
enum class ConstraintKind { kLatency, kMacroF1, kEce, kMemory, kTierAccuracy };

struct Constraint {
  ConstraintKind kind = ConstraintKind::kLatency;
  std::string tier;  // for kTierAccuracy
  double limit = 0.0;
  bool upper = true;  // value <= limit; otherwise value >= limit
  std::string basis;  // where the limit comes from: "100 requests/s", "max_ms_per_example"
};

struct Check {
  CheckOutcome outcome = CheckOutcome::kUnknown;
  std::optional<double> value;
  double headroom = 0.0;           // in the unit of the value; negative: short by so much
  double headroom_fraction = 0.0;  // of the limit; 0 when the limit is 0
  bool within_margin = false;      // so near the limit that another measurement may turn it over
};

struct CandidateChecks {
  std::vector<Check> checks;  // one per Decision::constraints
  bool viable = false;        // every check passed
};

struct ConstraintSummary {
  std::vector<std::size_t> failed_by;  // candidates
  std::vector<std::size_t> unknown_for;
  bool binds = false;  // somebody fails it
};

enum class FrontierCost { kLatency, kMemory };
enum class FrontierStatus {
  kMember,
  kMemberByTie,  // on the line only by a difference inside the margin; `by` ties with it and is better on the
                 // other axis
  kTied,         // beaten, but inside the margin on both axes
  kDominated,    // `by` is no worse on both axes and better on one beyond the margin
  kNotMeasured,
};

struct FrontierPoint {
  std::size_t candidate = 0;
  FrontierStatus status = FrontierStatus::kNotMeasured;
  std::optional<std::size_t> by;
  double macro_f1 = 0.0;
  double cost = 0.0;  // ms per example or bytes
};

struct Frontier {
  FrontierCost cost = FrontierCost::kLatency;
  std::vector<FrontierPoint> points;  // one per candidate, same order
};

// One step of the choice: who was still in, and who left for whose sake.
struct ChoiceStep {
  enum class Kind { kLimits, kQualityTie, kEstablishedLoss, kLatency, kMemory, kRawOrder };
  Kind kind = Kind::kLimits;
  std::vector<std::size_t> kept;
  std::vector<std::size_t> dropped;
  std::optional<std::size_t> reference;  // the best one that the others were compared with
};

// What one relaxed limit would do, the others unchanged.
struct Relaxation {
  std::size_t constraint = 0;
  double new_limit = 0.0;
  double change = 0.0;  // |new_limit - limit|
  std::vector<std::size_t> becomes_viable;
  std::optional<std::size_t> winner;
  bool changes_choice = false;
};

// What one configuration lacks, for the case that nothing passes.
struct Shortfall {
  std::size_t candidate = 0;
  struct Part {
    std::size_t constraint = 0;
    double new_limit = 0.0;
    double fraction = 0.0;  // of the limit
  };
  std::vector<Part> parts;
  double largest_fraction = 0.0;
};

enum class PriorOutcome { kNone, kReinforced, kComplicated, kOverturned, kUndecided };

struct PriorFinding {
  enum class Kind {
    kFailsConstraint,
    kUnknownConstraint,
    kLosesQuality,
    kEstablishedLoss,
    kSlower,
    kLarger,
    kChosen,
    kOtherRecipe,
    kNotMeasured
  };
  Kind kind = Kind::kNotMeasured;
  std::optional<std::size_t> candidate;
  std::optional<std::size_t> constraint;
};

struct PriorRevisit {
  PriorOutcome outcome = PriorOutcome::kNone;
  std::vector<PriorFinding> findings;
};

// One model ahead of another on macro-F1, memory and latency at once, each beyond its margin: `by` is a
// configuration that beats every one of the loser's (absent when there is none), `at_every_recipe` says that
// each recipe that both have beats the loser's own.
struct CleanSweep {
  std::string winner_model;
  std::string loser_model;
  std::optional<std::size_t> by;
  bool at_every_recipe = false;
};

struct Decision {
  Envelope envelope;
  std::vector<Candidate> candidates;
  std::vector<Constraint> constraints;
  std::vector<CandidateChecks> checks;       // one per candidate
  std::vector<ConstraintSummary> summaries;  // one per constraint
  std::optional<std::size_t> tightest;       // constraint with the least headroom for the chosen one
  Frontier latency_frontier;
  Frontier memory_frontier;
  std::optional<std::size_t> chosen;
  std::optional<std::size_t> runner_up;
  std::vector<ChoiceStep> steps;
  std::vector<std::size_t> tied_with_chosen;  // equal inside every margin; the raw numbers decided
  std::vector<Relaxation> relaxations;
  std::optional<Shortfall> minimal_relaxation;  // only when nothing passes and everything needed is known
  PriorRevisit prior;
  std::vector<CleanSweep> sweeps;
};

// kUsage for an empty or ambiguous list of candidates and for limits or margins that cannot mean anything.
[[nodiscard]] Result<Decision> decide_candidates(std::vector<Candidate> candidates,
                                                 const std::vector<QualityDifference>& differences,
                                                 const Envelope& envelope);

[[nodiscard]] const char* constraint_kind_name(ConstraintKind kind);

}  // namespace quantier
