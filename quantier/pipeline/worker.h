// The other side of `quantier run`: a process that holds one configuration and does what it is told.
//
// One process per configuration, so that a peak of memory belongs to that configuration alone and a crash
// takes nothing else with it. Commands and replies are JSON, one a line; a reply with "binary_bytes" is
// followed by so many raw bytes. Progress comes as {"progress": {"done": d, "total": t}} lines before the
// reply; a failure as {"error": {...}}. The worker ends when told to quit, when its input closes, or when its
// parent dies.
//
//   load        WorkerLoad                  -> plan, examples, load_ns, resident_bytes
//   predict     batch_size                  -> batch_size, memory; binary: logits f32, token counts u32,
//                                              truncated u8; on a device: split, readings
//   throughput  round, count, seed          -> samples
//   latency     round, first, count, seed   -> samples (examples [first, first + count) of the same shuffle)
//   workload    round                       -> samples
//   noise                                   -> noise (batch 1 against 32, and the same batches again); on a
//                                              device: readings, taken while samples were
//   load_test   LoadOptions (run_load.h); without a load before it -> remarks; the test itself goes into the
//               store, trial by trial
//   quit
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/model_directory.h"
#include "quantier/dataset/dataset.h"
#include "quantier/engine/builder.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/calibration_set.h"

namespace quantier {

struct WorkerLoad {
  std::filesystem::path model;
  std::optional<std::filesystem::path> base;  // of an adapter
  AdapterUse adapter = AdapterUse::kMerge;
  PlanRules rules;
  RecipeOptions options;
  std::filesystem::path data;
  ColumnNames columns;
  std::optional<std::uint64_t> limit;  // examples, stratified by label
  std::uint64_t seed = 0;
  std::uint32_t max_length = 128;
  std::uint32_t threads = 0;  // 0: all that the process may use
  EngineChoice engine = {};
  std::optional<CalibrationOptions> calibration = {};  // for recipes that look at data
  // What the guard found between its texts and the data when the run was planned, for the record.
  std::vector<std::string> calibration_overlaps = {};
  std::vector<std::string> remarks = {};  // on the model, from the plan of the run: go into the executed plan
};

[[nodiscard]] Json to_json(const WorkerLoad& load);
[[nodiscard]] Result<WorkerLoad> worker_load_from_json(const Json& json);

[[nodiscard]] Json to_json(const Error& error);
[[nodiscard]] Error error_from_json(const Json& json);

// Serves until the end of input. An error only when the pipes fail or the other side breaks the protocol.
[[nodiscard]] Status serve_worker(int input_fd, int output_fd);

}  // namespace quantier
