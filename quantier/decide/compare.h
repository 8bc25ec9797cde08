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

[[nodiscard]] Frontier make_frontier(FrontierCost cost, const std::vector<Candidate>& candidates,
                                     const std::vector<QualityDifference>& differences,
                                     const Margins& margins);

[[nodiscard]] PriorRevisit revisit_prior(const Decision& decision,
                                         const std::vector<QualityDifference>& differences);

}  // namespace quantier::decide_internal
