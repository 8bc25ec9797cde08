// The rule of choice, once, for the numbers observed and for every replicate of them.
//
//   1. of those that pass every hard limit, those that miss the fewest soft ones;
//   2. the objectives in order, each keeping what ties with the best. Quality: a paired interval ties when it
//      holds 0 or lies inside the margin, a difference without interval when it lies inside the margin. Of
//      tied configurations those with an established loss in a tier go while one without remains: they are
//      not equal in quality, whatever their macro-F1. Costs tie inside their margin, or when the interval of
//      the difference of two resampled costs holds 0;
//   3. what still ties is ordered by the tie rule of the envelope, then by name.
// A value that is not known never wins an objective, and is never dropped by one that nobody knows.
//
// In a replicate the paired interval keeps its width and moves with the difference; established losses are
// those of the data observed.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "quantier/decide/decision.h"

namespace quantier::decide_internal {

inline constexpr std::size_t kObjectives = 4;

// values[objective][candidate]; NaN: unknown.
struct RuleValues {
  std::array<std::vector<double>, kObjectives> of;
  std::vector<std::size_t> soft_missed;  // [candidate], or empty
};

[[nodiscard]] RuleValues observed_values(const std::vector<Candidate>& candidates);

struct Choice {
  std::optional<std::size_t> chosen;
  std::vector<ChoiceStep> steps;
  std::vector<std::size_t> tied;
};

class Rule {
 public:
  Rule(const std::vector<Candidate>& candidates, const std::vector<QualityDifference>& differences,
       const Envelope& envelope, const MetricReplicates* replicates = nullptr);

  // -1: a is worse, 0: tied, 1: a is better.
  [[nodiscard]] int compare(Objective objective, const RuleValues& values, std::size_t a,
                            std::size_t b) const;

  // `eligible` are indices of candidates that pass every hard limit.
  [[nodiscard]] Choice explain(std::vector<std::size_t> eligible, const RuleValues& values) const;
  // The same without the story. `eligible` is used up.
  [[nodiscard]] std::optional<std::size_t> choose(std::vector<std::size_t>& eligible,
                                                  const RuleValues& values) const;

 private:
  void run(std::vector<std::size_t>& left, const RuleValues& values, Choice* story) const;
  void keep_quality(std::vector<std::size_t>& left, const RuleValues& values, Choice* story) const;
  void keep_cost(Objective objective, std::vector<std::size_t>& left, const RuleValues& values,
                 Choice* story) const;
  [[nodiscard]] bool before(std::size_t a, std::size_t b, const RuleValues& values) const;

  std::size_t count_ = 0;
  std::vector<Objective> order_;
  Margins margins_;
  TieRule tie_rule_;
  std::vector<std::uint8_t> lossy_;
  std::vector<std::size_t> name_rank_;
  // Ends of the interval of a - b, less the difference observed; NaN: no interval. [a * count + b]
  struct Ends {
    double low, high;
  };
  std::vector<Ends> quality_;
  std::vector<Ends> latency_;
};

}  // namespace quantier::decide_internal
