// From runs to findings: everything that the decision and the note read, computed in one call.
//
// Differences are only ever taken between runs over the same examples, so all runs must agree on split,
// limit, labels, label names and (where known) example ids. Each recipe other than the reference recipe is
// compared with the reference recipe of the same model on the same device, over all examples and over each
// tier that has any; Holm's correction runs over exactly that set, which is known before anything is looked
// at. A comparison, or a class, that cannot be computed becomes a remark, never a zero.
//
// Deterministic: the same runs and options give the same Analysis with any number of threads.
// Errors: kUsage for options that cannot mean anything (no runs, the same configuration twice, unknown named
// class, tiers of another label set); kUserInput for runs that cannot be compared (labels missing or
// different, another number of examples); kInterrupted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/progress.h"
#include "quantier/base/thread_pool.h"
#include "quantier/record/noise_floor.h"
#include "quantier/record/run.h"
#include "quantier/stats/comparisons/analysis.h"
#include "quantier/stats/estimators/temperature_recipe.h"

namespace quantier {

// Both empty: no tiers.
struct AnalysisTiers {
  std::vector<std::string> names;           // {"head", "mid", "tail"}, in the order of the findings
  std::vector<std::int32_t> tier_of_class;  // [classes]: index into `names`, or -1 for a class in no tier
};

// A grouping of the examples that was not planned: a column of the data, or a file from id to group.
struct ExampleGroups {
  std::string column;
  std::vector<std::string> group_of_example;  // [examples]; empty: in no group
};

struct AnalysisOptions {
  std::string reference_recipe = "fp16";
  std::uint64_t seed = 20260101;
  std::uint32_t replicates = 10000;        // of the bootstrap; at least 100
  double margin = 0.01;                    // accuracy differences inside (-margin, margin) are negligible
  double gate_threshold = 0.8;             // confidence at or above which an answer passes
  std::vector<std::string> named_classes;  // labels to follow one by one
  std::map<std::string, std::vector<NoiseFloor>> noise_floors;  // by run key
  std::vector<ExampleGroups> groups;               // compared beside the declared family, as exploratory
  const std::vector<Run>* second_split = nullptr;  // the same configurations on another split: replaces R
  std::uint32_t calibration_replicates = 1000;     // with a temperature fitted in each; 0: none
  double calibration_margin = 0.01;                // differences of calibration errors inside are negligible
  std::vector<double> gate_thresholds = {0.5, 0.6, 0.7, 0.9, 0.95};  // beside gate_threshold
  std::map<std::string, double> reported_temperatures;               // by run key: what somebody else fitted
  std::vector<TemperatureRecipe> temperature_recipes;                // fits of other programs to reproduce
  std::map<std::string, std::vector<CalibrationSample>> calibration_samples;  // by run key
  ThreadPool* pool = nullptr;            // null: everything on the calling thread
  ProgressFunction progress;             // may be empty
  const Interrupt* interrupt = nullptr;  // null: never
};

[[nodiscard]] Result<Analysis> analyze(const std::vector<Run>& runs, const AnalysisTiers& tiers,
                                       const AnalysisOptions& options);

}  // namespace quantier
