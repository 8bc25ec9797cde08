#include "quantier/pipeline/run_load.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/clock.h"
#include "quantier/pipeline/load_search.h"
#include "quantier/pipeline/provenance.h"
#include "quantier/pipeline/run_timing.h"
#include "quantier/pipeline/worker.h"
#include "quantier/record/load_json.h"

namespace quantier {
namespace {

constexpr std::string_view kSource = "command to a worker";
constexpr const char* kPhase = "load";
constexpr double kTrialsToBracket = 2.0;
// A trial as it stands in the store, beside eight bytes for each latency.
constexpr double kTrialBytes = 1500.0;

bool same_question(const LoadTest& test, const LoadProtocol& protocol, const LoadConfig& load,
                   const std::string& key) {
  const bool searched = std::ranges::any_of(
      test.trials, [](const LoadTrial& trial) { return trial.kind == LoadTrialKind::kSearch; });
  return test.finished && test.run_key == key && test.asked_rate == load.rate && searched == load.find &&
         to_json(test.protocol) == to_json(protocol);
}

// The words of the command line are not those of the file.
std::string in_words_of_file(std::string text) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"--duration", "`seconds`"},        {"--warm-up", "`warm_up_seconds`"},
      {"--percentile", "`percentile`"},   {"--rate", "`rate`"},
      {"--repeats", "`repeats`"},         {"--batch", "`batch`"},
      {"--max-wait-ms", "`max_wait_ms`"}, {"--resolution", "`resolution`"},
      {"--bound-ms", "`bound_ms`"},
  };
  for (const auto& [flag, key] : kWords) {
    for (std::size_t at = text.find(flag); at != std::string::npos; at = text.find(flag, at + key.size())) {
      text.replace(at, flag.size(), key);
    }
  }
  return text;
}

std::string said(const LoadTest& test) {
  const LoadSummary& summary = test.summary;
  const std::string criterion = fmt::format("p{:g} <= {:g} ms", test.protocol.percentile,
                                            static_cast<double>(test.protocol.bound_ns) * 1e-6);
  if (!summary.highest_confirmed_rate) {
    return fmt::format("{}: no rate was confirmed at {}", test.configuration.display(), criterion);
  }
  return fmt::format("{}: {:.4g} requests/s confirmed at {}", test.configuration.display(),
                     *summary.highest_confirmed_rate, criterion);
}

}  // namespace

LoadOptions load_options_for(const RunConfig& config, const RunPlan& plan, const PlannedRun& run) {
  const LoadConfig& load = *config.load;
  LoadOptions options;
  options.model = config.models[run.model].path;
  options.base = config.models[run.model].base;
  options.adapter = config.models[run.model].adapter;
  options.name = run.configuration.model;
  options.rules = config.rules_of(run.configuration.recipe);
  options.recipe_options = config.recipe_options;
  options.data = config.data.path;
  options.columns = config.data.columns;
  options.rate = load.rate;
  options.find = load.find;
  options.percentile = load.percentile;
  options.bound_ms = load.bound_ms;
  options.max_batch = load.batch;
  options.max_wait_ms = load.max_wait_ms;
  options.duration_s = load.seconds;
  options.warm_up_s = load.warm_up_seconds;
  options.repeats = load.repeats;
  options.resolution = load.resolution;
  options.seed = config.seed;
  options.max_length = config.max_length;
  options.threads = plan.threads;
  options.run_key = run.key;
  if (run.is_calibrated) options.calibration = config.calibration;
  options.limit = plan.limit;
  options.limit_seed = config.seed;
  options.resume = true;
  return options;
}

Result<LoadProtocol> plan_run_load(const RunConfig& config, const RunPlan& plan) {
  Result<LoadProtocol> protocol = plan_load(load_options_for(config, plan, plan.runs.front()));
  if (protocol) return protocol;
  Error error = std::move(protocol).error();
  for (std::string* text : {&error.what, &error.why, &error.hint}) *text = in_words_of_file(std::move(*text));
  error.where = config.file.empty() ? "[load]" : fmt::format("{}, [load]", config.file.string());
  return std::unexpected(std::move(error));
}

Result<std::vector<bool>> finished_load_tests(const RunConfig& config, const RunPlan& plan, Store& store) {
  std::vector<bool> finished(plan.runs.size(), false);
  if (!config.load || plan.runs.empty()) return finished;
  QT_TRY(const LoadProtocol protocol, plan_run_load(config, plan));
  QT_TRY(const std::vector<LoadTest> tests, store.load_results());
  const Provenance here = describe_machine(plan.threads);
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    finished[i] = std::ranges::any_of(tests, [&](const LoadTest& test) {
      return same_question(test, protocol, *config.load, plan.runs[i].key) &&
             test.provenance.machine == here.machine;
    });
  }
  return finished;
}

