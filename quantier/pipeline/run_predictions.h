// The first phase of a run: a fresh worker loads one configuration and predicts every example.
//
// What it gives is a whole Run, ready for the store. `load` says what the worker loads: that of the planned
// run (run_timing.h), or the same with other calibration texts. Errors: those of the worker; kEnvironment
// when the data changed since the plan; kInterrupted.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/progress.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/pipeline/run_plan.h"
#include "quantier/pipeline/worker.h"
#include "quantier/pipeline/worker_client.h"
#include "quantier/record/run.h"

namespace quantier {

struct PredictionsWatch {
  const WorkerCommandLine& worker;
  const std::function<void(std::string_view)>& remark;
  const ProgressFunction& progress;
  const Interrupt* interrupt = nullptr;
};

// `name`: of what is measured, for progress and errors.
[[nodiscard]] Result<Run> measure_predictions(const RunConfig& config, const RunPlan& plan,
                                              const PlannedRun& planned, const WorkerLoad& load,
                                              const std::string& name, const PredictionsWatch& watch);

}  // namespace quantier
