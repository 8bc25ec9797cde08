// What every answer about a store begins with: which configuration it is read by, its runs, their analysis.
//
// One place, so that a report, a decision and an audit of the same store speak of the same numbers.
// Errors: those of the store, of the configuration's file and of analyze().
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/progress.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/record/run.h"
#include "quantier/stats/comparisons/analyze.h"

namespace quantier {

struct Watching {
  ProgressFunction progress = {};
  const Interrupt* interrupt = nullptr;
};

// Models and recipes with runs in the store, in the order in which they were added; of a store without runs,
// those that its reported values name.
[[nodiscard]] Result<KnownConfigurations> known_configurations(Store& store);

// The configuration that the store was last run with, as it read then; paths in it are relative to where its
// file lay. Errors: kUserInput when the store holds none; those of parse_run_config().
[[nodiscard]] Result<RunConfig> configuration_of(Store& store);

// The same, or for runs that were imported the limits and the earlier recommendation of the last note over
// them; nullopt when there was none.
[[nodiscard]] Result<std::optional<RunConfig>> kept_configuration(Store& store);

// That of `file`; without one, what the store keeps; where it keeps none, everything in it without limits.
// `file` need not name what the store knows.
[[nodiscard]] Result<RunConfig> configuration_for(const std::filesystem::path& file, Store& store);

// Keeps the files that a note over imported runs was decided by, so that an audit and a check of the note
// read the store in the same way. Either may be empty, and then what was kept before stays.
[[nodiscard]] Status keep_note_files(const std::filesystem::path& limits, const std::filesystem::path& prior,
                                     Store& store);

// As many as analyze() takes at least.
[[nodiscard]] std::uint32_t replicates_of(const RunConfig& config);

[[nodiscard]] Result<std::vector<Run>> load_runs(Store& store, const std::vector<std::string>& keys,
                                                 const Watching& watching);

// Everything the statistics say about runs of the store, with groups, second split, noise floors and the
// temperatures that others reported.
[[nodiscard]] Result<Analysis> analysis_of(const RunConfig& config, Store& store,
                                           const std::vector<Run>& runs, const AnalysisTiers& tiers,
                                           const Watching& watching);

}  // namespace quantier
