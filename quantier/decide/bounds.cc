#include "quantier/decide/bounds.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "quantier/decide/constraints.h"

namespace quantier::decide_internal {
namespace {

using Indices = std::vector<std::size_t>;

// Who passes with limit `c` at another number, and how many soft limits each misses.
Indices eligible_at(const Problem& problem, std::optional<std::size_t> c, double limit, RuleValues& values) {
  const Decision& decision = problem.decision;
  Indices eligible;
  values.soft_missed.assign(decision.candidates.size(), 0);
  for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
    bool passes = true;
    for (std::size_t k = 0; k < decision.constraints.size(); ++k) {
      const Check& check = decision.checks[i].checks[k];
      const CheckOutcome outcome = c == k ? outcome_at(check, decision.constraints[k], limit) : check.outcome;
      if (outcome == CheckOutcome::kPass) continue;
      if (decision.constraints[k].hard) {
        passes = false;
      } else {
        ++values.soft_missed[i];
      }
    }
    if (passes) eligible.push_back(i);
  }
  return eligible;
}

// Values at which another configuration meets or misses limit `c`, ascending.
std::vector<double> values_of(const Decision& decision, std::size_t c) {
  std::vector<double> values;
  for (const CandidateChecks& row : decision.checks) {
    if (row.checks[c].value) values.push_back(*row.checks[c].value);
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

// Each limit alone, moved to every value at which one more configuration would pass it.
void try_relaxations(Decision& decision, const Problem& problem) {
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    const Constraint& constraint = decision.constraints[c];
    if (!constraint.hard) continue;
    std::vector<std::pair<double, double>> steps;  // change, new limit
    for (const std::size_t i : decision.summaries[c].failed_by) {
      const std::vector<Check>& checks = decision.checks[i].checks;
      bool others_pass = true;
      for (std::size_t k = 0; k < checks.size(); ++k) {
        others_pass = others_pass &&
                      (k == c || !decision.constraints[k].hard || checks[k].outcome == CheckOutcome::kPass);
      }
      if (others_pass) steps.emplace_back(-checks[c].headroom, *checks[c].value);
    }
    std::sort(steps.begin(), steps.end());
    steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
    for (const auto& [change, new_limit] : steps) {
      Relaxation relaxation;
      relaxation.constraint = c;
      relaxation.new_limit = new_limit;
      relaxation.change = change;
      RuleValues values = problem.values;
      Indices eligible = eligible_at(problem, c, new_limit, values);
      for (const std::size_t i : eligible) {
        if (!decision.checks[i].viable) relaxation.becomes_viable.push_back(i);
      }
      relaxation.winner = problem.rule.choose(eligible, values);
      relaxation.changes_choice = relaxation.winner != decision.chosen;
      decision.summaries[c].binding = decision.summaries[c].binding || relaxation.changes_choice;
      decision.relaxations.push_back(std::move(relaxation));
    }
  }
}

// Fewest limits to move, and then the smallest of the largest moves.
void find_minimal_relaxation(Decision& decision) {
  for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
    Shortfall shortfall;
    shortfall.candidate = i;
    bool measured = true;
    for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
      if (!decision.constraints[c].hard) continue;
      const Check& check = decision.checks[i].checks[c];
      if (check.outcome == CheckOutcome::kUnknown) measured = false;
      if (check.outcome != CheckOutcome::kFail) continue;
      const double fraction =
          decision.constraints[c].limit != 0.0 ? -check.headroom_fraction : -check.headroom;
      shortfall.parts.push_back({c, *check.value, fraction});
      shortfall.largest_fraction = std::max(shortfall.largest_fraction, fraction);
    }
    if (!measured) continue;
    const std::optional<Shortfall>& best = decision.minimal_relaxation;
    if (!best || shortfall.parts.size() < best->parts.size() ||
        (shortfall.parts.size() == best->parts.size() &&
         shortfall.largest_fraction < best->largest_fraction)) {
      decision.minimal_relaxation = std::move(shortfall);
    }
  }
  // Of single limits: the least move as a share of the limit.
  double least = HUGE_VAL;
  for (std::size_t k = 0; k < decision.relaxations.size(); ++k) {
    const Relaxation& relaxation = decision.relaxations[k];
    const double limit = std::abs(decision.constraints[relaxation.constraint].limit);
    const double fraction = limit > 0.0 ? relaxation.change / limit : relaxation.change;
    if (!relaxation.winner || !(fraction < least)) continue;
    least = fraction;
    decision.recommended_relaxation = k;
  }
}

}  // namespace

Problem problem_of(const Decision& decision, const Rule& rule) {
  return {decision, rule, observed_values(decision.candidates)};
}

std::optional<std::size_t> choice_at(const Problem& problem, std::optional<std::size_t> c, double limit) {
  RuleValues values = problem.values;
  Indices eligible = eligible_at(problem, c, limit, values);
  return problem.rule.choose(eligible, values);
}

Breakpoints breakpoints_of(const Problem& problem, std::size_t c) {
  Breakpoints out;
  out.constraint = c;
  const bool upper = problem.decision.constraints[c].upper;
  const std::vector<double> values = values_of(problem.decision, c);
  const auto add = [&](double from, double to, double at) {
    const auto winner = choice_at(problem, c, at);
    if (!out.ranges.empty() && out.ranges.back().winner == winner) {
      out.ranges.back().to = to;
    } else {
      out.ranges.push_back({from, to, winner});
    }
  };
  // Below the first value, between two, above the last: an upper bound is read at a range's lower end, a
  // lower bound at its upper one.
  for (std::size_t k = 0; k <= values.size(); ++k) {
    const double from = k == 0 ? -HUGE_VAL : values[k - 1];
    const double to = k == values.size() ? HUGE_VAL : values[k];
    add(from, to, upper ? from : to);
  }
  return out;
}

void add_bounds(Decision& decision, const Rule& rule) {
  const Problem problem = problem_of(decision, rule);
  try_relaxations(decision, problem);
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    if (decision.constraints[c].no_worse_than) continue;
    decision.breakpoints.push_back(breakpoints_of(problem, c));
  }
  if (!decision.chosen) find_minimal_relaxation(decision);
}

}  // namespace quantier::decide_internal
