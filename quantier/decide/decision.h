// The choice under an envelope, with everything that led to it as data.
//
// decide_candidates() is pure: no files, no clock, no randomness. It never invents a number: a value nobody
// measured is "unknown", and a configuration with an unknown on a hard limit is not eligible. The note
// formats what stands here and computes nothing of its own.
//
// Rule of choice (rule.h): among the configurations that pass every hard limit, those that miss the fewest
// soft ones; then the objectives in order. With replicates of the metrics (replicates.h) every limit has a
// probability of being met and the choice one of being made again; without, both are absent.
//
// Words: a limit is *violated* by a configuration that fails it; *tight* for the choice when it is the one
// nearest to being failed, in units of its own uncertainty; *binding* when relaxing it alone changes the
// choice.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/thread_pool.h"
#include "quantier/decide/envelope.h"
#include "quantier/decide/replicates.h"
#include "quantier/stats/estimators/interval.h"

namespace quantier {

// A number of the registry with the interval that its own estimator gives it, where there is one.
struct MetricValue {
  double value = 0.0;
  std::optional<Interval> interval = {};
  std::uint64_t n = 0;
};

// Accuracy of one tier against the reference recipe of the same model: what an average hides.
struct TierChange {
  std::string tier;
  std::uint64_t n = 0;
  double delta = 0.0;
  double low = 0.0;  // 95 % interval
  double high = 0.0;
  std::uint64_t lost = 0;    // right -> wrong
  std::uint64_t gained = 0;  // wrong -> right
  std::string verdict;       // "established", "directional", "unresolved"
};

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
  // By Metric::key(): every metric beyond the fields above, and intervals of those.
  std::map<std::string, MetricValue> values = {};
  std::string reference = {};  // recipe that tier_changes compare with
  std::vector<TierChange> tier_changes = {};
  // By Metric::key(): why there is no value although something was measured, and what to run.
  std::map<std::string, std::string> missing = {};
  std::string evidence_set = {};  // identifies examples and labels; empty when nobody knows. Never mixed.
};

// The field of the common metrics, else the entry under its key; nullopt for absent and for non-finite.
[[nodiscard]] std::optional<MetricValue> metric_value(const Candidate& candidate, const Metric& metric);

// Paired interval of macro-F1(first) - macro-F1(second).
struct QualityDifference {
  std::string first;
  std::string second;
  double difference = 0.0;
  double low = 0.0;
  double high = 0.0;
};

enum class CheckOutcome { kPass, kFail, kUnknown };
using ConstraintKind = MetricKind;

struct Constraint {
  ConstraintKind kind = ConstraintKind::kLatency;
  std::string tier;  // or class, where the metric has one
  double limit = 0.0;
  bool upper = true;  // value <= limit; otherwise value >= limit
  std::string basis;  // where the limit comes from: "100 requests/s", "max_ms_per_example"
  bool hard = true;
  Metric metric = {};  // of which `kind` and `tier` are a part
  // Set: the value is this configuration minus that one (less-is-better metrics: that one minus this one),
  // and it must be >= limit, which is minus the margin.
  std::optional<std::size_t> no_worse_than = {};
};

struct Check {
  CheckOutcome outcome = CheckOutcome::kUnknown;
  std::optional<double> value;
  double headroom = 0.0;           // in the unit of the value; negative: short by so much
  double headroom_fraction = 0.0;  // of the limit; 0 when the limit is 0
  bool within_margin = false;      // so near the limit that another measurement may turn it over
  std::optional<Interval> interval = {};
  std::optional<double> probability = {};  // of meeting the limit on resampled data
  // Headroom in units of the value's own uncertainty: standard errors, or margins where nothing was
  // resampled.
  std::optional<double> distance = {};
  bool distance_in_margins = false;
  std::string why = {};  // for kUnknown: what is missing, and what to run
};

struct CandidateChecks {
  std::vector<Check> checks;  // one per Decision::constraints
  bool viable = false;        // every hard check passed
  std::size_t soft_missed = 0;
  std::optional<double> probability = {};  // of passing every hard limit at once, on resampled data
};

