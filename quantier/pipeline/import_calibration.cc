#include "quantier/pipeline/import_calibration.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/base/utf8.h"

namespace quantier {
namespace {

// temperature_recipe.h: how far arithmetic in double and a parameter in float32 end from each other, where
// the steps run out and where a loss in float32 stops changing.
constexpr double kSameSteps = 2e-5;
constexpr double kFloatStopsEarlier = 0.002;

std::string at(double ece, double temperature) { return fmt::format("{:.4f} at {:.4f}", ece, temperature); }

// What a limit says of a row: at the file's own temperature, and on held-out examples.
std::string limit_text(const ImportedCalibration& row, double limit) {
  std::string held_out;
  if (row.ece_held_out && row.ece_held_out_interval) {
    held_out = limit_word_name(limit_word(*row.ece_held_out, *row.ece_held_out_interval, limit));
  }
  if (!row.reported) return held_out;
  const bool passes = row.reported->ece <= limit;
  if (held_out.empty()) return passes ? "passes" : "fails";
  return fmt::format("{} at your T, {} held out", passes ? "passes" : "fails", held_out);
}

// Those that exceed the limit at their file's T, by what held-out examples say of a converged fit.
std::string turned_over(const std::vector<ImportedCalibration>& rows, double limit, LimitWord word) {
  std::string names;
  for (const ImportedCalibration& row : rows) {
    if (!row.reported || row.reported->ece <= limit || !row.ece_held_out || !row.ece_held_out_interval) {
      continue;
    }
    if (limit_word(*row.ece_held_out, *row.ece_held_out_interval, limit) != word) continue;
    names += (names.empty() ? "" : ", ") + printable(row.display(), 48);
  }
  return names;
}

Json reading_json(const TemperatureReading& reading) {
  return {{"fit", reading.fit},
          {"temperature", reading.temperature},
          {"ece", reading.ece},
          {"ece_interval", {{"low", reading.ece_interval.low}, {"high", reading.ece_interval.high}}},
          {"negative_log_likelihood", reading.negative_log_likelihood},
          {"share_of_optimum", reading.share_of_optimum ? Json(*reading.share_of_optimum) : Json(nullptr)},
          {"diverged", reading.diverged}};
}

}  // namespace

const char* limit_word_name(LimitWord word) {
  switch (word) {
    case LimitWord::kPasses:
      return "passes";
    case LimitWord::kFails:
      return "fails";
    case LimitWord::kLikelyPass:
      return "passes (not surely)";
    case LimitWord::kLikelyFail:
      return "fails (not surely)";
  }
  return "fails";
}

LimitWord limit_word(double value, const Interval& interval, double limit) {
  if (interval.high <= limit) return LimitWord::kPasses;
  if (interval.low > limit) return LimitWord::kFails;
  return value <= limit ? LimitWord::kLikelyPass : LimitWord::kLikelyFail;
}

std::vector<ImportedCalibration> imported_calibration(const Analysis& analysis) {
  std::vector<ImportedCalibration> rows;
  for (const ConfigurationFindings& findings : analysis.configurations) {
    if (!findings.calibration) continue;
    const Calibration& calibration = *findings.calibration;
    ImportedCalibration row;
    row.model = findings.model;
    row.recipe = findings.recipe;
    row.ece_without = calibration.ece_raw;
    row.optimum = calibration.temperature_all.value;
    row.ece_optimum = calibration.ece_temperature_in_sample;
    row.ece_held_out = calibration.ece_cross_fitted;
    row.ece_held_out_interval = calibration.ece_cross_fitted_interval;
    for (const TemperatureReading& reading : findings.temperature_readings) {
      if (reading.fit == "reported") {
        row.reported = reading;
      } else {
        row.reproduced.push_back(reading);
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::optional<Reproduction> reproduction_of(const ReportedValue& stated, double half_unit,
                                            const ConfigurationFindings& findings) {
  std::optional<Reproduction> closest;
  double distance = 0.0;
  for (const TemperatureReading& reading : findings.temperature_readings) {
    if (reading.fit == "reported" || reading.diverged) continue;
    const std::optional<double> temperature =
        stated.part.empty() ? std::optional(reading.temperature) : reading.temperature_a;
    if (!temperature) continue;
    const double here = std::abs(*temperature - stated.value);
    if (closest && here >= distance) continue;
    distance = here;
    closest = Reproduction{.recipe = reading.fit, .temperature = *temperature};
    closest->is_it = here <= half_unit + kSameSteps;
    closest->float_stops = here <= half_unit + kFloatStopsEarlier * *temperature;
  }
  return closest;
}

std::string calibration_text(const std::vector<ImportedCalibration>& rows, std::optional<double> limit) {
  const bool any = std::ranges::any_of(
      rows, [](const ImportedCalibration& row) { return row.reported || !row.reproduced.empty(); });
  if (!any) return {};
  constexpr std::size_t kCell = 16;
  std::size_t name = 18;
  std::vector<std::size_t> widths;
  for (const ImportedCalibration& row : rows) {
    name = std::max(name, printable(row.display(), 48).size());
    for (std::size_t i = 0; i < row.reproduced.size(); ++i) {
      if (widths.size() <= i) widths.push_back(kCell + 7);
      widths[i] = std::max(widths[i], printable(row.reproduced[i].fit, 40).size());
    }
  }
  std::string out =
      fmt::format("\n{:<{}}  {:>6}  {:>{}}", "calibration error", name, "T = 1", "at your T", kCell);
  for (std::size_t i = 0; i < widths.size(); ++i) {
    out += fmt::format("  {:>{}}", printable(rows.front().reproduced[i].fit, 40), widths[i]);
  }
  out += fmt::format("  {:>{}}  {:>23}", "at the optimum", kCell, "held out");
  if (limit) out += fmt::format("  limit {:g}", *limit);
  out += '\n';
  for (const ImportedCalibration& row : rows) {
    out += fmt::format("{:<{}}  {:>6.4f}  {:>{}}", printable(row.display(), 48), name, row.ece_without,
                       row.reported ? at(row.reported->ece, row.reported->temperature) : "-", kCell);
    for (std::size_t i = 0; i < row.reproduced.size(); ++i) {
      const TemperatureReading& reading = row.reproduced[i];
      std::string cell = reading.diverged ? "diverged" : at(reading.ece, reading.temperature);
      if (reading.share_of_optimum && !reading.diverged) {
        cell += fmt::format(" ({:.0f} %)", 100.0 * *reading.share_of_optimum);
      }
      out += fmt::format("  {:>{}}", cell, widths[i]);
    }
    std::string held_out = "-";
    if (row.ece_held_out) {
      held_out = fmt::format("{:.4f}", *row.ece_held_out);
      if (row.ece_held_out_interval) {
        held_out +=
            fmt::format(" [{:.4f}, {:.4f}]", row.ece_held_out_interval->low, row.ece_held_out_interval->high);
      }
    }
    out += fmt::format("  {:>{}}  {:>23}", at(row.ece_optimum, row.optimum), kCell, held_out);
    if (limit) out += "  " + limit_text(row, *limit);
    out += '\n';
  }
  out += fmt::format(
      "ECE over 15 equal-width bins, and its temperature{}; held out: each half of the rows at the "
      "other's.\n",
      widths.empty() ? "" : "; (%): of the optimal log T");
  if (!limit) return out;
  if (const std::string names = turned_over(rows, *limit, LimitWord::kPasses); !names.empty()) {
    out += fmt::format(
        "Decided by the optimizer, not by the model: above {:g} at your T, within it when the fit "
        "has converged: {}\n",
        *limit, names);
  }
  if (const std::string names = turned_over(rows, *limit, LimitWord::kLikelyPass); !names.empty()) {
    out += fmt::format("Perhaps decided by the optimizer, for the interval does not tell: {}\n", names);
  }
  return out;
}

Json calibration_json(const std::vector<ImportedCalibration>& rows, std::optional<double> limit) {
  Json list = Json::array();
  for (const ImportedCalibration& row : rows) {
    Json reproduced = Json::array();
    for (const TemperatureReading& reading : row.reproduced) reproduced.push_back(reading_json(reading));
    Json entry = {
        {"model", row.model},
        {"recipe", row.recipe},
        {"ece_without", row.ece_without},
        {"reported", row.reported ? reading_json(*row.reported) : Json(nullptr)},
        {"reproduced", std::move(reproduced)},
        {"optimum", {{"temperature", row.optimum}, {"ece", row.ece_optimum}}},
        {"ece_held_out", row.ece_held_out ? Json(*row.ece_held_out) : Json(nullptr)},
        {"ece_held_out_interval", row.ece_held_out_interval ? Json{{"low", row.ece_held_out_interval->low},
                                                                   {"high", row.ece_held_out_interval->high}}
                                                            : Json(nullptr)}};
    if (limit) {
      entry["limit"] = {
          {"ece", *limit},
          {"reported", row.reported ? Json(row.reported->ece <= *limit) : Json(nullptr)},
          {"held_out",
           row.ece_held_out && row.ece_held_out_interval
               ? Json(limit_word_name(limit_word(*row.ece_held_out, *row.ece_held_out_interval, *limit)))
               : Json(nullptr)}};
    }
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace quantier