Result<bool> test_load_of_runs(const RunConfig& config, const RunPlan& plan, Store& store,
                               const WorkerCommandLine& worker,
                               const std::function<void(std::string_view)>& remark,
                               const ProgressFunction& progress, const Interrupt* interrupt) {
  if (!config.load) return false;
  QT_TRY(const std::vector<bool> finished, finished_load_tests(config, plan, store));
  bool anything = false;
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    const PlannedRun& run = plan.runs[i];
    if (!run.finished || finished[i]) continue;
    if (stop_requested(interrupt)) return interrupted();
    anything = true;
    QT_TRY_STATUS(store.remove_failures(run.key, kPhase));
    const std::string name = run.configuration.display();
    LoadOptions options = load_options_for(config, plan, run);
    options.store = std::filesystem::path(store.path());
    const auto test = [&]() -> Result<WorkerReply> {
      QT_TRY(WorkerClient client, WorkerClient::spawn(name, worker));
      return client.request(load_test_command(options), name + ": load test", progress, interrupt);
    };
    const Result<WorkerReply> reply = test();
    if (!reply) {
      if (reply.error().kind == ErrorKind::kInterrupted) return std::unexpected(reply.error());
      if (remark) remark(fmt::format("{} failed under load: {}", name, reply.error().message()));
      QT_TRY_STATUS(
          store.add_failure({run.configuration, run.key, kPhase, utc_now_rfc3339(), reply.error()}));
      continue;
    }
    if (!remark) continue;
    if (const auto remarks = reply->body.find("remarks"); remarks != reply->body.end()) {
      for (const Json& each : *remarks) {
        if (each.is_string()) remark(name + ": " + in_words_of_file(each.get<std::string>()));
      }
    }
    QT_TRY(const std::vector<LoadTest> tests, store.load_results());
    for (auto each = tests.rbegin(); each != tests.rend(); ++each) {
      if (each->run_key != run.key) continue;
      remark(said(*each));
      break;
    }
  }
  return anything;
}

LoadTestEstimate estimate_load_test(const LoadConfig& load, const LoadProtocol& protocol,
                                    double texts_per_second) {
  const double rate = load.rate.value_or(0.5 * texts_per_second);
  const double trial_s = std::max(static_cast<double>(protocol.trial_ns) * 1e-9,
                                  static_cast<double>(protocol.trial_requests) / std::max(rate, 1e-3));
  double trials = static_cast<double>(protocol.repeats);
  if (load.find) {
    const double halvings = std::log2(std::log(2.0) / std::log1p(protocol.resolution));
    trials += kTrialsToBracket + std::ceil(std::max(0.0, halvings));
  }
  return {
      .seconds = trials * (trial_s + static_cast<double>(protocol.warm_up_ns) * 1e-9),
      .trials = trials,
      .bytes = static_cast<std::uint64_t>(trials * (kTrialBytes + sizeof(std::int64_t) * trial_s * rate))};
}

Json load_test_command(const LoadOptions& options) {
  Json json = to_json(WorkerLoad{.model = options.model,
                                 .base = options.base,
                                 .adapter = options.adapter,
                                 .rules = options.rules,
                                 .options = options.recipe_options,
                                 .data = options.data,
                                 .columns = options.columns,
                                 .limit = options.limit,
                                 .seed = options.seed,
                                 .max_length = options.max_length,
                                 .threads = options.threads,
                                 .calibration = options.calibration});
  json["command"] = "load_test";
  json["name"] = options.name;
  json["rate"] = options.rate ? Json(*options.rate) : Json(nullptr);
  json["find"] = options.find;
  json["percentile"] = options.percentile;
  json["bound_ms"] = options.bound_ms;
  json["max_batch"] = options.max_batch;
  json["max_wait_ms"] = options.max_wait_ms;
  json["duration_s"] = options.duration_s ? Json(*options.duration_s) : Json(nullptr);
  json["warm_up_s"] = options.warm_up_s ? Json(*options.warm_up_s) : Json(nullptr);
  json["repeats"] = options.repeats;
  json["resolution"] = options.resolution;
  json["store"] = options.store ? Json(options.store->string()) : Json(nullptr);
  json["run_key"] = options.run_key;
  json["resume"] = options.resume;
  return json;
}

Result<LoadOptions> load_options_from_json(const Json& json) {
  QT_TRY(const WorkerLoad load, worker_load_from_json(json));
  LoadOptions options;
  options.model = load.model;
  options.base = load.base;
  options.adapter = load.adapter;
  options.rules = load.rules;
  options.recipe_options = load.options;
  options.data = load.data;
  options.columns = load.columns;
  options.limit = load.limit;
  options.limit_seed = load.seed;
  options.seed = load.seed;
  options.max_length = load.max_length;
  options.threads = load.threads;
  options.engine = load.engine;
  options.calibration = load.calibration;
  QT_TRY(options.name, json_get<std::string>(json, "name", kSource));
  QT_TRY(options.rate, json_find<double>(json, "rate", kSource));
  QT_TRY(options.find, json_get<bool>(json, "find", kSource));
  QT_TRY(options.percentile, json_get<double>(json, "percentile", kSource));
  QT_TRY(options.bound_ms, json_get<double>(json, "bound_ms", kSource));
  QT_TRY(options.max_batch, json_get<std::int64_t>(json, "max_batch", kSource));
  QT_TRY(options.max_wait_ms, json_get<double>(json, "max_wait_ms", kSource));
  QT_TRY(options.duration_s, json_find<double>(json, "duration_s", kSource));
  QT_TRY(options.warm_up_s, json_find<double>(json, "warm_up_s", kSource));
  QT_TRY(options.repeats, json_get<std::int64_t>(json, "repeats", kSource));
  QT_TRY(options.resolution, json_get<double>(json, "resolution", kSource));
  QT_TRY(const std::optional<std::string> store, json_find<std::string>(json, "store", kSource));
  if (store) options.store = *store;
  QT_TRY(options.run_key, json_get<std::string>(json, "run_key", kSource));
  QT_TRY(options.resume, json_get<bool>(json, "resume", kSource));
  return options;
}

}  // namespace quantier
