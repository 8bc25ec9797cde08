#include "quantier/pipeline/decide_table.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "quantier/pipeline/import.h"
#include "quantier/pipeline/report_imported.h"

namespace quantier {
namespace {

void add_name(std::vector<std::string>& names, const std::string& name) {
  if (std::ranges::find(names, name) == names.end()) names.push_back(name);
}

}  // namespace

std::vector<Candidate> candidates_of_table(const std::vector<ReportedValue>& values,
                                           const std::string& device) {
  std::vector<Candidate> candidates;
  for (const ReportedValue& value : values) {
    const bool whole = value.tier.empty() && value.label.empty() && value.part.empty();
    if (value.kind != ReportedKind::kReported || value.model.empty() || value.recipe.empty() ||
        !std::isfinite(value.value)) {
      continue;
    }
    const std::string name = value.model + " " + value.recipe;
    auto found = std::ranges::find(candidates, name, &Candidate::name);
    if (found == candidates.end()) {
      Candidate fresh;
      fresh.name = name;
      fresh.model = value.model;
      fresh.recipe = value.recipe;
      candidates.push_back(std::move(fresh));
      found = candidates.end() - 1;
    }
    // Of a tier or a class only what is about the configuration itself, and not a difference.
    if (!whole) {
      const bool tier_accuracy =
          value.quantity == "accuracy" && !value.tier.empty() && value.label.empty() && value.part.empty();
      if (tier_accuracy) found->tiers.push_back({value.tier, value.value});
      continue;
    }
    if (value.quantity == "macro_f1") found->macro_f1 = value.value;
    if (value.quantity == "accuracy") {
      found->values[Metric{MetricKind::kAccuracy}.key()] = {.value = value.value};
    }
    if (value.quantity == "ece_post") found->ece = value.value;
    if (value.quantity == "ece_pre") {
      found->values[Metric{.kind = MetricKind::kEce, .variant = "raw"}.key()] = {.value = value.value};
    }
    if (device.empty()) continue;
    if (value.quantity == "latency_ms") found->ms_per_example = value.value;
    if (value.quantity == "memory_gb") found->memory_bytes = value.value * 1e9;
  }
  std::erase_if(candidates, [](const Candidate& candidate) { return !candidate.macro_f1; });
  return candidates;
}

Result<ReportedTable> reported_table(Store& store) {
  ReportedTable table;
  QT_TRY(table.values, store.reported());
  for (const Candidate& candidate : candidates_of_table(table.values, {})) {
    add_name(table.known.models, candidate.model);
    add_name(table.known.recipes, candidate.recipe);
    for (const Candidate::Tier& tier : candidate.tiers) add_name(table.names.tiers, tier.name);
  }
  QT_TRY(const std::optional<std::string> device, store.setting(kReportedDeviceSetting));
  table.device = device.value_or("");
  return table;
}

void read_as_table(const ReportedTable& table, Envelope& envelope) {
  envelope.memory_definition = kImportedMemory;
  if (envelope.device.empty()) envelope.device = table.device;
}

Result<Decision> decide_over_table(const ReportedTable& table, const Envelope& envelope,
                                   const std::string& source) {
  std::vector<Candidate> candidates = candidates_of_table(table.values, envelope.device);
  if (candidates.empty()) {
    return fail(ErrorKind::kUserInput, "there is nothing to decide", source,
                "the store holds no run, and no table with a macro-F1 of a model and a recipe",
                "measure with `quantier run`, or import with `quantier import`");
  }
  return decide_candidates(std::move(candidates), {}, envelope);
}

}  // namespace quantier
