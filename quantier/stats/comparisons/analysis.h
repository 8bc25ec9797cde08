// Everything the statistics say about a set of runs, as plain data: what the decision and the note read.
//
// Fractions are 0..1; differences are candidate minus reference; intervals are 95 % unless `level` says
// otherwise. Absent is std::nullopt, never 0: "not measured", "no such class in the split" and "too few
// samples" are answers. Which estimator made a number is said beside the number; the estimators and their
// sources are in stats/estimators/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quantier/record/measurement.h"
#include "quantier/stats/comparisons/analysis_calibration.h"
#include "quantier/stats/comparisons/analysis_classes.h"
#include "quantier/stats/comparisons/analysis_contrasts.h"
#include "quantier/stats/comparisons/analysis_samples.h"
#include "quantier/stats/estimators/flips.h"
#include "quantier/stats/estimators/interval.h"
#include "quantier/stats/estimators/temperature.h"
#include "quantier/stats/estimators/verdict.h"

namespace quantier {

struct TierQuality {
  std::string name;
  std::uint64_t n = 0;             // examples whose label lies in the tier
  std::uint64_t classes = 0;       // classes of the tier with at least one example
  std::optional<double> accuracy;  // absent when n == 0
  std::optional<double> macro_f1;  // mean over those classes of the F1 on the whole split
  std::optional<Interval> macro_f1_interval = std::nullopt;  // percentile bootstrap
};

struct Quality {
  std::uint64_t n = 0;
  std::uint64_t classes_with_support = 0;
  double accuracy = 0.0;
  // Over the classes with at least one true example in the split: the one for differences and limits.
  double macro_f1 = 0.0;
  std::optional<Interval> macro_f1_interval;  // percentile bootstrap
  double macro_f1_bias = 0.0;                 // mean of the replicates minus macro_f1
  // Over the classes present in labels or predictions, as scikit-learn does: for comparison, never
  // subtracted.
  double macro_f1_sklearn = 0.0;
  bool macro_f1_differ = false;  // by more than 0.001: say so
  // Mean over the examples with finite logits, in nats, without temperature; absent when there is none.
  std::optional<double> negative_log_likelihood;
  std::vector<TierQuality> tiers;
};

// Milliseconds per example of one protocol, over its samples without warm-ups.
struct LatencySummary {
  TimingProtocol protocol = TimingProtocol::kThroughput;
  std::uint64_t samples = 0;
  std::uint64_t examples = 0;    // over all samples
  std::uint32_t batch_size = 0;  // the smallest, where memory forced some to be smaller
  double median_ms = 0.0;
  double min_ms = 0.0;
  double max_ms = 0.0;
  std::optional<Interval> median_interval;  // order statistics; absent with fewer than 6 samples
  std::optional<double> p50_ms;             // absent when too few samples stand beyond the quantile
  std::optional<double> p95_ms;
  std::optional<double> p99_ms;
  std::optional<double> tokenize_fraction;  // of the wall time
};

struct NamedClass {
  std::string label;
  std::int32_t label_id = 0;
  std::string tier;  // empty without tiers
  std::uint64_t n = 0;
  std::optional<double> accuracy;
  std::optional<Interval> accuracy_interval;  // Wilson score; absent without examples
  std::optional<double> mean_probability_true;
};

struct ConfigurationFindings {
  std::string model;
  std::string recipe;
  std::string device;
  std::string run_key;
  std::uint32_t requested_batch_size = 0;
  std::uint32_t effective_batch_size = 0;
  Quality quality;
  std::optional<Calibration> calibration;  // absent when no example has finite logits
  std::vector<LatencySummary> latency;     // one per protocol that was timed
  std::optional<MemoryRecord> memory;      // absent when nothing was recorded
  std::vector<NamedClass> named_classes;
  // Absent with fewer than 20 examples in a half, or without calibration replicates.
  std::optional<TemperatureGeneralisation> generalisation;
  std::optional<Interval> temperature_interval;
  std::vector<TemperatureReading> temperature_readings;  // reported and reproduced ones
  std::vector<ClassQuality> classes;                     // every class, by id
  std::vector<SupportShare> support;                     // classes with at most 1, 2, 4 examples
  ErrorLanding error_landing;

