#include "quantier/decide/decision.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "quantier/decide/compare.h"

namespace quantier {
namespace {

using decide_internal::Choice;
using decide_internal::choose;
using decide_internal::compare_cost;
using decide_internal::compare_quality;
using decide_internal::constraint_value;
using decide_internal::known;
using decide_internal::satisfies;

Status check_number(const char* name, double value, bool positive) {
  const bool good = std::isfinite(value) && (positive ? value > 0.0 : value >= 0.0);
  if (good) return {};
  return fail(ErrorKind::kUsage, "cannot decide under this envelope", name,
              fmt::format("{} is not a {} number", value, positive ? "positive" : "non-negative"),
              "give a finite number, or leave the limit out");
}

Status validate(const std::vector<Candidate>& candidates, const Envelope& envelope) {
  if (candidates.empty()) {
    return fail(ErrorKind::kUsage, "cannot decide", "configurations", "there is none to choose from",
                "measure or import at least one configuration");
  }
  std::set<std::string> names;
  for (const Candidate& candidate : candidates) {
    if (!names.insert(candidate.name).second) {
      return fail(ErrorKind::kUsage, "cannot decide", candidate.name, "two configurations have this name",
                  "give every configuration a name of its own");
    }
  }
  if (envelope.requests_per_second) {
    QT_TRY_STATUS(check_number("requests_per_second", *envelope.requests_per_second, true));
  }
  if (envelope.max_ms_per_example) {
    QT_TRY_STATUS(check_number("max_ms_per_example", *envelope.max_ms_per_example, true));
  }
  if (envelope.macro_f1_min) QT_TRY_STATUS(check_number("macro_f1_min", *envelope.macro_f1_min, false));
  if (envelope.ece_max) QT_TRY_STATUS(check_number("ece_max", *envelope.ece_max, false));
  if (envelope.memory_max_bytes) {
    QT_TRY_STATUS(check_number("memory_max_bytes", *envelope.memory_max_bytes, true));
  }
  for (const TierFloor& floor : envelope.tier_floors) {
    QT_TRY_STATUS(check_number("tier accuracy floor", floor.accuracy_min, false));
  }
  QT_TRY_STATUS(check_number("margin macro_f1", envelope.margins.macro_f1, false));
  QT_TRY_STATUS(check_number("margin latency", envelope.margins.latency_fraction, false));
  QT_TRY_STATUS(check_number("margin memory", envelope.margins.memory_fraction, false));
  QT_TRY_STATUS(check_number("margin ece", envelope.margins.ece, false));
  return {};
}

std::vector<Constraint> make_constraints(const Envelope& envelope) {
  std::vector<Constraint> constraints;
  std::optional<Constraint> latency;
  if (envelope.max_ms_per_example) {
    latency = Constraint{ConstraintKind::kLatency, {}, *envelope.max_ms_per_example, true, "stated"};
  }
  if (envelope.requests_per_second) {
    const double budget_ms = 1000.0 / *envelope.requests_per_second;
    if (!latency || budget_ms < latency->limit) {
      latency = Constraint{ConstraintKind::kLatency,
                           {},
                           budget_ms,
                           true,
                           fmt::format("{:g} requests/s", *envelope.requests_per_second)};
    }
  }
  if (latency) constraints.push_back(*latency);
  if (envelope.macro_f1_min) {
    constraints.push_back({ConstraintKind::kMacroF1, {}, *envelope.macro_f1_min, false, "stated"});
  }
  if (envelope.ece_max) {
    constraints.push_back({ConstraintKind::kEce, {}, *envelope.ece_max, true, "stated"});
  }
  if (envelope.memory_max_bytes) {
    constraints.push_back({ConstraintKind::kMemory, {}, *envelope.memory_max_bytes, true, "stated"});
  }
  for (const TierFloor& floor : envelope.tier_floors) {
    constraints.push_back({ConstraintKind::kTierAccuracy, floor.tier, floor.accuracy_min, false, "stated"});
  }
  return constraints;
}

double margin_at(const Constraint& constraint, const Margins& margins) {
  switch (constraint.kind) {
    case ConstraintKind::kLatency:
      return margins.latency_fraction * constraint.limit;
    case ConstraintKind::kMemory:
      return margins.memory_fraction * constraint.limit;
    case ConstraintKind::kEce:
      return margins.ece;
    case ConstraintKind::kMacroF1:
    case ConstraintKind::kTierAccuracy:
      return margins.macro_f1;
  }
  return 0.0;
}

Check check_one(const Candidate& candidate, const Constraint& constraint, const Margins& margins) {
  Check check;
  check.value = constraint_value(candidate, constraint);
  if (!check.value) return check;
  const bool pass = satisfies(*check.value, constraint.limit, constraint.upper);
  check.outcome = pass ? CheckOutcome::kPass : CheckOutcome::kFail;
  check.headroom = constraint.upper ? constraint.limit - *check.value : *check.value - constraint.limit;
  check.headroom_fraction = constraint.limit != 0.0 ? check.headroom / constraint.limit : 0.0;
  check.within_margin = std::abs(check.headroom) <= margin_at(constraint, margins) + 1e-12;
  return check;
}

std::vector<CandidateChecks> check_all(const std::vector<Candidate>& candidates,
                                       const std::vector<Constraint>& constraints, const Margins& margins) {
  std::vector<CandidateChecks> table;
  for (const Candidate& candidate : candidates) {
    CandidateChecks row;
    row.viable = true;
    for (const Constraint& constraint : constraints) {
      row.checks.push_back(check_one(candidate, constraint, margins));
      row.viable = row.viable && row.checks.back().outcome == CheckOutcome::kPass;
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
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    if (decision.constraints[c].limit == 0.0) continue;  // everything is infinitely far from it, or at it
    const std::vector<Check>& checks = decision.checks[*decision.chosen].checks;
    if (!decision.tightest || checks[c].headroom_fraction < checks[*decision.tightest].headroom_fraction) {
      decision.tightest = c;
    }
  }
}

// Each limit alone, moved to every value at which one more configuration would pass it.
void try_relaxations(Decision& decision, const std::vector<QualityDifference>& differences) {
  const std::vector<std::size_t> viable_now = viable_of(decision.checks);
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    const Constraint& constraint = decision.constraints[c];
    std::vector<std::pair<double, double>> steps;  // change, new limit
    for (const std::size_t i : decision.summaries[c].failed_by) {
      const std::vector<Check>& checks = decision.checks[i].checks;
      const auto others_pass = [&] {
        for (std::size_t k = 0; k < checks.size(); ++k) {
          if (k != c && checks[k].outcome != CheckOutcome::kPass) return false;
        }
        return true;
      };
      if (others_pass()) steps.emplace_back(-checks[c].headroom, *checks[c].value);
    }
    std::sort(steps.begin(), steps.end());
    steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
    for (const auto& [change, new_limit] : steps) {
      Relaxation relaxation;
      relaxation.constraint = c;
      relaxation.new_limit = new_limit;
      relaxation.change = change;
      Constraint moved = constraint;
      moved.limit = new_limit;
      std::vector<std::size_t> eligible;
      for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
        bool passes = true;
        for (std::size_t k = 0; k < decision.constraints.size(); ++k) {
          const Check check = k == c ? check_one(decision.candidates[i], moved, decision.envelope.margins)
                                     : decision.checks[i].checks[k];
          passes = passes && check.outcome == CheckOutcome::kPass;
        }
        if (!passes) continue;
        eligible.push_back(i);
        if (!decision.checks[i].viable) relaxation.becomes_viable.push_back(i);
      }
      relaxation.winner = choose(eligible, decision.candidates, differences, decision.envelope).chosen;
      relaxation.changes_choice = relaxation.winner != decision.chosen;
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
}

bool beats_on_all(const Candidate& a, const Candidate& b, const std::vector<QualityDifference>& differences,
                  const Margins& margins) {
  const auto ms_a = known(a.ms_per_example);
  const auto ms_b = known(b.ms_per_example);
  const auto bytes_a = known(a.memory_bytes);
  const auto bytes_b = known(b.memory_bytes);
  if (!ms_a || !ms_b || !bytes_a || !bytes_b || !known(a.macro_f1) || !known(b.macro_f1)) return false;
  return compare_quality(a, b, differences, margins) > 0 &&
         compare_cost(*ms_a, *ms_b, margins.latency_fraction) > 0 &&
         compare_cost(*bytes_a, *bytes_b, margins.memory_fraction) > 0;
}

// The first configuration of `winner` that beats every one of `loser`.
std::optional<std::size_t> beats_every(const Decision& decision, const std::string& winner,
                                       const std::string& loser,
                                       const std::vector<QualityDifference>& differences) {
  const std::vector<Candidate>& all = decision.candidates;
  for (std::size_t by = 0; by < all.size(); ++by) {
    if (all[by].model != winner) continue;
    const bool every = std::all_of(all.begin(), all.end(), [&](const Candidate& other) {
      return other.model != loser || beats_on_all(all[by], other, differences, decision.envelope.margins);
    });
    if (every) return by;
  }
  return std::nullopt;
}

bool beats_at_every_recipe(const Decision& decision, const std::string& winner, const std::string& loser,
                           const std::vector<QualityDifference>& differences) {
  std::size_t shared = 0;
  for (const Candidate& own : decision.candidates) {
    for (const Candidate& other : decision.candidates) {
      if (own.model != winner || other.model != loser || own.recipe != other.recipe) continue;
      if (!beats_on_all(own, other, differences, decision.envelope.margins)) return false;
      ++shared;
    }
  }
  return shared > 0;
}

void find_sweeps(Decision& decision, const std::vector<QualityDifference>& differences) {
  std::vector<std::string> models;
  for (const Candidate& candidate : decision.candidates) {
    if (std::find(models.begin(), models.end(), candidate.model) == models.end()) {
      models.push_back(candidate.model);
    }
  }
  for (const std::string& winner : models) {
    for (const std::string& loser : models) {
      if (winner == loser) continue;
      CleanSweep sweep{.winner_model = winner,
                       .loser_model = loser,
                       .by = beats_every(decision, winner, loser, differences),
                       .at_every_recipe = beats_at_every_recipe(decision, winner, loser, differences)};
      if (sweep.by || sweep.at_every_recipe) decision.sweeps.push_back(std::move(sweep));
    }
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
  }
  return "unknown";
}

Result<Decision> decide_candidates(std::vector<Candidate> candidates,
                                   const std::vector<QualityDifference>& differences,
                                   const Envelope& envelope) {
  QT_TRY_STATUS(validate(candidates, envelope));
  Decision decision;
  decision.envelope = envelope;
  decision.candidates = std::move(candidates);
  decision.constraints = make_constraints(envelope);
  decision.checks = check_all(decision.candidates, decision.constraints, envelope.margins);
  decision.latency_frontier = decide_internal::make_frontier(FrontierCost::kLatency, decision.candidates,
                                                             differences, envelope.margins);
  decision.memory_frontier = decide_internal::make_frontier(FrontierCost::kMemory, decision.candidates,
                                                            differences, envelope.margins);

  std::vector<std::size_t> viable = viable_of(decision.checks);
  ChoiceStep limits;
  limits.kept = viable;
  for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
    if (!decision.checks[i].viable) limits.dropped.push_back(i);
  }
  decision.steps.push_back(std::move(limits));
  Choice choice = choose(viable, decision.candidates, differences, envelope);
  decision.chosen = choice.chosen;
  decision.tied_with_chosen = std::move(choice.tied);
  for (ChoiceStep& step : choice.steps) decision.steps.push_back(std::move(step));
  if (decision.chosen) {
    std::erase(viable, *decision.chosen);
    decision.runner_up = choose(viable, decision.candidates, differences, envelope).chosen;
  }

  summarize(decision);
  try_relaxations(decision, differences);
  if (!decision.chosen) find_minimal_relaxation(decision);
  decision.prior = decide_internal::revisit_prior(decision, differences);
  find_sweeps(decision, differences);
  return decision;
}

}  // namespace quantier
