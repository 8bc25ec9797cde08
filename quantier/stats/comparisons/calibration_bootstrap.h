// Bootstrap of everything that depends on a fitted temperature: the temperature is fitted anew in each
// replicate.
//
// The same draws serve every run, so differences between runs are paired. Half A (even positions) and half B
// keep their examples. Replicate r is a pure function of (seed, r).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/stats/comparisons/analysis.h"
#include "quantier/stats/comparisons/parts.h"

namespace quantier::analysis_internal {

// Columns of replicates of one run; empty when the run has too few examples to resample.
struct CalibrationReplicates {
  std::vector<double> temperature;  // of all rows
  std::vector<double> temperature_a;
  std::vector<double> temperature_b;
  std::vector<double> ece_raw;
  std::vector<double> ece_in_sample;
  std::vector<double> ece_cross;
  std::vector<double> ece_own_halves;
  std::vector<double> ece_reused;  // at the reference's temperatures; empty without a reference
};

// `reference`: columns of the run whose temperatures are tried on this one, or null. Errors: kInterrupted.
[[nodiscard]] Result<CalibrationReplicates> calibration_replicates(const RunView& view,
                                                                   const Calibration& calibration,
                                                                   const CalibrationReplicates* reference,
                                                                   std::uint32_t replicates,
                                                                   const AnalysisOptions& options);

// A million examples are resampled less often, so that the time stays bounded.
[[nodiscard]] std::uint32_t calibration_replicates_for(std::uint64_t examples, std::uint32_t wanted);

}  // namespace quantier::analysis_internal
