// The calibration error that a file reports beside the one it would have reported with another temperature:
// without any, at the file's own T, at a fit reproduced from an optimizer's settings, at the optimum, and
// held out.
//
// A fixed number of optimizer steps ends somewhere before the optimum; whoever judges by the error there
// judges the optimizer. With a limit each row says whether it holds at the file's T and whether it holds on
// examples that took no part in a converged fit. Nothing is computed here that analyze() did not. Errors:
// none.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quantier/base/json.h"
#include "quantier/record/reported_value.h"
#include "quantier/stats/comparisons/analysis.h"

namespace quantier {

enum class LimitWord : std::uint8_t {
  kPasses,      // the whole interval does
  kFails,       // none of it does
  kLikelyPass,  // the estimate does, not the whole interval
  kLikelyFail,
};
[[nodiscard]] const char* limit_word_name(LimitWord word);
[[nodiscard]] LimitWord limit_word(double value, const Interval& interval, double limit);

struct ImportedCalibration {
  std::string model;
  std::string recipe;
  double ece_without = 0.0;                    // T = 1
  std::optional<TemperatureReading> reported;  // at the file's T; absent when it states none
  std::vector<TemperatureReading> reproduced;  // one for each recipe that was asked for
  double optimum = 1.0;
  double ece_optimum = 0.0;            // in-sample, as the file's
  std::optional<double> ece_held_out;  // each half at the other's temperature
  std::optional<Interval> ece_held_out_interval;

  [[nodiscard]] std::string display() const { return model + " " + recipe; }
};

[[nodiscard]] std::vector<ImportedCalibration> imported_calibration(const Analysis& analysis);

// What the recipes make of the examples that a stated temperature was fitted on.
struct Reproduction {
  std::string recipe;  // that comes closest
  double temperature = 1.0;
  bool is_it = false;        // the stated one, as it is written
  bool float_stops = false;  // with what single precision may leave out
};
// nullopt: no recipe was asked for, or none covers that part of the examples.
[[nodiscard]] std::optional<Reproduction> reproduction_of(const ReportedValue& stated, double half_unit,
                                                          const ConfigurationFindings& findings);

// Empty when no file states a temperature and no recipe was asked for.
[[nodiscard]] std::string calibration_text(const std::vector<ImportedCalibration>& rows,
                                           std::optional<double> limit);
[[nodiscard]] Json calibration_json(const std::vector<ImportedCalibration>& rows,
                                    std::optional<double> limit);

}  // namespace quantier
