// What a run will need of time, memory and disk: what --dry-run prints, and nothing else depends on it.
//
// Time is measured on this machine, not guessed from rates: the first layers of each model run at each recipe
// over some of the run's own texts for a fraction of a second, once with one layer and once with four, so
// that what the other layers will take is known, attention windows, outliers and kernels included. Memory and
// disk are arithmetic over shapes; what a process takes beside weights and activations is named in
// run_estimate.cc.
// Errors: those of opening a model and its tokenizer, and kInterrupted.
#pragma once

#include <cstdint>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/progress.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/pipeline/run_plan.h"

namespace quantier {

struct EstimatedRun {
  double seconds = 0;  // predictions, timing, other samples of calibration texts; 0 for what is in the store
  double load_seconds = 0;          // of the load test; 0 without [load], or when it is in the store
  std::uint64_t process_bytes = 0;  // peak of its worker
};

struct RunEstimate {
  std::vector<EstimatedRun> runs;  // in the order of the plan
  double seconds = 0;
  std::uint64_t tree_bytes = 0;  // largest sum of processes alive together
  std::uint64_t disk_bytes = 0;
};

[[nodiscard]] Result<RunEstimate> estimate_run(const RunConfig& config, const RunPlan& plan,
                                               const ProgressFunction& progress, const Interrupt* interrupt);

}  // namespace quantier
