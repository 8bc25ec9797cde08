#include "quantier/decide/decision.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "quantier/decide/axes.h"
#include "quantier/decide/bounds.h"
#include "quantier/decide/compare.h"
#include "quantier/decide/constraints.h"
#include "quantier/decide/naive.h"
#include "quantier/decide/rule.h"
#include "quantier/decide/stability.h"
#include "quantier/decide/sweeps.h"

namespace quantier {
namespace {

using decide_internal::Choice;
using decide_internal::Rule;
using decide_internal::RuleValues;

std::vector<CandidateChecks> check_all(const Decision& decision, const MetricReplicates* replicates) {
  const std::vector<Candidate>& all = decision.candidates;
  std::vector<CandidateChecks> table;
  for (std::size_t i = 0; i < all.size(); ++i) {
    CandidateChecks row;
    row.viable = true;
    for (const Constraint& constraint : decision.constraints) {
      const std::vector<float> column =
          decide_internal::constraint_replicates(all[i], i, all, constraint, decision.envelope, replicates);
      row.checks.push_back(
          decide_internal::check_one(all[i], all, constraint, decision.envelope.margins, column));
      if (row.checks.back().outcome == CheckOutcome::kPass) continue;
      if (constraint.hard) {
        row.viable = false;
      } else {
        ++row.soft_missed;
      }
    }
    table.push_back(std::move(row));
  }
  return table;
}

std::vector<std::size_t> viable_of(const std::vector<CandidateChecks>& checks) {
  std::vector<std::size_t> viable;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    if (checks[i].viable) viable.push_back(i);
  }
  return viable;
}

void summarize(Decision& decision) {
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    ConstraintSummary summary;
    for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
      const CheckOutcome outcome = decision.checks[i].checks[c].outcome;
      if (outcome == CheckOutcome::kFail) summary.failed_by.push_back(i);
      if (outcome == CheckOutcome::kUnknown) summary.unknown_for.push_back(i);
    }
    summary.binds = !summary.failed_by.empty();
    decision.summaries.push_back(std::move(summary));
  }
  if (!decision.chosen) return;
  const std::vector<Check>& checks = decision.checks[*decision.chosen].checks;
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    const bool missed_soft = checks[c].outcome != CheckOutcome::kPass;
    if (!decision.constraints[c].hard || missed_soft || !checks[c].distance) continue;
    if (decision.constraints[c].no_worse_than == decision.chosen) continue;  // it is its own yardstick
    if (!decision.tightest || *checks[c].distance < *checks[*decision.tightest].distance)
      decision.tightest = c;
  }
}

}  // namespace

const char* constraint_kind_name(ConstraintKind kind) {
  switch (kind) {
    case ConstraintKind::kLatency:
      return "latency";
    case ConstraintKind::kMacroF1:
      return "macro-F1";
    case ConstraintKind::kEce:
      return "ECE";
    case ConstraintKind::kMemory:
      return "memory";
    case ConstraintKind::kTierAccuracy:
      return "tier accuracy";
    case ConstraintKind::kAccuracy:
      return "accuracy";
    case ConstraintKind::kTierMacroF1:
      return "tier macro-F1";
    case ConstraintKind::kClassF1:
      return "class F1";
    case ConstraintKind::kClassAccuracy:
      return "class accuracy";
    case ConstraintKind::kLatencyPercentile:
      return "latency percentile";
    case ConstraintKind::kGateShare:
    case ConstraintKind::kGateShareAtAccuracy:
      return "gate share";
    case ConstraintKind::kGateAccuracy:
    case ConstraintKind::kGateAccuracyAtAccuracy:
      return "gate accuracy";
    case ConstraintKind::kRequestsPerSecond:
      return "requests per second";
  }
  return "unknown";
}

Result<Decision> decide_candidates(std::vector<Candidate> candidates,
                                   const std::vector<QualityDifference>& differences,
                                   const Envelope& envelope, const DecideOptions& options) {
  QT_TRY_STATUS(decide_internal::check_envelope(candidates, envelope));
  const bool resampled = options.replicates != nullptr && !options.replicates->empty() &&
                         options.replicates->candidates == candidates.size();
  DecideOptions with = options;
  if (!resampled) with.replicates = nullptr;
  Decision decision;
  decision.envelope = envelope;
  decision.candidates = std::move(candidates);
  decision.differences = differences;
  decision.replicates = resampled ? options.replicates->replicates : 0;
  decision.constraints = decide_internal::make_constraints(decision.candidates, envelope);
  decision.checks = check_all(decision, with.replicates);
  decision.latency_frontier = decide_internal::make_frontier(FrontierCost::kLatency, decision.candidates,
                                                             differences, envelope.margins);
  decision.memory_frontier = decide_internal::make_frontier(FrontierCost::kMemory, decision.candidates,
                                                            differences, envelope.margins);
  decision.frontier = decide_internal::make_axis_frontier(decision, with);

  const Rule rule(decision.candidates, differences, envelope, with.replicates);
  RuleValues values = decide_internal::observed_values(decision.candidates);
  for (const CandidateChecks& row : decision.checks) values.soft_missed.push_back(row.soft_missed);
  for (std::size_t objective = 0; objective < decision.comparisons.size(); ++objective) {
    for (std::size_t a = 0; a < decision.candidates.size(); ++a) {
      for (std::size_t b = 0; b < decision.candidates.size(); ++b) {
        decision.comparisons[objective].push_back(
            static_cast<std::int8_t>(rule.compare(static_cast<Objective>(objective), values, a, b)));
      }
    }
  }
  std::vector<std::size_t> viable = viable_of(decision.checks);
  ChoiceStep limits;
  limits.kept = viable;
  for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
    if (!decision.checks[i].viable) limits.dropped.push_back(i);
  }
  decision.steps.push_back(std::move(limits));
  Choice choice = rule.explain(viable, values);
  decision.chosen = choice.chosen;
  decision.tied_with_chosen = std::move(choice.tied);
  for (ChoiceStep& step : choice.steps) decision.steps.push_back(std::move(step));
  if (decision.chosen) {
    std::erase(viable, *decision.chosen);
    decision.runner_up = rule.choose(viable, values);
  }

  summarize(decision);
  decide_internal::add_bounds(decision, rule);
  decide_internal::add_naive_choices(decision, rule);
  if (resampled) decide_internal::add_stability(decision, rule, with);
  decision.prior = decide_internal::revisit_prior(decision, differences);
  decide_internal::find_sweeps(decision);
  return decision;
}

}  // namespace quantier
