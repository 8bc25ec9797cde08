#include "quantier/note/decision_words.h"
#include "quantier/pipeline/decide.h"
#include "quantier/pipeline/json_values.h"

namespace quantier {
namespace {

using json_values::interval;
using json_values::number;

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

const char* status_name(AxisStatus status) {
  switch (status) {
    case AxisStatus::kMember:
      return "member";
    case AxisStatus::kTied:
      return "tied";
    case AxisStatus::kDominated:
      return "dominated";
    case AxisStatus::kNotMeasured:
      return "not measured";
  }
  return "not measured";
}

Json constraints_json(const Decision& decision) {
  Json list = Json::array();
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    const Constraint& constraint = decision.constraints[c];
    const ConstraintSummary& summary = decision.summaries[c];
    list.push_back({{"kind", constraint_kind_name(constraint.kind)},
                    {"metric", constraint.metric.name()},
                    {"unit", constraint.metric.unit()},
                    {"source", constraint.metric.source()},
                    {"uncertainty", constraint.metric.uncertainty()},
                    {"tier", constraint.tier.empty() ? Json(nullptr) : Json(constraint.tier)},
                    {"limit", constraint.limit},
                    {"upper", constraint.upper},
                    {"hard", constraint.hard},
                    {"basis", constraint.basis},
                    {"no_worse_than", name_of(decision, constraint.no_worse_than)},
                    {"violated", summary.binds},
                    {"binding", summary.binding},
                    {"tight", decision.tightest == c},
                    {"failed_by", names_of(decision, summary.failed_by)},
                    {"unknown_for", names_of(decision, summary.unknown_for)}});
  }
  return list;
}

Json checks_json(const Decision& decision) {
  Json list = Json::array();
  for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
    Json checks = Json::array();
    for (const Check& check : decision.checks[i].checks) {
      checks.push_back({{"outcome", outcome_name(check.outcome)},
                        {"value", number(check.value)},
                        {"interval", interval(check.interval)},
                        {"headroom", check.value ? number(check.headroom) : Json(nullptr)},
                        {"probability", number(check.probability)},
                        {"distance", number(check.distance)},
                        {"distance_unit", check.distance_in_margins ? "margin" : "standard error"},
                        {"within_margin", check.within_margin},
                        {"why", check.why.empty() ? Json(nullptr) : Json(check.why)}});
    }
    const Candidate& candidate = decision.candidates[i];
    list.push_back(
        {{"configuration", candidate.name},
         {"run_key", candidate.run_key},
         {"macro_f1", number(candidate.macro_f1)},
         {"ms_per_example", number(candidate.ms_per_example)},
         {"memory_bytes", number(candidate.memory_bytes)},
         {"ece", number(candidate.ece)},
         {"established_losses", candidate.established_losses},
         {"viable", decision.checks[i].viable},
         {"soft_missed", decision.checks[i].soft_missed},
         {"probability", number(decision.checks[i].probability)},
         {"chosen_share", decision.stability ? number(decision.stability->chosen_share[i]) : Json(nullptr)},
         {"checks", std::move(checks)}});
  }
  return list;
}

Json naive_json(const Decision& decision, const NaiveChoice& naive) {
  Json json = {{"chosen", name_of(decision, naive.chosen)}, {"tie", naive.tie}};
  Json violates = Json::array();
  for (const std::size_t c : naive.violates) violates.push_back(c);
  json["violates"] = std::move(violates);
  if (naive.lead) {
    json["lead"] = {{"macro_f1", number(naive.lead->difference)},
                    {"low", number(naive.lead->low)},
                    {"high", number(naive.lead->high)}};
  }
  if (naive.hidden) {
    json["hidden"] = {{"tier", naive.hidden->tier},
                      {"delta", number(naive.hidden->delta)},
                      {"low", number(naive.hidden->low)},
                      {"high", number(naive.hidden->high)},
                      {"lost", naive.hidden->lost},
                      {"gained", naive.hidden->gained},
                      {"n", naive.hidden->n},
                      {"verdict", naive.hidden->verdict}};
  }
  return json;
}

