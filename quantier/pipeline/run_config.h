// The configuration of `quantier run`, read from TOML.
//
// Everything that shapes a result is in this one file and has a default that is written here. An unknown key
// is an error that suggests the nearest known one: a misspelt constraint must not silently be no constraint.
// Paths are relative to the file. Errors: kUsage with file, line and column; kEnvironment when the file
// cannot be read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/checkpoint/model_directory.h"
#include "quantier/dataset/dataset.h"
#include "quantier/engine/builder.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/calibration_set.h"
#include "quantier/pipeline/envelope_config.h"

namespace quantier {

inline constexpr std::uint64_t kMostCalibrationSeeds = 1000;

struct ModelConfig {
  std::string name;  // shown everywhere; unique
  std::filesystem::path path;
  std::optional<std::filesystem::path> base = std::nullopt;  // the base model of an adapter
  AdapterUse adapter = AdapterUse::kMerge;
  [[nodiscard]] ModelLocation location() const { return {path, base, adapter}; }
};

struct DataConfig {
  std::filesystem::path path;
  std::string split = "validation";
  ColumnNames columns;
};

// Classes per tier but the last, which takes the rest.
struct TierConfig {
  std::filesystem::path training_counts;  // JSON: label -> count
  std::vector<std::string> names;
  std::vector<std::size_t> sizes;
};

struct TimingConfig {
  bool enabled = true;
  std::uint64_t throughput_examples = 0;  // 0: the whole split
  std::uint32_t throughput_passes = 3;
  std::uint32_t latency_samples = 200;
  bool workload = true;  // also padded batches of 32 in file order: comparable with notebooks
};

// An open-loop load test of every configuration, after the timing (docs/load_test.md). With neither a rate
// nor `find` the rate is the envelope's; with none there either, the highest one is searched.
struct LoadConfig {
  std::optional<double> rate;  // requests per second, to be confirmed
  bool find = false;           // search for the highest rate
  double percentile = 99.0;
  double bound_ms = 50.0;
  std::optional<double> seconds;  // measured in a trial; absent: what the percentile needs, at least 10
  std::optional<double> warm_up_seconds;
  std::int64_t repeats = 3;
  std::int64_t batch = 32;
  double max_wait_ms = 5.0;
  double resolution = 0.05;
};

// Questions to the same predictions beside the declared comparisons. Everything asked here is exploratory,
// but for a second split, whose answer replaces the computed R of a verdict.
struct AnalysisConfig {
  std::vector<std::string> group_columns;  // of the data file
  std::vector<std::string> group_files;    // FILE.json from id to group, or FILE#KEY (group_input.h)
  std::string second_split;  // name under which the store holds the same configurations; or empty
  // Split that the choice is made on; empty: that of [data]. And one that takes no part in it, on which the
  // choice is then read; empty: none.
  std::string select_on;
  std::string report_on;
};

struct RunConfig {
  std::filesystem::path file;  // where it was read from
  std::string source_text;     // the TOML as read, for the evidence store
  std::string title;
  std::vector<ModelConfig> models;
  std::vector<std::string> recipes;  // names: of known recipes, and of `plans`
  std::vector<PlanRules> plans;      // from `plan = "FILE"`, or a list of files; each has a name
  std::string reference_recipe = "fp16";
  DataConfig data;
  std::optional<TierConfig> tiers;
  std::vector<std::string> named_classes;
  std::uint32_t max_length = 128;  // tokens, special ones included
  std::uint32_t batch_size = 32;
  std::uint32_t threads = 0;  // 0: as many as the machine has
  EngineChoice engine;        // where all configurations run
  std::uint64_t seed = 20260101;
  std::uint32_t bootstrap_replicates = 10000;
  double memory_budget_mb = 600.0;  // of all processes together, while timing
  TimingConfig timing;
  std::optional<LoadConfig> load;
  std::optional<CalibrationOptions> calibration;
  // Samples of calibration texts: the first is the one that is decided by, the others say how much it matters
  // which texts were drawn. No part of a run's key.
  std::uint64_t calibration_seeds = 1;
  RecipeOptions recipe_options;
  AnalysisConfig analysis;
  std::optional<EnvelopeConfig> envelope;
  std::optional<PriorConfig> prior;
  // Of a plan's name, or of a recipe.
  [[nodiscard]] PlanRules rules_of(std::string_view recipe) const;
};

// Configurations that exist already, measured or imported. A file that decides over them needs neither models
// nor recipes nor data: those it does not name are taken from here. The reference is then the recipe of that
// name, or the first one.
struct KnownConfigurations {
  std::vector<std::string> models;
  std::vector<std::string> recipes;
};

[[nodiscard]] Result<RunConfig> read_run_config(const std::filesystem::path& path,
                                                const KnownConfigurations* known = nullptr);
// `directory`: what relative paths start from. `source` names the text in errors.
[[nodiscard]] Result<RunConfig> parse_run_config(std::string_view toml,
                                                 const std::filesystem::path& directory,
                                                 std::string_view source,
                                                 const KnownConfigurations* known = nullptr);

}  // namespace quantier
