#include "quantier/pipeline/stored_runs.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "quantier/base/file.h"
#include "quantier/base/thread_pool.h"
#include "quantier/pipeline/decide_table.h"
#include "quantier/pipeline/report_imported.h"
#include "quantier/pipeline/report_second.h"
#include "quantier/pipeline/run.h"

namespace quantier {
namespace {

// Text and place of a file that a note was made with, by the name of its setting.
constexpr const char* kNoteLimits = "note_limits";
constexpr const char* kNotePrior = "note_prior";

std::string place_of(const char* setting) { return std::string(setting) + "_file"; }

Status keep_file(const char* setting, const std::filesystem::path& path, Store& store) {
  if (path.empty()) return {};
  constexpr std::uint64_t kMaxBytes = 1 << 20;
  QT_TRY(const std::string text, read_text_file(path, kMaxBytes));
  QT_TRY_STATUS(store.set_setting(setting, text));
  return store.set_setting(place_of(setting), std::filesystem::absolute(path).string());
}

// The configuration that a kept file holds; nullopt when none is kept.
Result<std::optional<RunConfig>> kept_file(const char* setting, const KnownConfigurations& known,
                                           Store& store) {
  QT_TRY(const std::optional<std::string> text, store.setting(setting));
  QT_TRY(const std::optional<std::string> file, store.setting(place_of(setting)));
  if (!text || !file) return std::nullopt;
  const std::filesystem::path path = *file;
  QT_TRY(RunConfig config, parse_run_config(*text, path.parent_path(), *file, &known));
  config.file = path;
  return config;
}

}  // namespace

Result<KnownConfigurations> known_configurations(Store& store) {
  KnownConfigurations known;
  QT_TRY(const std::vector<RunSummary> runs, store.runs());
  for (const RunSummary& run : runs) {
    const auto add = [](std::vector<std::string>& names, const std::string& name) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    };
    add(known.models, run.configuration.model);
    add(known.recipes, run.configuration.recipe);
  }
  if (!runs.empty()) return known;
  QT_TRY(const ReportedTable table, reported_table(store));
  return table.known;
}

Result<RunConfig> configuration_of(Store& store) {
  QT_TRY(const KnownConfigurations known, known_configurations(store));
  QT_TRY(const std::optional<std::string> text, store.setting(kConfigurationSetting));
  QT_TRY(const std::optional<std::string> file, store.setting(kConfigurationFileSetting));
  if (!text || !file) {
    return fail(ErrorKind::kUserInput, "the store does not say which configuration it was run with",
                store.path(), "", "name it with --config");
  }
  const std::filesystem::path path = *file;
  QT_TRY(RunConfig config, parse_run_config(*text, path.parent_path(), *file, &known));
  config.file = path;
  return config;
}

Result<std::optional<RunConfig>> kept_configuration(Store& store) {
  QT_TRY(const std::optional<std::string> run_with, store.setting(kConfigurationSetting));
  if (run_with) return configuration_of(store);
  QT_TRY(const KnownConfigurations known, known_configurations(store));
  QT_TRY(std::optional<RunConfig> config, kept_file(kNoteLimits, known, store));
  QT_TRY(const std::optional<RunConfig> prior, kept_file(kNotePrior, known, store));
  if (!prior) return config;
  if (!config) {
    QT_TRY(config, parse_run_config("", {}, "no configuration was given", &known));
  }
  config->prior = prior->prior;
  return config;
}

Result<RunConfig> configuration_for(const std::filesystem::path& file, Store& store) {
  QT_TRY(const KnownConfigurations known, known_configurations(store));
  if (!file.empty()) return read_run_config(file, &known);
  QT_TRY(std::optional<RunConfig> kept, kept_configuration(store));
  if (kept) return *std::move(kept);
  return parse_run_config("", {}, "no configuration was given", &known);
}

Status keep_note_files(const std::filesystem::path& limits, const std::filesystem::path& prior,
                       Store& store) {
  QT_TRY(const std::optional<std::string> run_with, store.setting(kConfigurationSetting));
  if (run_with) return {};
  QT_TRY_STATUS(keep_file(kNoteLimits, limits, store));
  return keep_file(kNotePrior, prior, store);
}

std::uint32_t replicates_of(const RunConfig& config) {
  constexpr std::uint32_t kFewestReplicates = 100;  // of analyze()
  return std::max(config.bootstrap_replicates, kFewestReplicates);
}

Result<std::vector<Run>> load_runs(Store& store, const std::vector<std::string>& keys,
                                   const Watching& watching) {
  std::vector<Run> runs;
  runs.reserve(keys.size());
  for (const std::string& key : keys) {
    if (stop_requested(watching.interrupt)) return interrupted();
    if (watching.progress) watching.progress({"reading evidence", runs.size(), keys.size()});
    QT_TRY(Run run, store.load_run(key));
    runs.push_back(std::move(run));
  }
  return runs;
}

Result<Analysis> analysis_of(const RunConfig& config, Store& store, const std::vector<Run>& runs,
                             const AnalysisTiers& tiers, const Watching& watching) {
  AnalysisOptions analysis;
  analysis.reference_recipe = config.reference_recipe;
  analysis.seed = config.seed;
  analysis.replicates = replicates_of(config);
  const ConfiguredMargins margins = config.envelope.value_or(EnvelopeConfig{}).margins;
  analysis.margin = margins.macro_f1;
  analysis.calibration_margin = std::max(margins.ece, 1e-9);  // no margin: nothing is equivalent
  analysis.named_classes = config.named_classes;
  for (const Run& run : runs) {
    QT_TRY(analysis.noise_floors[run.key], store.noise_floor(run.key));
    QT_TRY(analysis.calibration_samples[run.key], store.calibration_samples(run.key));
  }
  QT_TRY(const std::vector<ReportedValue> reported, store.reported());
  analysis.reported_temperatures = reported_temperatures_of(runs, reported);
  QT_TRY(ReportGroups groups, groups_for_report(config, runs));
  analysis.groups = std::move(groups.groups);
  QT_TRY(const std::vector<Run> second, second_split_for_report(config, store, runs));
  analysis.second_split = &second;
  ThreadPool pool(config.threads != 0 ? config.threads : available_processors());
  analysis.pool = &pool;
  analysis.progress = watching.progress;
  analysis.interrupt = watching.interrupt;
  QT_TRY(Analysis result, analyze(runs, tiers, analysis));
  for (std::string& remark : groups.remarks) result.remarks.push_back(std::move(remark));
  return result;
}

}  // namespace quantier