Json ranges_json(const Decision& decision, const std::vector<Breakpoints>& points) {
  Json list = Json::array();
  for (const Breakpoints& each : points) {
    Json ranges = Json::array();
    for (const BoundRange& range : each.ranges) {
      ranges.push_back({{"from", number(range.from)},
                        {"to", number(range.to)},
                        {"winner", name_of(decision, range.winner)}});
    }
    list.push_back({{"constraint", each.constraint}, {"ranges", std::move(ranges)}});
  }
  return list;
}

Json frontier_json(const Decision& decision) {
  Json axes = Json::array();
  for (const Metric& metric : decision.frontier.axes) axes.push_back(metric.name());
  Json points = Json::array();
  for (std::size_t i = 0; i < decision.frontier.points.size(); ++i) {
    const AxisPoint& point = decision.frontier.points[i];
    Json values = Json::array();
    for (const double value : point.values) values.push_back(number(value));
    points.push_back({{"configuration", decision.candidates[i].name},
                      {"status", status_name(point.status)},
                      {"values", std::move(values)},
                      {"dominated_by", names_of(decision, point.dominated_by)},
                      {"tied_with", names_of(decision, point.tied_with)},
                      {"membership", number(point.membership)}});
  }
  Json firsts = Json::array();
  for (const auto& each : decision.frontier.firsts) firsts.push_back(names_of(decision, each));
  return {{"axes", std::move(axes)}, {"points", std::move(points)}, {"first_on_axis", std::move(firsts)}};
}

Json temperature_json(const Decision& decision) {
  if (!decision.temperature) return nullptr;
  const TemperatureConflict& conflict = *decision.temperature;
  return {{"chosen_at_reported", name_of(decision, conflict.chosen_at_reported)},
          {"chosen_at_converged", name_of(decision, decision.chosen)},
          {"fails_only_reported", names_of(decision, conflict.fails_only_reported)},
          {"fails_only_converged", names_of(decision, conflict.fails_only_converged)},
          {"by_points_at_reported", naive_json(decision, conflict.by_points_at_reported)},
          {"text", note_internal::temperature_sentence(decision)}};
}

Json relaxations_json(const Decision& decision) {
  Json list = Json::array();
  for (const Relaxation& relaxation : decision.relaxations) {
    list.push_back({{"constraint", relaxation.constraint},
                    {"new_limit", number(relaxation.new_limit)},
                    {"change", number(relaxation.change)},
                    {"becomes_viable", names_of(decision, relaxation.becomes_viable)},
                    {"winner", name_of(decision, relaxation.winner)},
                    {"changes_choice", relaxation.changes_choice}});
  }
  return list;
}

Json nearest_json(const Decision& decision) {
  if (!decision.minimal_relaxation) return nullptr;
  Json parts = Json::array();
  for (const Shortfall::Part& part : decision.minimal_relaxation->parts) {
    parts.push_back({{"constraint", part.constraint}, {"new_limit", number(part.new_limit)}});
  }
  return {{"configuration", name_of(decision, decision.minimal_relaxation->candidate)},
          {"needs", std::move(parts)}};
}

Json when_json(const Decision& decision, const WhenAnswer& answer) {
  Json together = Json::array();
  for (const WhenAnswer::Bound& bound : answer.together) {
    together.push_back({{"metric", bound.metric.name()},
                        {"upper", bound.upper},
                        {"from", number(bound.from)},
                        {"to", number(bound.to)}});
  }
  return {{"configuration", decision.candidates[answer.candidate].name},
          {"is_choice", answer.is_choice},
          {"alone", ranges_json(decision, answer.alone)},
          {"together", std::move(together)},
          {"loses_to", names_of(decision, answer.loses_to)},
          {"dominated_by", names_of(decision, answer.dominated_by)}};
}

Json held_out_json(const Decision& decision) {
  if (!decision.held_out) return nullptr;
  const HeldOut& held = *decision.held_out;
  const auto value = [](const std::optional<MetricValue>& of) -> Json {
    if (!of) return nullptr;
    return {{"value", number(of->value)}, {"interval", interval(of->interval)}};
  };
  Json rows = Json::array();
  for (std::size_t i = 0; i < held.rows.size(); ++i) {
    const HeldOut::Row& row = held.rows[i];
    Json checks = Json::array();
    for (const Check& check : row.checks) {
      checks.push_back({{"outcome", outcome_name(check.outcome)},
                        {"value", number(check.value)},
                        {"why", check.why.empty() ? Json(nullptr) : Json(check.why)}});
    }
    rows.push_back({{"configuration", decision.candidates[i].name},
                    {"run_key", row.run_key},
                    {"macro_f1", value(row.macro_f1)},
                    {"ece", value(row.ece)},
                    {"passes", row.viable},
                    {"checks", std::move(checks)}});
  }
  return {{"selected_on", held.selected_on},
          {"reported_on", held.reported_on},
          {"examples", held.examples},
          {"would_choose", name_of(decision, held.would_choose)},
          {"configurations", std::move(rows)}};
}

