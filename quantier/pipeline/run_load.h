// The third phase of a run: an open-loop load test of each configuration, as [load] of the configuration
// asks.
//
// Each test has a process of its own, one at a time, on a machine that does nothing else for the run; its
// trials go into the store as they are made. A test that is finished under the same protocol, on this machine
// and by this program, is not made again; one that was interrupted goes on from its finished trials. A worker
// that dies is a recorded failure, and the others go on. Errors: kUsage for what [load] cannot test;
// kInterrupted; those of the store.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/json.h"
#include "quantier/base/progress.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/load.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/pipeline/run_plan.h"
#include "quantier/pipeline/worker_client.h"

namespace quantier {

// As `quantier load` would be asked for this configuration. `config.load` is set.
[[nodiscard]] LoadOptions load_options_for(const RunConfig& config, const RunPlan& plan,
                                           const PlannedRun& run);

// What a trial holds fixed; refuses what [load] cannot test, in the words of the configuration.
[[nodiscard]] Result<LoadProtocol> plan_run_load(const RunConfig& config, const RunPlan& plan);

// Finished load tests that [load] asks for, by the index of their run in the plan.
[[nodiscard]] Result<std::vector<bool>> finished_load_tests(const RunConfig& config, const RunPlan& plan,
                                                            Store& store);

// Whether anything had to be tested. `remark`: sentences for the user, as things happen; may be empty.
[[nodiscard]] Result<bool> test_load_of_runs(const RunConfig& config, const RunPlan& plan, Store& store,
                                             const WorkerCommandLine& worker,
                                             const std::function<void(std::string_view)>& remark,
                                             const ProgressFunction& progress, const Interrupt* interrupt);

// Seconds and stored bytes of one test, for --dry-run. `texts_per_second`: in full batches, back to back. A
// search is taken to need two trials to find where to look and as many as halve a factor of two down to the
// resolution; what chance adds to that is not in it.
struct LoadTestEstimate {
  double seconds = 0.0;
  double trials = 0.0;
  std::uint64_t bytes = 0;
};
[[nodiscard]] LoadTestEstimate estimate_load_test(const LoadConfig& load, const LoadProtocol& protocol,
                                                  double texts_per_second);

// The command `load_test` of a worker.
[[nodiscard]] Json load_test_command(const LoadOptions& options);
[[nodiscard]] Result<LoadOptions> load_options_from_json(const Json& json);

}  // namespace quantier
