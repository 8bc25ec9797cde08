#include <algorithm>

#include "quantier/decide/compare.h"

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

}  // namespace

PriorRevisit revisit_prior(const Decision& decision, const std::vector<QualityDifference>& differences) {
  const Prior& prior = decision.envelope.prior;
  PriorRevisit revisit;
  if (prior.model.empty()) return revisit;
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
