// What the statistics say class by class, and what an average over classes hides. Plain data, read with
// analysis.h.
//
// All of it is exploratory: no word of the declared comparisons depends on it. Differences are candidate
// minus reference. Classes are given by id; Analysis::label_names has their names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quantier/stats/estimators/flips.h"
#include "quantier/stats/estimators/interval.h"
#include "quantier/stats/estimators/verdict.h"

namespace quantier {

struct ClassQuality {
  std::int32_t label_id = 0;
  std::uint64_t n = 0;  // examples of the class
  std::uint64_t predicted = 0;
  std::uint64_t hits = 0;
  std::optional<double> accuracy;       // hits / n; absent without examples
  std::optional<double> f1;             // absent for a class that is neither true nor predicted
  std::optional<Interval> f1_interval;  // percentile bootstrap; absent without examples
};

// How little macro-F1 rests on: classes with at most so many examples, and their share of its variance.
struct SupportShare {
  std::uint64_t at_most = 0;  // 1, 2, 4
  std::uint64_t classes = 0;
  std::uint64_t examples = 0;
  double weight = 0.0;                   // share of the mean: classes / classes with support
  std::optional<double> variance_share;  // sum of cov(F1 of the class, macro-F1) / variance; absent when 0
};

// Errors by tier: examples of a tier (row) whose wrong answer lies in a tier (column). The last row and
// column stand for classes in no tier, the column also for "no answer".
struct ErrorLanding {
  std::vector<std::vector<std::uint64_t>> errors;
};

// Answers that moved, by tier: from the tier of the reference's answer (row) to that of the candidate's
// (column). The last row and column stand for classes in no tier and for "no answer". Each matrix adds up to
// the flips of its direction.
struct FlipLanding {
  std::vector<std::vector<std::uint64_t>> right_to_wrong;
  std::vector<std::vector<std::uint64_t>> wrong_to_right;
  std::vector<std::vector<std::uint64_t>> wrong_to_wrong;  // from one wrong class to another
};

struct ClassDifference {
  std::int32_t label_id = 0;
  std::uint64_t n = 0;
  double f1_reference = 0.0;
  double f1_candidate = 0.0;
  double f1_difference = 0.0;
  Interval f1_interval;  // paired percentile bootstrap
  FlipCounts flips;      // of the examples of the class
  double mcnemar_mid_p = 1.0;
  double holm_p = 1.0;  // over the classes with examples of this comparison
};

// A label taken for another, before and after.
struct ConfusedPair {
  std::int32_t label_id = 0;
  std::int32_t answer_id = 0;
  std::uint64_t reference = 0;
  std::uint64_t candidate = 0;
};

struct TierF1Difference {
  std::string tier;  // "all" or a tier
  double reference = 0.0;
  double candidate = 0.0;
  Estimate difference;  // paired percentile bootstrap
};

struct ClassComparison {
  std::string model;
  std::string recipe;
  std::string reference_recipe;
  std::string run_key;
  std::string reference_run_key;
  std::vector<TierF1Difference> macro_f1;  // "all", then the tiers with examples
  std::vector<ClassDifference> classes;    // classes with examples, by id
  std::vector<std::int32_t> fell_to_zero;  // F1 above 0 in the reference, 0 in the candidate
  std::vector<std::int32_t> rose_from_zero;
  std::vector<ConfusedPair> confused;  // the ten most frequent of either, by the larger count
  FlipLanding flip_landing;
};

enum class AggregateWord : std::uint8_t { kUnmoved, kRose, kFell };  // unmoved: the interval holds 0
[[nodiscard]] const char* aggregate_word_name(AggregateWord word);

// Macro-F1 says one thing, tiers or classes another.
struct HiddenFinding {
  std::string model;
  std::string recipe;
  std::string reference_recipe;
  AggregateWord macro_f1 = AggregateWord::kUnmoved;
  Estimate macro_f1_difference;
  double accuracy_difference = 0.0;
  // Macro-F1 did not fall, and something below did; or it fell, and something rose.
  bool hides = false;
  std::vector<std::size_t> comparisons;  // into Analysis::comparisons: tiers resolved against the aggregate
  std::vector<std::int32_t> classes;     // Holm p < 0.05 over the classes, against the aggregate
};

struct MarginDecile {
  std::uint64_t n = 0;
  double lowest_margin = 0.0;  // reference: largest minus second largest logit
  double highest_margin = 0.0;
  double accuracy_reference = 0.0;
  double delta = 0.0;
  FlipCounts flips;
};

// The answers of which both runs together were less sure, or surer: what unsure_minus_sure is computed from.
struct MarginHalf {
  std::uint64_t n = 0;
  FlipCounts flips;
};

enum class WeaknessWord : std::uint8_t { kConcentratedInWeak, kConcentratedInStrong, kUnresolved };
[[nodiscard]] const char* weakness_word_name(WeaknessWord word);

// Is damage concentrated where the reference was weak already? (Lee et al. 2025 for the question.)
struct WeaknessFinding {
  std::string model;
  std::string recipe;
  std::string reference_recipe;
  // By the reference's margin, ascending, over examples with finite logits in the reference. A description:
  // see unsure_minus_sure for why no word comes from it.
  std::vector<MarginDecile> deciles;
  // Delta of the half of which both runs together were less sure (sum of the ranks of their margins) minus
  // delta of the other half: negative means that the unsure half loses more. Not by the reference's margin
  // alone, as the deciles are: examples picked by the noise of one run fall back to the mean in the other,
  // and a recipe that only redraws answers would seem to hurt what was sure. Tango scores, MOVER. Absent with
  // fewer than 20 examples whose logits are finite in both runs.
  std::vector<MarginHalf>
      margin_halves;  // the less sure half, the surer half; empty with unsure_minus_sure absent
  std::optional<Estimate> unsure_minus_sure;
  WeaknessWord by_margin = WeaknessWord::kUnresolved;
  // Change of a class's delta for one unit of its accuracy in the reference: positive means that weak classes
  // lose more. Base accuracy and delta come from different halves of the examples (even and odd positions,
  // both ways), because the same noise in both would make every recipe look as if it hurt the strong.
  // Weighted least squares; class-clustered bootstrap, percentiles expanded for few classes that changed. A
  // description: no word comes from it, because in a simulation without any effect (40 classes of 100, three
  // answers in ten redrawn) the interval excluded 0 in 28 of 400 trials, and a word may be wrong 5 times in
  // 100. Absent with fewer than 8 classes in both halves.
  std::optional<Estimate> delta_per_base_accuracy;
};

}  // namespace quantier
