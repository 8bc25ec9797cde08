// The second phase of a run: latency, with workers kept loaded side by side and exactly one running.
//
// Rounds in the order A B .. B A: whatever drifts (temperature, a neighbour) meets all configurations alike.
// Workers that do not fit the memory budget together are timed in groups. A worker that dies is a recorded
// failure; the others go on.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/progress.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/pipeline/run_plan.h"
#include "quantier/pipeline/worker.h"
#include "quantier/pipeline/worker_client.h"

namespace quantier {

struct TimingOutcome {
  std::vector<RunTimings> timings;
  std::vector<FailureRecord> failures;
};

// How configurations share the budget: consecutive groups, each with at least one member.
[[nodiscard]] std::vector<std::vector<std::size_t>> groups_within(const std::vector<std::uint64_t>& bytes,
                                                                  std::uint64_t budget_bytes);

// `runs` are in the store, with their peaks there. An error only when interrupted or when the store fails.
[[nodiscard]] Result<TimingOutcome> time_runs(const RunConfig& config, const RunPlan& plan,
                                              const std::vector<const PlannedRun*>& runs, Store& store,
                                              const WorkerCommandLine& worker,
                                              const ProgressFunction& progress, const Interrupt* interrupt);

// What shapes a timing beside the run's key: protocols, threads and the machine, as one line of JSON.
[[nodiscard]] std::string timing_conditions(const RunConfig& config, const RunPlan& plan);

[[nodiscard]] WorkerLoad worker_load_for(const RunConfig& config, const RunPlan& plan, const PlannedRun& run);

}  // namespace quantier
