#include "quantier/decide/naive.h"

#include <algorithm>
#include <cmath>

#include "quantier/decide/compare.h"
#include "quantier/decide/constraints.h"

namespace quantier::decide_internal {
namespace {

using Indices = std::vector<std::size_t>;

std::optional<std::size_t> highest(const std::vector<Candidate>& all, const Indices& among) {
  std::optional<std::size_t> best;
  for (const std::size_t i : among) {
    if (known(all[i].macro_f1) && (!best || *all[i].macro_f1 > *all[*best].macro_f1)) best = i;
  }
  return best;
}

std::optional<QualityDifference> lead_of(const Decision& decision, std::size_t first, std::size_t second) {
  const Candidate& a = decision.candidates[first];
  const Candidate& b = decision.candidates[second];
  if (!known(a.macro_f1) || !known(b.macro_f1)) return std::nullopt;
  QualityDifference lead{a.name, b.name, *a.macro_f1 - *b.macro_f1, NAN, NAN};
  for (const QualityDifference& pair : decision.differences) {
    if (pair.first == a.name && pair.second == b.name) {
      lead.low = pair.low;
      lead.high = pair.high;
    } else if (pair.first == b.name && pair.second == a.name) {
      lead.low = -pair.high;
      lead.high = -pair.low;
    }
  }
  return lead;
}

// The worst tier, when macro-F1 is no lower than the reference's of the same model.
std::optional<TierChange> hidden_loss(const Decision& decision, const Candidate& candidate) {
  const auto base = std::ranges::find_if(decision.candidates, [&](const Candidate& other) {
    return other.model == candidate.model && other.recipe == candidate.reference;
  });
  if (base == decision.candidates.end() || !known(base->macro_f1) || !known(candidate.macro_f1)) {
    return std::nullopt;
  }
  if (*candidate.macro_f1 < *base->macro_f1) return std::nullopt;
  std::optional<TierChange> worst;
  for (const TierChange& change : candidate.tier_changes) {
    const bool telling = change.verdict != "unresolved" || -change.delta > decision.envelope.margins.macro_f1;
    if (!(change.delta < 0.0) || !telling) continue;
    if (!worst || change.delta < worst->delta) worst = change;
  }
  return worst;
}

NaiveChoice naive_choice(const Decision& decision, const Rule& rule, std::optional<std::size_t> naive,
                         std::optional<std::size_t> chosen, const std::vector<CandidateChecks>& checks) {
  NaiveChoice out;
  out.chosen = naive;
  if (!naive) return out;
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    if (decision.constraints[c].hard && checks[*naive].checks[c].outcome != CheckOutcome::kPass) {
      out.violates.push_back(c);
    }
  }
  out.hidden = hidden_loss(decision, decision.candidates[*naive]);
  if (!chosen || *chosen == *naive) return out;
  out.lead = lead_of(decision, *naive, *chosen);
  out.tie = rule.compare(Objective::kQuality, observed_values(decision.candidates), *naive, *chosen) == 0;
  return out;
}

Indices viable_of(const std::vector<CandidateChecks>& checks) {
  Indices viable;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    if (checks[i].viable) viable.push_back(i);
  }
  return viable;
}

// The same limits with the ECE at the temperatures that somebody else fitted.
void add_temperature_conflict(Decision& decision, const Rule& rule) {
  const Metric reported{.kind = MetricKind::kEce, .variant = "reported"};
  const Metric converged{MetricKind::kEce};
  std::vector<Candidate> others = decision.candidates;
  bool any = false;
  for (Candidate& candidate : others) {
    const auto value = metric_value(candidate, reported);
    if (!value) continue;
    candidate.ece = value->value;
    any = true;
  }
  const bool limited = std::ranges::any_of(decision.constraints, [&](const Constraint& constraint) {
    return constraint.metric == converged && !constraint.no_worse_than;
  });
  if (!any || !limited) return;
  TemperatureConflict conflict;
  std::vector<CandidateChecks> checks = decision.checks;
  RuleValues values = observed_values(others);
  values.soft_missed.assign(others.size(), 0);
  for (std::size_t i = 0; i < others.size(); ++i) {
    bool turned_to_pass = false;
    bool turned_to_fail = false;
    checks[i].viable = true;
    for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
      const Constraint& constraint = decision.constraints[c];
      Check& check = checks[i].checks[c];
      if (constraint.metric == converged && !constraint.no_worse_than) {
        const CheckOutcome before = check.outcome;
        check = check_one(others[i], others, constraint, decision.envelope.margins, {});
        turned_to_pass =
            turned_to_pass || (before == CheckOutcome::kFail && check.outcome == CheckOutcome::kPass);
        turned_to_fail =
            turned_to_fail || (before == CheckOutcome::kPass && check.outcome == CheckOutcome::kFail);
      }
      if (check.outcome == CheckOutcome::kPass) continue;
      if (constraint.hard) {
        checks[i].viable = false;
      } else {
        ++values.soft_missed[i];
      }
    }
    if (turned_to_fail) conflict.fails_only_reported.push_back(i);
    if (turned_to_pass) conflict.fails_only_converged.push_back(i);
  }
  Indices eligible = viable_of(checks);
  conflict.chosen_at_reported = rule.choose(eligible, values);
  if (conflict.fails_only_reported.empty() && conflict.fails_only_converged.empty()) return;
  conflict.by_points_at_reported =
      naive_choice(decision, rule, highest(others, viable_of(checks)), conflict.chosen_at_reported, checks);
  decision.temperature = std::move(conflict);
}

}  // namespace

void add_naive_choices(Decision& decision, const Rule& rule) {
  Indices everyone;
  for (std::size_t i = 0; i < decision.candidates.size(); ++i) everyone.push_back(i);
  decision.by_macro_f1 =
      naive_choice(decision, rule, highest(decision.candidates, everyone), decision.chosen, decision.checks);
  decision.by_points = naive_choice(decision, rule, highest(decision.candidates, viable_of(decision.checks)),
                                    decision.chosen, decision.checks);
  add_temperature_conflict(decision, rule);
}

}  // namespace quantier::decide_internal