struct ConstraintSummary {
  std::vector<std::size_t> failed_by;  // candidates
  std::vector<std::size_t> unknown_for;
  bool binds = false;    // somebody fails it: violated
  bool binding = false;  // relaxing it alone changes the choice
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
  enum class Kind { kLimits, kSoftLimits, kQualityTie, kEstablishedLoss, kLatency, kMemory, kEce, kRawOrder };
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

// Two configurations that a claim compares. `order`: 1 the claimed one is better, -1 worse, 0 a tie by the
// paired interval or inside the margin.
struct ClaimPair {
  std::size_t better = 0;
  std::size_t than = 0;
  double value_better = 0.0;
  double value_than = 0.0;
  int order = 0;
  std::optional<QualityDifference> paired = {};  // of macro-F1, `better` minus `than`
};

// Reinforced: better in every pair; overturned: worse in every pair; complicated: anything else that was
// measured; undecided: no pair has both values.
struct PriorClaimFinding {
  std::size_t claim = 0;  // into Prior::claims
  PriorOutcome outcome = PriorOutcome::kUndecided;
  std::vector<ClaimPair> pairs;
};

struct PriorRevisit {
  PriorOutcome outcome = PriorOutcome::kNone;
  std::vector<PriorFinding> findings;
  std::vector<PriorClaimFinding> claims = {};
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

// The choice as one bound moves and the others stand: ascending, without gaps between finite ends. An upper
// bound b lies in a range when from <= b < to, a lower one when from < b <= to.
struct BoundRange {
  double from = 0.0;  // may be -infinity
  double to = 0.0;    // may be infinity
  std::optional<std::size_t> winner;
};

struct Breakpoints {
  std::size_t constraint = 0;
  std::vector<BoundRange> ranges;
};

// How often resampled data lead to the same choice under the same envelope and rule.
struct Stability {
  std::size_t replicates = 0;
  double same_choice = 0.0;          // the share that chooses what was chosen
  std::vector<double> chosen_share;  // [candidate]
  double nothing_share = 0.0;        // nothing passes
};

// The macro-F1 of the choice without what it owes to having been picked among several: the lead of each
// replicate's own choice over the mean of all, where it was picked and on the examples that its replicate did
// not draw. The difference is the optimism, taken at 0.632: picking on resampled data adds the noise of the
// resampling to that of the sample, so the out-of-bag reading alone corrects too much. (Efron, "Estimating
// the error rate of a prediction rule: improvement on cross-validation", JASA 1983, section 6.)
struct SelectionCorrection {
  double optimism = 0.0;
  double corrected = 0.0;
  std::size_t replicates = 0;  // those that chose something
  std::size_t among = 0;       // configurations that were ever chosen
};

// The configurations on a split that took no part in the choice (held_out.h).
struct HeldOut {
  std::string selected_on;  // names of the splits
  std::string reported_on;
  std::uint64_t selection_examples = 0;
  std::uint64_t examples = 0;  // of the held-out split
  struct Row {
    std::string run_key;
    std::optional<MetricValue> macro_f1 = {};
    std::optional<MetricValue> ece = {};
    std::vector<Check> checks =
        {};  // one per Decision::constraints; time, memory and rates as measured before
    bool viable = false;
  };
  std::vector<Row> rows;                         // one per candidate
  std::optional<std::size_t> would_choose = {};  // by the same rule and limits
};

// What somebody would choose who reads less of the evidence.
struct NaiveChoice {
  std::optional<std::size_t> chosen;
  std::vector<std::size_t> violates;      // limits that it fails or has no evidence for
  std::optional<QualityDifference> lead;  // over the choice, with its paired interval where there is one
  bool tie = false;                       // the lead is no difference by the rule
  std::optional<TierChange> hidden;       // the tier that loses most while macro-F1 does not show it
};

// A temperature that others fitted and the converged one disagree about the limit on ECE.
struct TemperatureConflict {
  std::vector<std::size_t> fails_only_reported;
  std::vector<std::size_t> fails_only_converged;
  std::optional<std::size_t> chosen_at_reported;
  NaiveChoice by_points_at_reported;
};

enum class AxisStatus { kMember, kTied, kDominated, kNotMeasured };

struct AxisPoint {
  AxisStatus status = AxisStatus::kNotMeasured;
  std::vector<double> values;             // [axis]
  std::vector<std::size_t> dominated_by;  // no worse on every axis, better on one beyond its tie
  std::vector<std::size_t>
      tied_with;                     // no worse on every axis by the raw numbers, better on none that counts
  std::optional<double> membership;  // share of the replicates in which nobody dominates it
};

// The frontier over two axes or more. Being first on one axis makes a member, not a winner.
struct AxisFrontier {
  std::vector<Metric> axes;
  std::vector<AxisPoint> points;                 // [candidate]
  std::vector<std::vector<std::size_t>> firsts;  // [axis]: best, and those that tie with it
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
  std::vector<QualityDifference> differences;
  // [objective][a * candidates + b]: -1 when a is worse than b, 0 tied, 1 better.
  std::array<std::vector<std::int8_t>, 4> comparisons;
  AxisFrontier frontier;
  std::vector<Breakpoints> breakpoints;               // of each limit that is a number
  std::optional<std::size_t> recommended_relaxation;  // into relaxations; only when nothing passes
  NaiveChoice by_macro_f1;                            // the highest macro-F1, limits unread
  NaiveChoice by_points;                              // the highest macro-F1 of those that pass
  std::optional<TemperatureConflict> temperature;
  // Of the replicates; absent without: then ties come from the margins alone, and nothing has a probability.
  std::size_t replicates = 0;
  std::optional<Stability> stability;
  std::optional<SelectionCorrection> selection;
  std::optional<HeldOut> held_out = {};  // then the choice is reported by it, and not by `selection`
};

struct DecideOptions {
  const MetricReplicates* replicates = nullptr;  // candidates in the same order
  ThreadPool* pool = nullptr;
};

// kUsage for an empty or ambiguous list of candidates and for limits or margins that cannot mean anything or
// contradict each other; kUserInput for configurations over different examples.
[[nodiscard]] Result<Decision> decide_candidates(std::vector<Candidate> candidates,
                                                 const std::vector<QualityDifference>& differences,
                                                 const Envelope& envelope, const DecideOptions& options = {});

// When would `candidate` be the choice?
struct WhenAnswer {
  std::size_t candidate = 0;
  bool is_choice = false;
  // One bound alone, the others as they stand: the ranges in which it is the choice.
  std::vector<Breakpoints> alone;
  // All bounds at once, where one alone does not do it or there is none: each as wide as it can be with the
  // others where they stand here. Empty when no envelope makes it the choice.
  struct Bound {
    Metric metric;
    bool upper = true;
    double from = 0.0;
    double to = 0.0;
  };
  std::vector<Bound> together;
  std::vector<std::size_t> loses_to;  // chosen instead of it in every envelope that lets it in
  std::vector<std::size_t> dominated_by;
};
// Errors: none; `candidate` is an index. `options` as for the decision.
[[nodiscard]] WhenAnswer when_chosen(const Decision& decision, std::size_t candidate,
                                     const DecideOptions& options = {});

// "latency", "macro-F1", ..., "tier accuracy"
[[nodiscard]] const char* constraint_kind_name(ConstraintKind kind);

}  // namespace quantier
