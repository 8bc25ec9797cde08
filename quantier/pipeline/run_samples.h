// The last phase of a run: every calibrated configuration again, with other samples of the calibration texts.
//
// What is decided is the first sample's; the others say how much it matters which texts were drawn
// (docs/methods/calibration.md). Each goes into the store as soon as it is predicted, so an interruption
// loses the one it fell into. A sample that fails is a recorded failure of its configuration, and the others
// go on.
#pragma once

#include <cstdint>

#include "quantier/base/error.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/pipeline/run_plan.h"
#include "quantier/pipeline/run_predictions.h"

namespace quantier {

// Samples of the plan that the store does not hold beside this run.
[[nodiscard]] Result<std::uint64_t> samples_left_of(const RunPlan& plan, const PlannedRun& planned,
                                                    Store& store);

// Of the finished runs of the plan. Whether anything had to be measured.
[[nodiscard]] Result<bool> measure_samples(const RunConfig& config, RunPlan& plan, Store& store,
                                           const PredictionsWatch& watch);

}  // namespace quantier
