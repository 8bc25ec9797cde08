// Evidence that others made, brought into a store: predictions become runs of provenance "imported", and what
// their companions state is computed again and kept beside.
//
// Nothing is stored when a stated number differs from what its own logits say for no known reason: one of the
// two is about something else, and everything built on it would be. Time and memory belong to a device; they
// enter the runs only when one is declared. Importing the same files again adds nothing.
// Errors: those of the readers, of the label checks, of the store.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/json.h"
#include "quantier/base/progress.h"
#include "quantier/pipeline/import_files.h"
#include "quantier/pipeline/import_reconcile.h"

namespace quantier {

// Under which a store keeps the device that its reported values were declared to be of.
inline constexpr const char* kReportedDeviceSetting = "reported_device";

struct ImportOptions {
  std::vector<std::filesystem::path> paths;
  std::filesystem::path store;  // evidence.sqlite, or a folder
  std::string device;           // declared; empty: not declared
  std::string label_names;      // a file; empty: found among the paths, else numbers
  std::string split = "validation";
  std::string reference_recipe = "fp16";
  std::vector<TemperatureRecipe> temperature_recipes;  // how the files fitted their temperatures
  std::optional<double> ece_limit;                     // to be judged by, in the text and in the JSON
  PredictionOptions reading;
  ProgressFunction progress = {};
  const Interrupt* interrupt = nullptr;
};

struct ImportedRun {
  std::string model;
  std::string recipe;
  std::string key;
  std::size_t examples = 0;
  bool added = false;  // false: the store had it already
};

struct ImportReport {
  std::vector<ImportFile> files;
  std::vector<ImportedRun> runs;
  std::vector<Reconciled> rows;
  std::vector<ImportedCalibration> calibration;
  std::optional<double> ece_limit;
  std::vector<std::string> remarks;
  std::string store;
  std::string device;
  std::size_t unexplained = 0;  // then nothing was stored
};

[[nodiscard]] Result<ImportReport> import_evidence(const ImportOptions& options);

// Both numbers of everything unexplained; call when there is any.
[[nodiscard]] Error unexplained_error(const ImportReport& report);

[[nodiscard]] Json import_to_json(const ImportReport& report);
[[nodiscard]] std::string import_text(const ImportReport& report);

}  // namespace quantier
