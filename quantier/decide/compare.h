// When two numbers count as equal: the one place where margins and paired intervals are read.
#pragma once

#include <optional>
#include <vector>

#include "quantier/decide/decision.h"
#include "quantier/decide/envelope.h"

namespace quantier::decide_internal {

// -1: a is worse, 0: tied, 1: a is better. A paired interval decides where there is one.
[[nodiscard]] int compare_quality(const Candidate& a, const Candidate& b,
                                  const std::vector<QualityDifference>& differences, const Margins& margins);

// The same for a cost (less is better); `fraction` of the larger value is the margin.
[[nodiscard]] int compare_cost(double a, double b, double fraction);

// nullopt for absent and for non-finite values.
[[nodiscard]] std::optional<double> known(const std::optional<double>& value);

// Upper or lower limit with the tolerance of rounding in decimal input (1e-12 relative).
[[nodiscard]] bool satisfies(double value, double limit, bool upper);

[[nodiscard]] std::optional<double> constraint_value(const Candidate& candidate,
                                                     const Constraint& constraint);

[[nodiscard]] Frontier make_frontier(FrontierCost cost, const std::vector<Candidate>& candidates,
                                     const std::vector<QualityDifference>& differences,
                                     const Margins& margins);

struct Choice {
  std::optional<std::size_t> chosen;
  std::vector<ChoiceStep> steps;
  std::vector<std::size_t> tied;
};

// `eligible` are indices of candidates that pass every limit.
[[nodiscard]] Choice choose(const std::vector<std::size_t>& eligible,
                            const std::vector<Candidate>& candidates,
                            const std::vector<QualityDifference>& differences, const Envelope& envelope);

[[nodiscard]] PriorRevisit revisit_prior(const Decision& decision,
                                         const std::vector<QualityDifference>& differences);

}  // namespace quantier::decide_internal
