// `quantier load`: at which rate of requests a configuration keeps a percentile of the latency under a bound.
//
// One process, the model loaded once; texts of the data in a seeded shuffle at their real lengths, tokenized
// when their batch is taken. Each trial offers requests at Poisson times and goes into the store (where one
// is named) when it is over, with the latency of every request. How many requests a trial has follows from
// the percentile that is claimed. docs/load_test.md has the protocol and its formulas.
//
// Errors: kUsage for what cannot be tested, with the requests that are needed and how long they take; those
// of the model, the data and the store. An interruption after the first trial has begun is no error: the test
// comes back unfinished with the trials it has.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/json.h"
#include "quantier/base/progress.h"
#include "quantier/checkpoint/model_directory.h"
#include "quantier/dataset/dataset.h"
#include "quantier/engine/builder.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/calibration_set.h"
#include "quantier/record/load.h"

namespace quantier {

struct LoadOptions {
  std::filesystem::path model;
  std::optional<std::filesystem::path> base;  // of an adapter
  AdapterUse adapter = AdapterUse::kMerge;
  std::string name;  // in the store; empty: that of the run with the same model there, or the folder's
  PlanRules rules;
  RecipeOptions recipe_options;
  std::filesystem::path data;
  ColumnNames columns;
  std::optional<double> rate;  // requests per second
  bool find = false;           // the highest rate; implied when no rate is given
  double percentile = 99.0;
  double bound_ms = 50.0;
  std::int64_t max_batch = 32;
  double max_wait_ms = 5.0;
  std::optional<double> duration_s;  // measured, of a trial; absent: what the percentile needs, at least 10 s
  std::optional<double> warm_up_s;   // absent: a tenth of the duration, at least 1 s
  std::int64_t repeats = 3;
  double resolution = 0.05;
  std::uint64_t seed = 20260101;
  std::uint32_t max_length = 128;  // tokens, as in `quantier run`
  std::uint32_t threads = 0;       // 0: all that the process may use
  EngineChoice engine;
  std::optional<CalibrationOptions> calibration;  // for recipes that look at data
  std::optional<std::filesystem::path> store;
  // Of the run in the store that this tests, whose plan must be the one that is served; empty: the latest run
  // of the same model there, if any.
  std::string run_key;
  std::optional<std::uint64_t> limit;  // examples whose texts are asked, drawn by `limit_seed` as a run does
  std::uint64_t limit_seed = 0;
  // Go on from the trials of an interrupted test of the same run under the same protocol on this machine.
  bool resume = false;
  std::optional<std::filesystem::path> svg;
  ProgressFunction progress = {};
  const Interrupt* interrupt = nullptr;
};

// What a test will hold fixed. `rate`: that was asked for. Errors: kUsage.
[[nodiscard]] Result<LoadProtocol> plan_load(const LoadOptions& options);

struct LoadOutcome {
  LoadTest test;
  std::vector<std::string> remarks;
};

[[nodiscard]] Result<LoadOutcome> test_load(const LoadOptions& options);

// A table of the trials and what they add up to.
[[nodiscard]] std::string load_text(const LoadOutcome& outcome);
[[nodiscard]] Json load_to_json(const LoadOutcome& outcome);
// The percentile of every trial against its rate, with the bound.
[[nodiscard]] std::string load_figure(const LoadTest& test);

}  // namespace quantier
