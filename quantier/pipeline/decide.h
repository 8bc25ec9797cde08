// `quantier decide`: a choice over what a store holds, under limits that may be new.
//
// Reads three kinds of stores: runs that Quantier measured, imported predictions, and imported tables without
// predictions (then numbers are points, ties come from the declared margins, and nothing has a probability).
// The first decision over a set of runs analyses them and keeps what it needs in the store; later ones read
// that and no logits. Runs over different examples or label sets are never decided between.
// Errors: kUsage for limits that cannot mean anything, metrics and configurations that do not exist;
// kUserInput for a store without anything to decide, or with mixed data; those of the store.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/json.h"
#include "quantier/base/progress.h"
#include "quantier/decide/decision.h"

namespace quantier {

struct DecideRequest {
  std::filesystem::path store;  // evidence.sqlite, or its folder
  std::string config;           // of a run; empty: the one that the store was run with, if any
  std::string envelope;         // a file of limits; empty: those of the configuration
  // Each in the place of the same limit of the file.
  std::optional<double> max_ece;
  std::optional<double> min_macro_f1;
  std::optional<double> max_ms;
  std::optional<double> max_memory_mb;
  std::optional<double> rate;
  std::string rate_from;  // "throughput", "load"; empty: as the file says
  std::optional<double> rate_percentile;
  std::optional<double> rate_bound_ms;
  std::string protocol;
  std::string device;
  std::vector<std::string> require;   // "tail accuracy >= 0.6"
  std::vector<std::string> prefer;    // the same, soft
  std::vector<std::string> frontier;  // axes
  std::string when;                   // a configuration
  std::string select_on;              // split that the choice is made on; empty: as the configuration says
  std::string report_on;              // split that the choice is then read on; empty: the same
  ProgressFunction progress = {};
  const Interrupt* interrupt = nullptr;
};

struct DecideResult {
  Decision decision;
  std::optional<WhenAnswer> when;
  std::vector<std::string> remarks;
  std::string store;
  std::uint64_t examples = 0;  // 0: of a table
  bool from_store = false;     // the replicates were there already
};

[[nodiscard]] Result<DecideResult> decide_store(const DecideRequest& request);

[[nodiscard]] Json decision_to_json(const Decision& decision);
[[nodiscard]] Json decide_to_json(const DecideResult& result);

}  // namespace quantier
