// What happens as bounds move: breakpoints of the choice, relaxations, and the envelopes of one
// configuration.
#pragma once

#include "quantier/decide/decision.h"
#include "quantier/decide/rule.h"

namespace quantier::decide_internal {

// Everything that a choice under other limits needs.
struct Problem {
  const Decision& decision;
  const Rule& rule;
  RuleValues values;
};
[[nodiscard]] Problem problem_of(const Decision& decision, const Rule& rule);

// The choice with limit `c` at another number. nullopt as `c`: as it stands.
[[nodiscard]] std::optional<std::size_t> choice_at(const Problem& problem, std::optional<std::size_t> c,
                                                   double limit);

// Ranges of one limit with the others as they stand.
[[nodiscard]] Breakpoints breakpoints_of(const Problem& problem, std::size_t c);

// Fills relaxations, ConstraintSummary::binding, breakpoints, minimal_relaxation, recommended_relaxation.
void add_bounds(Decision& decision, const Rule& rule);

}  // namespace quantier::decide_internal
