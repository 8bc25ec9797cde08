// `quantier run`: from a configuration to evidence and a note.
//
// First predictions and memory, one fresh worker at a time, each run stored whole; then latency, interleaved;
// then load tests where [load] asks for them; then analysis, decision and note from the store. A failure of
// one configuration is recorded and the others continue. Whatever has been stored when the program ends, by
// whatever means, is kept; `resume` skips it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/progress.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/pipeline/run_estimate.h"
#include "quantier/pipeline/run_plan.h"
#include "quantier/pipeline/store_file.h"
#include "quantier/pipeline/worker_client.h"

namespace quantier {

struct RunOptions {
  std::filesystem::path out_directory;
  bool resume = false;
  std::optional<std::uint64_t> limit;  // examples
  bool dry_run = false;
  WorkerCommandLine worker = {};
  std::function<void(std::string_view)> remark = {};  // sentences for the user, as things happen
};

struct RunOutcome {
  RunPlan plan;
  std::optional<RunEstimate> estimate;  // of a dry run
  std::filesystem::path store;          // DIR/evidence.sqlite
  std::vector<std::string> keys;        // of the runs that are in the store, in the order of the plan
  std::vector<FailureRecord> failures;  // of this plan, earlier attempts included
};

// Settings of the store: the configuration as it was read, and where its file lay.
inline constexpr const char* kConfigurationSetting = "configuration";
inline constexpr const char* kConfigurationFileSetting = "configuration_file";
// JSON list: the keys of the latest selection, measured now or before; `quantier report` reads these first.
inline constexpr const char* kLatestKeysSetting = "latest_keys";
// JSON: predictions_seconds, timing_seconds and load_seconds of everything measured into the store, attempts
// added up; coordinator_peak_bytes of the program beside its workers.
inline constexpr const char* kRunFiguresSetting = "run_figures";

// With dry_run only the plan and the estimate are filled and nothing is written. Errors: of the plan; kUsage
// when the folder holds evidence and `resume` was not asked for; kInterrupted; the first failure when no
// configuration could be measured at all.
[[nodiscard]] Result<RunOutcome> run_comparison(const RunConfig& config, const RunOptions& options,
                                                const ProgressFunction& progress, const Interrupt* interrupt);

}  // namespace quantier
