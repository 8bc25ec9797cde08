#include <algorithm>
#include <cmath>

#include "quantier/decide/compare.h"
#include "quantier/decide/constraints.h"

namespace quantier::decide_internal {
namespace {

using Kind = PriorFinding::Kind;

// Why this configuration of the recommended model is not the one chosen, strongest reason first.
void explain_loss(const Decision& decision, std::size_t candidate, PriorRevisit& revisit) {
  bool blocked = false;
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    const CheckOutcome outcome = decision.checks[candidate].checks[c].outcome;
    if (outcome == CheckOutcome::kPass) continue;
    blocked = true;
    revisit.findings.push_back(
        {outcome == CheckOutcome::kFail ? Kind::kFailsConstraint : Kind::kUnknownConstraint, candidate, c});
  }
  if (blocked) return;
  for (const ChoiceStep& step : decision.steps) {
    if (std::find(step.dropped.begin(), step.dropped.end(), candidate) == step.dropped.end()) continue;
    Kind kind = Kind::kSlower;
    if (step.kind == ChoiceStep::Kind::kQualityTie) kind = Kind::kLosesQuality;
    if (step.kind == ChoiceStep::Kind::kEstablishedLoss) kind = Kind::kEstablishedLoss;
    if (step.kind == ChoiceStep::Kind::kMemory) kind = Kind::kLarger;
    revisit.findings.push_back({kind, candidate, std::nullopt});
    return;
  }
}

// "decoder" against "encoder" compares them recipe by recipe; a configuration on one side alone is held
// against each of the other's that has its recipe, or against all of them.
std::vector<std::pair<std::size_t, std::size_t>> claimed_pairs(const std::vector<Candidate>& candidates,
                                                               const PriorClaim& claim) {
  const auto named = [&](const std::string& what) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (candidates[i].model == what || candidates[i].name == what) found.push_back(i);
    }
    return found;
  };
  const std::vector<std::size_t> better = named(claim.better);
  const std::vector<std::size_t> than = named(claim.than);
  std::vector<std::pair<std::size_t, std::size_t>> all;
  std::vector<std::pair<std::size_t, std::size_t>> same_recipe;
  for (const std::size_t a : better) {
    for (const std::size_t b : than) {
      if (a == b) continue;
      all.emplace_back(a, b);
      if (candidates[a].recipe == candidates[b].recipe) same_recipe.emplace_back(a, b);
    }
  }
  return same_recipe.empty() ? all : same_recipe;
}

PriorClaimFinding answer_claim(const Decision& decision, std::size_t index,
                               const std::vector<QualityDifference>& differences) {
  const PriorClaim& claim = decision.envelope.prior.claims[index];
  const std::vector<Candidate>& candidates = decision.candidates;
  PriorClaimFinding finding;
  finding.claim = index;
  int better = 0;
  int worse = 0;
  for (const auto& [a, b] : claimed_pairs(candidates, claim)) {
    const auto own = metric_value(candidates[a], claim.metric);
    const auto other = metric_value(candidates[b], claim.metric);
    if (!own || !other) continue;
    ClaimPair pair{a, b, own->value, other->value};
    if (claim.metric.kind == MetricKind::kMacroF1) {
      pair.order = compare_quality(candidates[a], candidates[b], differences, decision.envelope.margins);
      for (const QualityDifference& each : differences) {
        if (each.first == candidates[a].name && each.second == candidates[b].name) pair.paired = each;
        if (each.first == candidates[b].name && each.second == candidates[a].name) {
          pair.paired = {each.second, each.first, -each.difference, -each.high, -each.low};
        }
      }
    } else {
      const double lead =
          claim.metric.less_is_better() ? other->value - own->value : own->value - other->value;
      const double margin =
          margin_of(claim.metric, std::max(own->value, other->value), decision.envelope.margins);
      pair.order = std::abs(lead) <= margin ? 0 : (lead > 0.0 ? 1 : -1);
    }
    better += pair.order > 0 ? 1 : 0;
    worse += pair.order < 0 ? 1 : 0;
    finding.pairs.push_back(std::move(pair));
  }
  const int all = static_cast<int>(finding.pairs.size());
  if (all == 0) return finding;
  finding.outcome = better == all  ? PriorOutcome::kReinforced
                    : worse == all ? PriorOutcome::kOverturned
                                   : PriorOutcome::kComplicated;
  return finding;
}

}  // namespace

PriorRevisit revisit_prior(const Decision& decision, const std::vector<QualityDifference>& differences) {
  const Prior& prior = decision.envelope.prior;
  PriorRevisit revisit;
  if (prior.model.empty()) return revisit;
  for (std::size_t i = 0; i < prior.claims.size(); ++i) {
    revisit.claims.push_back(answer_claim(decision, i, differences));
  }
  std::vector<std::size_t> recommended;
  for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
    const Candidate& candidate = decision.candidates[i];
    if (candidate.model == prior.model && (prior.recipe.empty() || candidate.recipe == prior.recipe)) {
      recommended.push_back(i);
    }
  }
  if (recommended.empty()) {
    revisit.outcome = PriorOutcome::kUndecided;
    revisit.findings.push_back({Kind::kNotMeasured, std::nullopt, std::nullopt});
    return revisit;
  }
  const bool chosen_is_recommended = decision.chosen && std::find(recommended.begin(), recommended.end(),
                                                                  *decision.chosen) != recommended.end();
  if (chosen_is_recommended) {
    revisit.outcome = PriorOutcome::kReinforced;
    revisit.findings.push_back({Kind::kChosen, decision.chosen, std::nullopt});
    return revisit;
  }
  bool any_viable = false;
  bool any_unknown = false;
  bool tied_quality = false;
  for (const std::size_t i : recommended) {
    explain_loss(decision, i, revisit);
    any_viable = any_viable || decision.checks[i].viable;
    bool failed = false;
    bool unknown = false;
    for (const Check& check : decision.checks[i].checks) {
      failed = failed || check.outcome == CheckOutcome::kFail;
      unknown = unknown || check.outcome == CheckOutcome::kUnknown;
    }
    any_unknown = any_unknown || (unknown && !failed);
    if (decision.chosen && decision.checks[i].viable) {
      tied_quality =
          tied_quality || compare_quality(decision.candidates[i], decision.candidates[*decision.chosen],
                                          differences, decision.envelope.margins) >= 0;
    }
  }
  const bool same_model = decision.chosen && decision.candidates[*decision.chosen].model == prior.model;
  if (same_model) revisit.findings.push_back({Kind::kOtherRecipe, decision.chosen, std::nullopt});
  if (same_model || (any_viable && tied_quality)) {
    revisit.outcome = PriorOutcome::kComplicated;
  } else if (!any_viable && any_unknown) {
    revisit.outcome = PriorOutcome::kUndecided;
  } else {
    revisit.outcome = PriorOutcome::kOverturned;
  }
  return revisit;
}

}  // namespace quantier::decide_internal
