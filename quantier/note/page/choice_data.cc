#include <algorithm>
#include <string>
#include <string_view>

#include "quantier/base/json.h"
#include "quantier/decide/choice_table.h"
#include "quantier/note/page/page.h"
#include "quantier/note/page/scale.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

const char* objective_key(Objective objective) {
  switch (objective) {
    case Objective::kQuality:
      return "quality";
    case Objective::kLatency:
      return "latency";
    case Objective::kMemory:
      return "memory";
    case Objective::kEce:
      return "ece";
  }
  return "quality";
}

const char* tie_key(TieRule rule) {
  if (rule == TieRule::kHigherQuality) return "higher_quality";
  return rule == TieRule::kFirstListed ? "first_listed" : "cheaper";
}

const char* outcome_key(CheckOutcome outcome) {
  if (outcome == CheckOutcome::kPass) return "pass";
  return outcome == CheckOutcome::kFail ? "fail" : "unknown";
}

Json numbers(const std::vector<std::optional<double>>& values) {
  Json list = Json::array();
  for (const std::optional<double>& value : values) list.push_back(value ? Json(*value) : Json(nullptr));
  return list;
}

Json table_json(const ChoiceTable& table, const Decision& decision) {
  Json json;
  json["order"] = Json::array();
  for (const Objective objective : table.order) json["order"].push_back(objective_key(objective));
  json["tie_rule"] = tie_key(table.tie_rule);
  for (std::size_t o = 0; o < kChoiceObjectives; ++o) {
    const char* key = objective_key(static_cast<Objective>(o));
    json["comparisons"][key] = table.comparisons[o];
    json["values"][key] = numbers(table.values[o]);
  }
  json["lossy"] = table.lossy;
  json["name_rank"] = table.name_rank;
  json["limits"] = Json::array();
  for (const ChoiceLimit& limit : table.limits) {
    const Constraint& constraint = decision.constraints[limit.constraint];
    Json entry = {{"name", short_name(constraint)},
                  {"upper", limit.upper},
                  {"hard", limit.hard},
                  {"movable", limit.movable},
                  {"limit", limit.limit},
                  {"scale", scale_of(constraint.metric)},
                  {"values", numbers(limit.values)},
                  {"outcomes", Json::array()},
                  {"texts", Json::array()}};
    for (std::size_t i = 0; i < table.candidates; ++i) {
      entry["outcomes"].push_back(outcome_key(limit.outcomes[i]));
      entry["texts"].push_back(limit.values[i] ? value_text(constraint, *limit.values[i]) : "–");
    }
    json["limits"].push_back(std::move(entry));
  }
  return json;
}

Json gates_json(const NoteInput& input) {
  Json json;
  json["thresholds"] = gate_thresholds(input);
  json["configurations"] = Json::array();
  for (const NoteCalibration& row : input.calibration) {
    Json points = Json::array();
    for (const NoteGate& gate : row.gates) {
      points.push_back({gate.threshold, gate.share, gate.accuracy, gate.low, gate.high});
    }
    json["configurations"].push_back({{"name", row.model + " " + row.recipe}, {"points", std::move(points)}});
  }
  return json;
}

}  // namespace

double scale_of(const Metric& metric) { return std::string_view(metric.unit()) == "bytes" ? 1e6 : 1.0; }

std::string shown_unit(const Metric& metric) {
  return std::string_view(metric.unit()) == "bytes" ? "MB" : metric.unit();
}

std::vector<double> gate_thresholds(const NoteInput& input) {
  std::vector<double> thresholds;
  for (const NoteCalibration& row : input.calibration) {
    for (const NoteGate& gate : row.gates) thresholds.push_back(gate.threshold);
  }
  std::ranges::sort(thresholds);
  thresholds.erase(std::ranges::unique(thresholds).begin(), thresholds.end());
  return thresholds;
}

std::string choice_data(const NoteInput& input) {
  const Decision& decision = input.decision;
  Json json;
  json["names"] = Json::array();
  for (const Candidate& candidate : decision.candidates) json["names"].push_back(visible(candidate.name));
  json["chosen"] = decision.chosen ? Json(*decision.chosen) : Json(nullptr);
  json["table"] = table_json(make_choice_table(decision), decision);
  if (!gate_thresholds(input).empty()) json["gates"] = gates_json(input);
  return json.dump();
}

}  // namespace quantier::note_internal