// The macro-F1 of the choice without what it owes to having been picked, and how that was come by.
Json choice_quality_json(const Decision& decision) {
  if (!decision.chosen) return nullptr;
  if (decision.held_out) {
    const auto& macro_f1 = decision.held_out->rows[*decision.chosen].macro_f1;
    return {{"macro_f1", macro_f1 ? number(macro_f1->value) : Json(nullptr)},
            {"interval", macro_f1 ? interval(macro_f1->interval) : Json(nullptr)},
            {"method", "held-out split"},
            {"split", decision.held_out->reported_on}};
  }
  if (!decision.selection) return nullptr;
  return {{"macro_f1", number(decision.selection->corrected)},
          {"interval", nullptr},
          {"method", "out-of-bag bootstrap"},
          {"split", nullptr}};
}

}  // namespace

Json decision_to_json(const Decision& decision) {
  const Margins& margins = decision.envelope.margins;
  Json order = Json::array();
  for (const Objective objective : decision.envelope.order) order.push_back(objective_name(objective));
  Json stability = nullptr;
  if (decision.stability) {
    stability = {{"replicates", decision.stability->replicates},
                 {"same_choice", decision.stability->same_choice},
                 {"nothing_passes", decision.stability->nothing_share}};
  }
  Json selection = nullptr;
  if (decision.selection) {
    selection = {{"macro_f1", decision.selection->corrected},
                 {"optimism", decision.selection->optimism},
                 {"among", decision.selection->among},
                 {"method", "out-of-bag bootstrap"}};
  }
  Json recommended = nullptr;
  if (decision.recommended_relaxation) recommended = *decision.recommended_relaxation;
  return {{"chosen", name_of(decision, decision.chosen)},
          {"run_key", decision.chosen ? Json(decision.candidates[*decision.chosen].run_key) : Json(nullptr)},
          {"temperature", temperature_json(decision)},
          {"runner_up", name_of(decision, decision.runner_up)},
          {"tied_with_chosen", names_of(decision, decision.tied_with_chosen)},
          {"margins",
           {{"macro_f1", margins.macro_f1},
            {"latency_fraction", margins.latency_fraction},
            {"memory_fraction", margins.memory_fraction},
            {"ece", margins.ece}}},
          {"objectives", std::move(order)},
          {"tie_rule", tie_rule_text(decision.envelope.tie_rule)},
          {"device", decision.envelope.device.empty() ? Json(nullptr) : Json(decision.envelope.device)},
          {"constraints", constraints_json(decision)},
          {"configurations", checks_json(decision)},
          {"stability", std::move(stability)},
          {"selection_corrected", std::move(selection)},
          {"held_out", held_out_json(decision)},
          {"choice_quality", choice_quality_json(decision)},
          {"by_macro_f1_alone", naive_json(decision, decision.by_macro_f1)},
          {"by_points_alone", naive_json(decision, decision.by_points)},
          {"breakpoints", ranges_json(decision, decision.breakpoints)},
          {"relaxations", relaxations_json(decision)},
          {"recommended_relaxation", std::move(recommended)},
          {"nearest", nearest_json(decision)},
          {"frontier", frontier_json(decision)},
          {"prior", prior_name(decision.prior.outcome)}};
}

Json decide_to_json(const DecideResult& result) {
  Json when = nullptr;
  if (result.when) when = when_json(result.decision, *result.when);
  return {{"decision", decision_to_json(result.decision)},
          {"when", std::move(when)},
          {"examples", result.examples == 0 ? Json(nullptr) : Json(result.examples)},
          {"replicates_from_store", result.from_store},
          {"remarks", result.remarks},
          {"store", result.store}};
}

}  // namespace quantier
