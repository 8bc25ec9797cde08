// The envelopes in which a configuration is the choice. The tightest envelope that lets it in leaves the
// fewest rivals: those that are no worse on every bounded axis. Who is not chosen there is not chosen in any.
#include <algorithm>
#include <cmath>

#include "quantier/decide/bounds.h"
#include "quantier/decide/constraints.h"

namespace quantier {
namespace {

using decide_internal::Rule;

// The bounds that may move: those stated, and the common ones that were not.
std::vector<Constraint> movable(const Decision& decision, const Candidate& candidate) {
  std::vector<Constraint> bounds;
  for (const Constraint& constraint : decision.constraints) {
    if (!constraint.no_worse_than && constraint.hard) bounds.push_back(constraint);
  }
  for (const MetricKind kind :
       {MetricKind::kMacroF1, MetricKind::kLatency, MetricKind::kMemory, MetricKind::kEce}) {
    const Metric metric{kind};
    const bool stated =
        std::ranges::any_of(bounds, [&](const Constraint& each) { return each.metric == metric; });
    if (stated || !metric_value(candidate, metric)) continue;
    Constraint bound;
    bound.kind = kind;
    bound.upper = metric.less_is_better();
    bound.metric = metric;
    bounds.push_back(std::move(bound));
  }
  return bounds;
}

}  // namespace

WhenAnswer when_chosen(const Decision& decision, std::size_t candidate, const DecideOptions& options) {
  WhenAnswer answer;
  answer.candidate = candidate;
  answer.is_choice = decision.chosen == candidate;
  answer.dominated_by = decision.frontier.points[candidate].dominated_by;
  for (const Breakpoints& points : decision.breakpoints) {
    Breakpoints own;
    own.constraint = points.constraint;
    for (const BoundRange& range : points.ranges) {
      if (range.winner == candidate) own.ranges.push_back(range);
    }
    if (!own.ranges.empty()) answer.alone.push_back(std::move(own));
  }
  const Candidate& who = decision.candidates[candidate];
  Decision tight;
  tight.envelope = decision.envelope;
  tight.candidates = decision.candidates;
  tight.differences = decision.differences;
  for (Constraint& bound : movable(decision, who)) {
    const auto value = metric_value(who, bound.metric);
    if (!value) return answer;  // a bound on what nobody measured lets it in nowhere
    bound.limit = value->value;
    tight.constraints.push_back(std::move(bound));
  }
  for (const Candidate& each : tight.candidates) {
    CandidateChecks row;
    row.viable = true;
    for (const Constraint& constraint : tight.constraints) {
      row.checks.push_back(
          decide_internal::check_one(each, tight.candidates, constraint, tight.envelope.margins, {}));
      row.viable = row.viable && row.checks.back().outcome == CheckOutcome::kPass;
    }
    tight.checks.push_back(std::move(row));
  }
  const bool resampled =
      options.replicates != nullptr && options.replicates->candidates == tight.candidates.size();
  const Rule rule(tight.candidates, tight.differences, tight.envelope,
                  resampled ? options.replicates : nullptr);
  const decide_internal::Problem problem = decide_internal::problem_of(tight, rule);
  const auto winner = decide_internal::choice_at(problem, std::nullopt, 0.0);
  if (winner != candidate) {
    if (winner) answer.loses_to.push_back(*winner);
    return answer;
  }
  for (std::size_t c = 0; c < tight.constraints.size(); ++c) {
    const Constraint& bound = tight.constraints[c];
    const Breakpoints points = decide_internal::breakpoints_of(problem, c);
    for (const BoundRange& range : points.ranges) {
      const bool here = bound.upper ? range.from <= bound.limit && bound.limit < range.to
                                    : range.from < bound.limit && bound.limit <= range.to;
      if (here) answer.together.push_back({bound.metric, bound.upper, range.from, range.to});
    }
  }
  return answer;
}

}  // namespace quantier