  [[nodiscard]] std::string display() const { return model + " " + recipe; }
};

// Would it survive another split? Over all ways to cut these examples into halves; shown beside, never part
// of a verdict.
struct HalfSplitFinding {
  double same_sign_in_both = 0.0;          // share of the cuts whose halves both show the sign of the whole
  double half_reaches_significance = 0.0;  // share of the halves that show it with mid-p < 0.05
};

// The same comparison on a real second split.
struct SecondSplitFinding {
  std::string split;
  std::uint64_t n = 0;
  double delta = 0.0;
  FlipCounts flips;
  double mcnemar_mid_p = 1.0;
  bool repeats = false;  // the same sign with mid-p < 0.05
};

// Accuracy of a candidate against the same model's reference recipe, paired by example.
struct TierComparison {
  std::string model;
  std::string recipe;
  std::string reference_recipe;
  std::string tier;  // "all", or the name of a tier
  std::string run_key;
  std::string reference_run_key;
  std::uint64_t n = 0;
  std::uint64_t classes = 0;
  double accuracy_reference = 0.0;
  double accuracy_candidate = 0.0;
  double delta = 0.0;  // candidate minus reference
  Interval tango;      // carries verdicts, plots and limits
  std::optional<Interval> bootstrap;
  bool few_flips = false;  // fewer than 20 predictions changed between right and wrong
  FlipCounts flips;
  double mcnemar_mid_p = 1.0;
  double holm_p = 1.0;       // over Analysis::family_size comparisons
  double replication = 0.0;  // R
  EvidenceWord evidence = EvidenceWord::kUnresolved;
  SizeWord size = SizeWord::kUndetermined;
  double margin = 0.0;  // against which `size` was judged
  // Smallest net loss or gain, with the gross flips seen here, that would reach mid-p < 0.05 with a
  // probability of 0.8; absent when no difference of this split could.
  std::optional<double> minimal_detectable_effect;
  // Examples that would resolve what is unresolved, were the shares of flips as seen (mid-p < 0.05 with
  // probability 0.8); absent for what is resolved, and without a net difference.
  std::optional<std::uint64_t> n_to_resolve;
  std::optional<HalfSplitFinding> half_splits;     // absent without a net difference
  std::optional<Interval> class_clustered;         // whole classes resampled; absent with fewer than two
  std::optional<SecondSplitFinding> second_split;  // where given; `replication` is then 1 or 0
};

// A comparison over examples that were grouped otherwise than by tier: exploratory, never in the declared
// family.
struct GroupComparison {
  std::string column;   // "truncated", or the name of the grouping
  std::string group;    // "truncated", "whole", or a value of the column
  TierComparison cell;  // `tier` is "column = group"; holm_p is over Analysis::group_comparisons
};

// macro_f1(a) - macro_f1(b) on the same examples.
struct PairDifference {
  std::size_t a = 0;  // into Analysis::configurations
  std::size_t b = 0;
  double macro_f1_difference = 0.0;
  Interval interval;  // paired percentile bootstrap
  double bias = 0.0;  // mean of the replicates minus the difference
};

// How much logits move when the model does not change.
struct NoiseFloorFinding {
  std::string model;
  std::string recipe;
  std::string run_key;
  std::string what;  // "the same batches again", "batch 1 against batch 32"
  std::uint64_t n = 0;
  std::uint64_t flips = 0;
  double max_abs_logit_difference = 0.0;
};

struct Analysis {
  std::vector<ConfigurationFindings> configurations;  // in the order of the runs
  std::vector<TierComparison> comparisons;
  std::vector<PairDifference> pair_differences;  // every a < b
  std::vector<NoiseFloorFinding> noise_floor;
  std::vector<GroupComparison> group_comparisons;  // exploratory
  std::vector<Contrast> contrasts;                 // exploratory
  std::vector<ShapeComparison> shapes;             // two recipes of a model
  std::vector<PatternFinding> patterns;            // one for each candidate
  std::vector<ClassComparison> class_comparisons;  // one for each candidate, as the next two
  std::vector<HiddenFinding> hidden;
  std::vector<WeaknessFinding> weakness;
  std::vector<CalibrationComparison> calibration_comparisons;  // each candidate with its reference
  std::vector<SampleSpread> sample_spreads;  // of runs that were calibrated with other texts too
  std::vector<std::string> label_names;
  std::vector<std::string> tier_names;  // empty without tiers
  std::string split;
  std::string reference_recipe;
  std::optional<std::uint64_t> limit;  // set: every finding is about a sample
  std::uint64_t examples = 0;
  std::uint64_t family_size = 0;  // comparisons over which Holm's correction runs
  std::uint64_t seed = 0;
  std::uint32_t replicates = 0;
  std::uint32_t calibration_replicates = 0;
  std::vector<std::string> remarks;  // what could not be computed, and why
};

}  // namespace quantier
