#include <cmath>

#include "quantier/pipeline/report.h"

namespace quantier {
namespace {

Json number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

Json name_of(const Decision& decision, const std::optional<std::size_t>& index) {
  return index ? Json(decision.candidates[*index].name) : Json(nullptr);
}

Json names_of(const Decision& decision, const std::vector<std::size_t>& indices) {
  Json list = Json::array();
  for (const std::size_t i : indices) list.push_back(decision.candidates[i].name);
  return list;
}

const char* outcome_name(CheckOutcome outcome) {
  switch (outcome) {
    case CheckOutcome::kPass:
      return "pass";
    case CheckOutcome::kFail:
      return "fail";
    case CheckOutcome::kUnknown:
      return "unknown";
  }
  return "unknown";
}

const char* prior_name(PriorOutcome outcome) {
  switch (outcome) {
    case PriorOutcome::kNone:
      return "none";
    case PriorOutcome::kReinforced:
      return "reinforced";
    case PriorOutcome::kComplicated:
      return "complicated";
    case PriorOutcome::kOverturned:
      return "overturned";
    case PriorOutcome::kUndecided:
      return "undecided";
  }
  return "undecided";
}

Json interval(const std::optional<Interval>& value) {
  if (!value) return nullptr;
  return Json{{"low", number(value->low)},
              {"high", number(value->high)},
              {"level", value->level},
              {"method", value->method}};
}

Json constraints_json(const Decision& decision) {
  Json list = Json::array();
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    const Constraint& constraint = decision.constraints[c];
    const ConstraintSummary& summary = decision.summaries[c];
    list.push_back({{"kind", constraint_kind_name(constraint.kind)},
                    {"tier", constraint.tier.empty() ? Json(nullptr) : Json(constraint.tier)},
                    {"limit", constraint.limit},
                    {"upper", constraint.upper},
                    {"basis", constraint.basis},
                    {"binds", summary.binds},
                    {"failed_by", names_of(decision, summary.failed_by)},
                    {"unknown_for", names_of(decision, summary.unknown_for)}});
  }
  return list;
}

Json table_json(const Report& report) {
  const Decision& decision = report.decision;
  Json rows = Json::array();
  for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
    const Candidate& candidate = decision.candidates[i];
    const Quality& quality = report.analysis.configurations[i].quality;
    Json checks = Json::array();
    for (const Check& check : decision.checks[i].checks) {
      checks.push_back({{"outcome", outcome_name(check.outcome)},
                        {"value", number(check.value)},
                        {"within_margin", check.within_margin}});
    }
    Json tiers = Json::object();
    for (const Candidate::Tier& tier : candidate.tiers) tiers[tier.name] = number(tier.accuracy);
    rows.push_back({{"configuration", candidate.name},
                    {"model", candidate.model},
                    {"recipe", candidate.recipe},
                    {"run_key", candidate.run_key},
                    {"accuracy", number(quality.accuracy)},
                    {"macro_f1", number(candidate.macro_f1)},
                    {"macro_f1_interval", interval(quality.macro_f1_interval)},
                    {"macro_f1_sklearn", number(quality.macro_f1_sklearn)},
                    {"ms_per_example", number(candidate.ms_per_example)},
                    {"memory_bytes", number(candidate.memory_bytes)},
                    {"ece", number(candidate.ece)},
                    {"tier_accuracy", std::move(tiers)},
                    {"established_losses", candidate.established_losses},
                    {"viable", decision.checks[i].viable},
                    {"checks", std::move(checks)}});
  }
  return rows;
}

Json comparisons_json(const Analysis& analysis) {
  Json list = Json::array();
  for (const TierComparison& comparison : analysis.comparisons) {
    list.push_back({{"model", comparison.model},
                    {"recipe", comparison.recipe},
                    {"reference_recipe", comparison.reference_recipe},
                    {"tier", comparison.tier},
                    {"run_key", comparison.run_key},
                    {"reference_run_key", comparison.reference_run_key},
                    {"n", comparison.n},
                    {"delta", number(comparison.delta)},
                    {"interval", interval(comparison.tango)},
                    {"bootstrap", interval(comparison.bootstrap)},
                    {"right_to_wrong", comparison.flips.right_to_wrong},
                    {"wrong_to_right", comparison.flips.wrong_to_right},
                    {"wrong_to_wrong", comparison.flips.wrong_to_wrong},
                    {"holm_p", number(comparison.holm_p)},
                    {"replication", number(comparison.replication)},
                    {"evidence", evidence_word_name(comparison.evidence)},
                    {"size", size_word_name(comparison.size)}});
  }
  return list;
}

}  // namespace

Json report_to_json(const Report& report) {
  const Decision& decision = report.decision;
  Json relaxations = Json::array();
  for (const Relaxation& relaxation : decision.relaxations) {
    relaxations.push_back({{"constraint", relaxation.constraint},
                           {"new_limit", number(relaxation.new_limit)},
                           {"change", number(relaxation.change)},
                           {"becomes_viable", names_of(decision, relaxation.becomes_viable)},
                           {"winner", name_of(decision, relaxation.winner)},
                           {"changes_choice", relaxation.changes_choice}});
  }
  Json nearest = nullptr;
  if (decision.minimal_relaxation) {
    Json parts = Json::array();
    for (const Shortfall::Part& part : decision.minimal_relaxation->parts) {
      parts.push_back({{"constraint", part.constraint}, {"new_limit", number(part.new_limit)}});
    }
    nearest = {{"configuration", name_of(decision, decision.minimal_relaxation->candidate)},
               {"needs", std::move(parts)}};
  }
  return Json{
      {"decision",
       {{"chosen", name_of(decision, decision.chosen)},
        {"run_key", decision.chosen ? Json(decision.candidates[*decision.chosen].run_key) : Json(nullptr)},
        {"runner_up", name_of(decision, decision.runner_up)},
        {"tied_with_chosen", names_of(decision, decision.tied_with_chosen)},
        {"constraints", constraints_json(decision)},
        {"relaxations", std::move(relaxations)},
        {"nearest", std::move(nearest)},
        {"prior", prior_name(decision.prior.outcome)}}},
      {"table", table_json(report)},
      {"comparisons", comparisons_json(report.analysis)},
      {"limit", report.analysis.limit ? Json(*report.analysis.limit) : Json(nullptr)},
      {"examples", report.analysis.examples},
      {"note", {{"markdown", report.files.markdown.string()}, {"html", report.files.html.string()}}},
      {"store", report.store}};
}

}  // namespace quantier
