// What an import says: the table your file / Quantier / why they differ.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/pipeline/import.h"

namespace quantier {
namespace {

std::string stated_text(const ReportedValue& value) {
  if (value.decimals && *value.decimals <= 6) return fmt::format("{:.{}f}", value.value, *value.decimals);
  return fmt::format("{:.4f}", value.value);
}

std::string computed_text(const Reconciled& row) {
  if (!row.computed) return "-";
  const bool whole = row.stated.decimals && *row.stated.decimals == 0;
  return fmt::format("{:.{}f}", *row.computed, whole && *row.computed == std::floor(*row.computed) ? 0 : 4);
}

// Which of the reasons, in the order in which they are counted.
constexpr Difference kAll[] = {
    Difference::kNone,          Difference::kRounding,    Difference::kTemperatureFit,
    Difference::kBootstrapMean, Difference::kSeed,        Difference::kBinEdges,
    Difference::kDefinition,    Difference::kNotComputed, Difference::kUnexplained};

}  // namespace

std::string import_text(const ImportReport& report) {
  std::string out;
  std::size_t width = 4;
  for (const ImportFile& file : report.files) {
    width = std::max(width, printable(file.path.filename().string(), 60).size());
  }
  for (const ImportFile& file : report.files) {
    out += fmt::format("{:<{}}  {}\n", printable(file.path.filename().string(), 60), width,
                       printable(file.what, 200));
  }
  if (!report.rows.empty()) {
    std::size_t subject = 7;
    std::size_t costs = 0;
    for (const Reconciled& row : report.rows) {
      subject = std::max(subject, printable(row.stated.subject(), 48).size());
    }
    out += fmt::format("\n{:<{}}  {:<21}  {:>10}  {:>10}  {}\n", "what", subject, "", "your file", "Quantier",
                       "why they differ");
    for (const Reconciled& row : report.rows) {
      // A table of equal numbers hides those that differ.
      if (row.difference == Difference::kNone || row.difference == Difference::kRounding ||
          (row.difference == Difference::kNotComputed && row.stated.quantity.ends_with("_ok"))) {
        continue;
      }
      if (is_cost(row.stated.quantity)) {
        ++costs;
        continue;
      }
      const bool plain = row.difference == Difference::kNotComputed;
      out +=
          fmt::format("{:<{}}  {:<21}  {:>10}  {:>10}  {}{}\n", printable(row.stated.subject(), 48), subject,
                      printable(row.stated.quantity, 21), stated_text(row.stated), computed_text(row),
                      plain ? "" : fmt::format("{}: ", difference_name(row.difference)), row.why);
    }
    if (costs > 0) {
      out += fmt::format("{} values of time, memory and batch size: taken as stated, {}\n", costs,
                         report.device.empty() ? "and they pass no limit, for no device is declared"
                                               : "for the declared device");
    }
    std::string counts;
    for (const Difference each : kAll) {
      const auto count = std::ranges::count(report.rows, each, &Reconciled::difference);
      if (count > 0) {
        counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count, difference_name(each));
      }
    }
    out += fmt::format("\n{} values: {} (equal and rounded ones are not listed; --json lists all)\n",
                       report.rows.size(), counts);
  }
  out += calibration_text(report.calibration, report.ece_limit);
  const auto added = std::ranges::count(report.runs, true, &ImportedRun::added);
  if (report.unexplained == 0) {
    out += fmt::format("\n{} runs added, {} were there; provenance imported, device {}\nevidence: {}\n",
                       added, report.runs.size() - static_cast<std::size_t>(added),
                       report.device.empty() ? "not declared: time and memory pass no limit (--device NAME)"
                                             : printable(report.device, 60),
                       report.store);
  }
  return out;
}

Error unexplained_error(const ImportReport& report) {
  Error error;
  error.kind = ErrorKind::kUserInput;
  error.what = fmt::format("{} stated value{} cannot be explained; nothing was stored", report.unexplained,
                           report.unexplained == 1 ? "" : "s");
  constexpr std::size_t kShown = 5;
  std::size_t shown = 0;
  for (const Reconciled& row : report.rows) {
    if (row.difference != Difference::kUnexplained || shown++ >= kShown) continue;
    error.where += fmt::format("{}{}", error.where.empty() ? "" : "; ", printable(row.stated.source));
    error.why += fmt::format("{}{} {}: your file says {}, Quantier {} ({})", error.why.empty() ? "" : "; ",
                             printable(row.stated.subject(), 60), printable(row.stated.quantity, 40),
                             stated_text(row.stated), computed_text(row), row.why);
  }
  error.hint =
      "check that the files come from one run, or import the predictions without the file that differs";
  return error;
}

Json import_to_json(const ImportReport& report) {
  Json files = Json::array();
  for (const ImportFile& file : report.files) {
    files.push_back({{"path", file.path.string()}, {"what", file.what}, {"used", file.used}});
  }
  Json runs = Json::array();
  for (const ImportedRun& run : report.runs) {
    runs.push_back({{"model", run.model},
                    {"recipe", run.recipe},
                    {"key", run.key},
                    {"examples", run.examples},
                    {"added", run.added}});
  }
  const auto text = [](const std::string& value) { return value.empty() ? Json(nullptr) : Json(value); };
  Json rows = Json::array();
  for (const Reconciled& row : report.rows) {
    rows.push_back({{"kind", row.stated.kind == ReportedKind::kEarlier ? "earlier" : "reported"},
                    {"model", text(row.stated.model)},
                    {"recipe", text(row.stated.recipe)},
                    {"tier", text(row.stated.tier)},
                    {"label", text(row.stated.label)},
                    {"part", text(row.stated.part)},
                    {"quantity", row.stated.quantity},
                    {"stated", row.stated.value},
                    {"computed", row.computed ? Json(*row.computed) : Json(nullptr)},
                    {"difference", difference_name(row.difference)},
                    {"why", row.why},
                    {"source", row.stated.source},
                    {"when", text(row.stated.when)},
                    {"how", text(row.stated.how)}});
  }
  return {{"store", report.unexplained == 0 ? Json(report.store) : Json(nullptr)},
          {"device", text(report.device)},
          {"files", std::move(files)},
          {"runs", std::move(runs)},
          {"values", std::move(rows)},
          {"calibration", calibration_json(report.calibration, report.ece_limit)},
          {"unexplained", report.unexplained},
          {"remarks", report.remarks}};
}

}  // namespace quantier
