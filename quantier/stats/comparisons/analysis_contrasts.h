// What the statistics say beyond "candidate against reference in a tier": groups of examples that were not
// planned, contrasts between comparisons, the shape of a loss. Plain data, read with analysis.h.
//
// Everything here was added after the declared family (Analysis::comparisons) and is marked exploratory: its
// p-values are adjusted among themselves (Holm), and never change the words of the declared comparisons.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quantier/stats/estimators/flips.h"
#include "quantier/stats/estimators/interval.h"
#include "quantier/stats/estimators/verdict.h"

namespace quantier {

enum class ContrastKind : std::uint8_t {
  kTierAgainstTier,      // the same recipe, two tiers
  kRecipeAgainstRecipe,  // the same model and tier, two recipes other than the reference
  kModelAgainstModel,    // the same recipe and tier, two models
  kClassAgainstTier,     // a named class against the other classes of its tier
};
[[nodiscard]] const char* contrast_kind_name(ContrastKind kind);  // "tier against tier", ...

// One side: what a recipe did to accuracy, against the same model's reference, on some of the examples.
struct ContrastSide {
  std::string model;
  std::string recipe;
  std::string part;  // "all", a tier, or a class
  std::uint64_t n = 0;
  double delta = 0.0;
  FlipCounts flips;  // against the reference
};

// delta(a) - delta(b). Disjoint examples: the intervals of both sides combined (MOVER: Zou, Donner,
// "Construction of confidence limits about effect measures", Statistics in Medicine 2008). The same examples
// and two models: the same with their correlation. The same examples and two recipes: b against a directly,
// Tango's interval and McNemar's mid-p. p of the others: the level at which the interval reaches 0.
struct Contrast {
  ContrastKind kind = ContrastKind::kTierAgainstTier;
  ContrastSide a;
  ContrastSide b;
  double difference = 0.0;
  Interval interval;
  std::optional<FlipCounts> direct_flips;  // b to a, where both answered the same examples for the same model
  double p = 1.0;
  double holm_p = 1.0;       // over Analysis::contrasts
  double replication = 0.0;  // posterior predictive, normal: Phi((z - 1.96) / sqrt 2)
  EvidenceWord evidence = EvidenceWord::kUnresolved;
  SizeWord size = SizeWord::kUndetermined;
};

// Did two recipes hurt the same model in proportion, tier by tier?
enum class ShapeWord : std::uint8_t {
  kNoDamage,      // no tier of either is resolved
  kOnlyOne,       // only one of the two has a resolved tier
  kProportional,  // a common factor is not refuted
  kAnotherShape,  // a common factor is refuted (p < 0.05)
};
[[nodiscard]] const char* shape_word_name(ShapeWord word);

struct ShapeComparison {
  std::string model;
  std::string recipe_a;
  std::string recipe_b;
  ShapeWord word = ShapeWord::kNoDamage;
  std::optional<double> factor;  // deltas of a = factor x deltas of b, weighted by what is known of each
  std::optional<double> p;       // of a common factor; chi-square with tiers - 1 degrees
  std::uint32_t degrees = 0;
};

// Where a recipe moved a model, for one sentence.
enum class DamagePattern : std::uint8_t {
  kNoneResolved,  // nothing is told apart from 0
  kOverallOnly,   // over all examples, but in no tier
  kEveryTier,     // all tiers with examples lost
  kSomeTiers,     // some tiers lost, none gained
  kMixed,         // some lost and some gained
  kGains,         // only gains
};
[[nodiscard]] const char* damage_pattern_name(DamagePattern pattern);

struct PatternFinding {
  std::string model;
  std::string recipe;
  std::string reference_recipe;
  DamagePattern pattern = DamagePattern::kNoneResolved;
  EvidenceWord strongest = EvidenceWord::kUnresolved;  // over the tiers named, or over all examples
  std::vector<std::string> lost;                       // tiers with resolved losses
  std::vector<std::string> gained;                     // tiers with resolved gains
  std::vector<std::string> unresolved;                 // the others
  // "head, not tail" needs more than one resolved and one unresolved tier: a contrast between a tier named
  // and one not named (or of the other sign) whose interval excludes 0.
  bool contrast_resolved = false;
};

}  // namespace quantier
