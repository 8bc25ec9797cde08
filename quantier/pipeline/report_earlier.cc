#include "quantier/pipeline/report_earlier.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "quantier/note/cited.h"

namespace quantier {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kQuantities = {
    {{"macro_f1", "macro-F1"},
     {"accuracy", "accuracy"},
     {"ece_pre", "ECE before temperature"},
     {"temperature", "temperature"},
     {"ece_post", "ECE after temperature"}}};

std::optional<double> today_of(const ConfigurationFindings& findings, std::string_view quantity) {
  if (quantity == "macro_f1") return findings.quality.macro_f1;
  if (quantity == "accuracy") return findings.quality.accuracy;
  if (!findings.calibration) return std::nullopt;
  if (quantity == "ece_pre") return findings.calibration->ece_raw;
  if (quantity == "temperature") return findings.calibration->temperature_all.value;
  if (quantity == "ece_post") return findings.calibration->ece_cross_fitted;
  return std::nullopt;
}

std::optional<double> today_of(const NoteReportedConfiguration& row, std::string_view quantity) {
  const std::optional<NoteStated>* value = quantity == "macro_f1"      ? &row.macro_f1
                                           : quantity == "accuracy"    ? &row.accuracy
                                           : quantity == "ece_pre"     ? &row.ece_before
                                           : quantity == "temperature" ? &row.temperature
                                                                       : &row.ece_after;
  return *value ? std::optional((*value)->value) : std::nullopt;
}

// `fill`: gives a row what today says of the same model, the recipe and the quantity.
template <class Fill>
std::vector<NoteEarlier> rows_of(const std::vector<ReportedValue>& values,
                                 const std::string& reference_recipe, const Fill& fill) {
  std::vector<NoteEarlier> rows;
  for (const ReportedValue& value : values) {
    if (value.kind != ReportedKind::kEarlier || !std::isfinite(value.value)) continue;
    if (!value.tier.empty() || !value.label.empty() || !value.part.empty()) continue;
    const auto* quantity =
        std::ranges::find(kQuantities, value.quantity, &std::pair<std::string_view, std::string_view>::first);
    if (quantity == kQuantities.end()) continue;
    NoteEarlier row;
    row.model = value.model;
    row.recipe = value.recipe;
    row.quantity = quantity->second;
    row.earlier = value.value;
    row.when = value.when;
    row.source = value.source;
    // What was measured before compression was of the reference.
    fill(value.recipe.empty() ? reference_recipe : value.recipe, value.quantity, row);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

Result<std::vector<NoteEarlier>> earlier_measurements(Store& store, const Analysis& analysis) {
  QT_TRY(const std::vector<ReportedValue> values, store.reported());
  return rows_of(values, analysis.reference_recipe,
                 [&](const std::string& recipe, std::string_view quantity, NoteEarlier& row) {
                   for (const ConfigurationFindings& findings : analysis.configurations) {
                     if (findings.model != row.model || findings.recipe != recipe) continue;
                     row.today = today_of(findings, quantity);
                     row.run_key = findings.run_key;
                   }
                 });
}

std::vector<NoteEarlier> earlier_measurements(const std::vector<ReportedValue>& values,
                                              const NoteReported& today,
                                              const std::string& reference_recipe) {
  return rows_of(values, reference_recipe,
                 [&](const std::string& recipe, std::string_view quantity, NoteEarlier& row) {
                   for (const NoteReportedConfiguration& each : today.configurations) {
                     if (each.model == row.model && each.recipe == recipe)
                       row.today = today_of(each, quantity);
                   }
                 });
}

std::vector<Finding> findings_of_earlier(const std::vector<NoteEarlier>& rows) {
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const NoteEarlier& row = rows[i];
    Finding finding;
    finding.name = note_internal::earlier_name(rows, i);
    finding.statement =
        fmt::format("{} of {} as reported earlier: {:.4f}", row.quantity,
                    row.recipe.empty() ? row.model : row.model + " " + row.recipe, row.earlier);
    finding.estimate = row.earlier;
    if (!row.run_key.empty()) finding.runs = {row.run_key};
    finding.arithmetic = {{"source", row.source.empty() ? "an imported file" : row.source},
                          {"value", fmt::format("{:.6f}", row.earlier)}};
    if (row.today) finding.arithmetic.emplace_back("today", fmt::format("{:.6f}", *row.today));
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace quantier
