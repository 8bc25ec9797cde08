#include "quantier/note/clean_input.h"

#include <algorithm>

namespace quantier::note_internal {
namespace {

void clean(std::string& text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f; },
      ' ');
}

void clean(std::vector<std::string>& texts) {
  for (std::string& text : texts) clean(text);
}

template <class... Texts>
void clean_all(Texts&... texts) {
  (clean(texts), ...);
}

void clean(Decision& decision) {
  clean_all(decision.envelope.device, decision.envelope.latency_protocol,
            decision.envelope.memory_definition);
  for (TierFloor& floor : decision.envelope.tier_floors) clean(floor.tier);
  Prior& prior = decision.envelope.prior;
  clean_all(prior.text, prior.model, prior.recipe, prior.why);
  for (PriorClaim& claim : prior.claims) clean_all(claim.text, claim.metric.part, claim.better, claim.than);
  for (Candidate& each : decision.candidates) {
    clean_all(each.name, each.model, each.recipe, each.run_key, each.established_losses);
    for (Candidate::Tier& tier : each.tiers) clean(tier.name);
    clean_all(each.reference, each.evidence_set);
    for (auto& [metric, why] : each.missing) clean(why);
    for (TierChange& change : each.tier_changes) clean_all(change.tier, change.verdict);
  }
  for (Constraint& each : decision.constraints) {
    clean_all(each.tier, each.basis, each.metric.part, each.metric.variant);
  }
  for (CandidateChecks& row : decision.checks) {
    for (Check& check : row.checks) clean(check.why);
  }
  for (QualityDifference& each : decision.differences) clean_all(each.first, each.second);
  for (Metric& axis : decision.frontier.axes) clean_all(axis.part, axis.variant);
  for (NaiveChoice* naive : {&decision.by_macro_f1, &decision.by_points}) {
    if (naive->lead) clean_all(naive->lead->first, naive->lead->second);
    if (naive->hidden) clean_all(naive->hidden->tier, naive->hidden->verdict);
  }
  for (CleanSweep& each : decision.sweeps) clean_all(each.winner_model, each.loser_model);
  if (!decision.held_out) return;
  clean_all(decision.held_out->selected_on, decision.held_out->reported_on);
  for (HeldOut::Row& row : decision.held_out->rows) {
    clean(row.run_key);
    for (Check& check : row.checks) clean(check.why);
  }
}

void clean_classes(NoteInput& input) {
  clean(input.tier_names);
  for (NoteTierF1& each : input.tier_f1) clean_all(each.model, each.recipe, each.tier, each.run_key);
  for (NoteZeroClasses& each : input.zero_classes) {
    clean_all(each.model, each.recipe, each.baseline, each.run_key);
    for (auto* names : {&each.fell, &each.rose}) {
      for (NoteClassName& name : *names) clean(name.label);
    }
  }
  for (NoteSupport& each : input.support) clean_all(each.model, each.recipe, each.run_key);
  for (NoteErrorLanding& each : input.error_landing) clean_all(each.model, each.recipe, each.run_key);
  for (NoteFlips& each : input.flips) clean_all(each.model, each.recipe, each.baseline, each.run_key);
  for (NoteConfusedPair& each : input.confused) {
    clean_all(each.model, each.recipe, each.baseline, each.label, each.answer, each.run_key);
  }
  for (NoteWeakness& each : input.weakness) clean_all(each.model, each.recipe, each.run_key);
  for (NoteGroup& each : input.groups) {
    clean_all(each.model, each.recipe, each.baseline, each.column, each.group, each.verdict, each.run_key);
  }
}

void clean_hardware(NoteInput& input) {
  if (input.hardware) {
    NoteHardware& hardware = *input.hardware;
    clean_all(hardware.stack, hardware.workload, hardware.configurations, hardware.without_shapes,
              hardware.why_no_times, hardware.step_device, hardware.step_reference);
    for (NoteModelledStep& each : hardware.steps) clean_all(each.model, each.recipe);
    for (NoteDevice& each : hardware.devices) {
      clean_all(each.name, each.title, each.possible, each.choice_why);
    }
    for (NoteOrderChange& each : hardware.changes) {
      clean_all(each.faster, each.slower, each.here, each.there);
    }
    for (NoteTechnique& each : hardware.techniques) {
      clean_all(each.name, each.needs, each.recipe, each.support);
    }
  }
  for (NoteEarlier& each : input.earlier) {
    clean_all(each.model, each.recipe, each.quantity, each.when, each.source, each.run_key);
  }
}

void clean_reported(NoteReported& reported) {
  clean_all(reported.device, reported.folder);
  for (NoteReportedConfiguration& each : reported.configurations) {
    clean_all(each.model, each.recipe);
    for (auto* value : {&each.accuracy, &each.macro_f1, &each.ms_per_example, &each.memory_gb,
                        &each.ece_before, &each.temperature, &each.ece_after}) {
      if (*value) clean((*value)->source);
    }
  }
  for (NoteReportedPart& each : reported.parts) {
    clean_all(each.model, each.recipe, each.tier, each.label, each.quantity, each.finding, each.value.source);
  }
}

}  // namespace

NoteInput without_controls(NoteInput input) {
  clean_all(input.title, input.dataset, input.limited, input.reference_recipe, input.stack, input.missing,
            input.plan_remarks);
  clean(input.decision);
  for (QualityDifference& each : input.quality_differences) clean_all(each.first, each.second);
  for (Promises& each : input.promises) {
    clean_all(each.model, each.recipe, each.reference_recipe, each.run_key, each.accuracy.established_losses);
  }
  for (NoteMechanism& each : input.mechanisms) clean_all(each.model, each.recipe, each.arithmetic);
  for (NoteQuality& each : input.quality) clean_all(each.model, each.recipe, each.run_key);
  for (NoteCost& each : input.cost) clean_all(each.model, each.recipe, each.run_key);
  for (NoteNoiseFloor& each : input.noise_floor) clean_all(each.model, each.recipe, each.what, each.run_key);
  for (NoteTierDelta& each : input.tier_deltas) {
    clean_all(each.model, each.recipe, each.baseline, each.tier, each.verdict, each.materiality,
              each.run_key);
  }
  for (NoteNamedClass& each : input.named_classes) {
    clean_all(each.model, each.recipe, each.label, each.tier, each.run_key);
  }
  clean_classes(input);
  for (NoteSampleSpread& each : input.sample_spreads) {
    clean_all(each.model, each.recipe, each.baseline, each.run_key);
  }
  for (NoteFlippedExamples& each : input.flipped_examples) {
    clean_all(each.model, each.recipe, each.baseline, each.tier);
    for (NoteFlippedExample& flip : each.shown) {
      clean_all(flip.id, flip.label, flip.before, flip.after, flip.text);
    }
  }
  clean_hardware(input);
  if (input.reported) clean_reported(*input.reported);
  clean_all(input.evidence_date, input.evidence_hash);
  for (NoteCalibration& each : input.calibration) clean_all(each.model, each.recipe, each.run_key);
  for (NoteResidual& each : input.residuals) {
    clean_all(each.model, each.recipe, each.baseline, each.size, each.run_key);
  }
  for (NotePattern& each : input.patterns) {
    clean_all(each.model, each.recipe, each.verdict, each.lost, each.gained, each.unresolved, each.run_key);
  }
  for (NoteAlternative& each : input.alternatives) {
    clean(each.what_differs);
    clean(each.decision);
  }
  for (auto& [what, value] : input.appendix) clean_all(what, value);
  return input;
}

}  // namespace quantier::note_internal
