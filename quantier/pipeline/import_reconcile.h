// What a file states beside what Quantier computes from the same logits, and why the two differ.
//
// Known reasons: the file rounds; it stops its temperature fit elsewhere (then ECE at the file's own T must
// come out as stated, and stands beside ECE at the optimum, and an optimizer that is named must end
// there); it states the mean of bootstrap replicates where
// the observed difference is meant; it drew other random numbers; it closes the bins on the other side.
// Anything else is unexplained, and an error with both numbers. Time and memory cannot be computed again.
//
// Errors: those of analyze() and of reading the predictions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/pipeline/import_calibration.h"
#include "quantier/record/reported_value.h"
#include "quantier/record/run.h"
#include "quantier/stats/comparisons/analyze.h"
#include "quantier/stats/estimators/temperature_recipe.h"

namespace quantier {

enum class Difference : std::uint8_t {
  kNone,
  kRounding,
  kTemperatureFit,
  kBootstrapMean,
  kSeed,
  kBinEdges,
  kDefinition,
  kNotComputed,  // nothing to compare with: said why
  kUnexplained,
};
// Time, memory and the batch: measured, never computed again.
[[nodiscard]] bool is_cost(const std::string& quantity);
[[nodiscard]] const char* difference_name(Difference difference);

struct Reconciled {
  ReportedValue stated;
  std::optional<double> computed;
  Difference difference = Difference::kNotComputed;
  std::string why;  // "stops after 39 % of the way to log T; ECE at the optimum (T = 1.239) is 0.010"
};

struct ReconcileInput {
  std::vector<ReportedValue> values;
  AnalysisTiers tiers;
  std::string reference_recipe = "fp16";
  std::uint64_t seed = 20260101;  // of the half splits that are tried
  bool device_declared = false;
  std::vector<TemperatureRecipe> temperature_recipes;  // how the files say that they fitted; may be empty
};

struct Reconciliation {
  std::vector<Reconciled> rows;
  std::vector<ImportedCalibration> calibration;  // of `runs`
};

// `runs`: what the values of kind "reported" speak about; `earlier`: what those of kind "earlier" do.
[[nodiscard]] Result<Reconciliation> reconcile(const ReconcileInput& input, const std::vector<Run>& runs,
                                               const std::vector<Run>& earlier);

}  // namespace quantier
