// What a run will do, before it does it: every configuration with its key.
//
// The key of a run is a hash over everything that shapes its numbers: the program, weights, config,
// tokenizer, data, recipe and its options, lengths, batch size, limit and seed. A run with the same key need
// not be made again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/dataset/dataset.h"
#include "quantier/pipeline/calibration_set.h"
#include "quantier/pipeline/provenance.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/record/run.h"

namespace quantier {

// Another sample of the calibration texts, looked at beside the first.
struct OtherSample {
  CalibrationOptions options;
  std::vector<std::string> overlaps;  // that the guard found, one sentence each
};

struct PlannedRun {
  ConfigurationId configuration;
  std::string key;
  std::size_t model = 0;  // index into RunConfig::models
  ModelHashes hashes;
  std::uint64_t weight_bytes = 0;         // of the plan: exact
  bool is_calibrated = false;             // looks at calibration texts
  std::vector<std::string> remarks = {};  // on the texts that quantized weights were fitted to
  bool finished = false;                  // already in the store
  bool load_tested = false;               // so is the load test that [load] asks for
  std::uint64_t samples_left = 0;         // other samples of calibration texts that are not in the store
};

struct RunPlan {
  std::vector<PlannedRun> runs;
  std::vector<std::string> label_names;  // the same for all models
  Dataset data;                          // after --limit
  std::uint64_t examples_in_file = 0;
  std::optional<std::uint64_t> limit;  // when it really left something out
  std::uint32_t threads = 1;
  // The texts of the calibration file that recipes may look at, when a run does; those that are used up to
  // its token budget are in the run's executed plan.
  std::optional<CalibrationSet> calibration;
  std::vector<OtherSample> other_samples;  // as many as RunConfig::calibration_seeds, less the first
};

// Opens models and data and resolves recipes, so that everything that can be wrong in them shows here.
// Errors: theirs; kUsage for a recipe that looks at calibration texts when there are none, and for other
// samples of them where no recipe looks at any, or where every sample would be all of the file; kUserInput
// when calibration texts stand in the data (those of other samples too), when the models do not have the same
// labels or the data has none.
[[nodiscard]] Result<RunPlan> plan_run(const RunConfig& config, std::optional<std::uint64_t> limit);

}  // namespace quantier
