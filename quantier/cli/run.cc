#include "quantier/pipeline/run.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/cli/commands.h"
#include "quantier/cli/report.h"
#include "quantier/pipeline/report.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/pipeline/worker.h"

namespace quantier::cli {
namespace {

struct Options {
  std::string config;
  RunOptions run;
  std::string out = "quantier-out";
  std::optional<std::string> device;
  std::optional<std::uint64_t> calibration_seeds;
};

double mib(std::uint64_t bytes) { return static_cast<double>(bytes) / (1024.0 * 1024.0); }

Json to_json(const RunOutcome& outcome) {
  Json runs = Json::array();
  for (std::size_t i = 0; i < outcome.plan.runs.size(); ++i) {
    const PlannedRun& run = outcome.plan.runs[i];
    runs.push_back({{"model", run.configuration.model},
                    {"recipe", run.configuration.recipe},
                    {"device", run.configuration.device},
                    {"key", run.key},
                    {"weight_bytes", run.weight_bytes},
                    {"calibrated", run.is_calibrated},
                    {"calibration_samples_left", run.samples_left},
                    {"finished", run.finished}});
    if (!outcome.estimate) continue;
    runs.back()["estimated_process_bytes"] = outcome.estimate->runs[i].process_bytes;
    runs.back()["estimated_seconds"] = outcome.estimate->runs[i].seconds;
    runs.back()["estimated_load_seconds"] = outcome.estimate->runs[i].load_seconds;
  }
  Json json{{"dry_run", outcome.estimate.has_value()},
            {"store", outcome.estimate ? Json(nullptr) : Json(outcome.store.string())},
            {"examples", outcome.plan.data.size()},
            {"limited", outcome.plan.limit.has_value()},
            {"runs", std::move(runs)},
            {"failures", failures_to_json(outcome.failures)}};
  if (outcome.plan.calibration) {
    json["calibration"] = to_json(outcome.plan.calibration->options);
    json["calibration"]["sha256"] = outcome.plan.calibration->record.sha256;
    json["calibration"]["texts"] = outcome.plan.calibration->texts.size();
    json["calibration"]["overlaps"] = outcome.plan.calibration->record.overlaps;
    json["calibration"]["samples"] = outcome.plan.other_samples.size() + 1;
  }
  if (outcome.estimate) {
    json["estimated_seconds"] = outcome.estimate->seconds;
    json["estimated_tree_bytes"] = outcome.estimate->tree_bytes;
    json["estimated_disk_bytes"] = outcome.estimate->disk_bytes;
  }
  return json;
}

void print_plan(const RunPlan& plan, const RunEstimate& estimate) {
  fmt::print("plan: {} configurations, {} examples{}, {} threads\n", plan.runs.size(), plan.data.size(),
             plan.limit ? fmt::format(" (limited, of {})", plan.examples_in_file) : "", plan.threads);
  if (plan.calibration) {
    const CalibrationSet& set = *plan.calibration;
    fmt::print("calibration: {} of {} texts (seed {}, at most {} tokens) of {}, sha256 {}\n",
               set.texts.size(), set.record.examples_in_file, set.options.seed, set.options.tokens,
               printable(set.record.file, 200), set.record.sha256.substr(0, 16));
    for (const std::string& overlap : set.record.overlaps) fmt::print("  {}\n", overlap);
    if (!plan.other_samples.empty()) {
      fmt::print(
          "  and {} other samples, seeds {} to {}, to see how much it matters which texts were drawn\n",
          plan.other_samples.size(), plan.other_samples.front().options.seed,
          plan.other_samples.back().options.seed);
    }
  }
  const bool load = std::ranges::any_of(estimate.runs, [](const auto& run) { return run.load_seconds > 0; });
  fmt::print("  {:<28} {:>14} {:>16} {:>14}{}\n", "configuration", "weights MiB", "process MiB est.",
             "seconds est.", load ? fmt::format(" {:>16}", "load test s est.") : "");
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    const PlannedRun& run = plan.runs[i];
    fmt::print("  {:<28} {:>14.2f} {:>16.0f} {:>14.0f}{}{}{}\n", printable(run.configuration.display()),
               mib(run.weight_bytes), mib(estimate.runs[i].process_bytes), estimate.runs[i].seconds,
               load ? fmt::format(" {:>16.0f}", estimate.runs[i].load_seconds) : "",
               run.finished ? "  already measured" : "",
               run.finished && run.samples_left > 0
                   ? fmt::format(", but {} of its other samples", run.samples_left)
                   : "");
  }
  fmt::print("  in all about {:.1f} minutes, {:.0f} MiB of memory, {:.0f} MiB of disk\n",
             estimate.seconds / 60.0, mib(estimate.tree_bytes), mib(estimate.disk_bytes));
}

// What was measured, decided and written. The store was closed by the run and is opened again to be read.
Result<Report> report_on(const RunConfig& config, const RunOutcome& outcome, const Options& options,
                         Session& session) {
  QT_TRY(Store store, Store::open(outcome.store, Store::Mode::kReadWrite));
  ReportOptions report;
  report.out_directory = options.out;
  report.examples_in_file = outcome.plan.examples_in_file;
  report.progress = session.progress();
  report.interrupt = &session.interrupt;
  return make_report(config, store, outcome.keys, outcome.failures, report);
}

// A path as it can be typed again.
std::string for_shell(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

void remark_how_to_go_on(const Error& error, const Options& options, Session& session) {
  if (error.kind != ErrorKind::kInterrupted) return;
  const std::string limit = options.run.limit ? fmt::format(" --limit {}", *options.run.limit) : "";
  const std::string device = options.device ? " --device " + *options.device : "";
  const std::string seeds =
      options.calibration_seeds ? fmt::format(" --calibration-seeds {}", *options.calibration_seeds) : "";
  session.remark(fmt::format("to go on: quantier run {} --out {}{}{}{} --resume", for_shell(options.config),
                             for_shell(options.out), device, seeds, limit));
}

void run(Options& options, Session& session) {
  Result<RunConfig> config = read_run_config(options.config);
  if (!config) return session.report(config.error());
  if (options.device) {
    const Result<EngineChoice> engine = parse_device(*options.device);
    if (!engine) return session.report(engine.error());
    config->engine = *engine;
  }
  if (options.calibration_seeds) config->calibration_seeds = *options.calibration_seeds;
  options.run.out_directory = options.out;
  options.run.remark = [&session](std::string_view text) { session.remark(text); };
  const Result<RunOutcome> outcome =
      run_comparison(*config, options.run, session.progress(), &session.interrupt);
  if (!outcome) {
    session.report(outcome.error());
    return remark_how_to_go_on(outcome.error(), options, session);
  }
  session.end_progress();
  if (options.run.dry_run) {
    return session.json ? session.print_json(to_json(*outcome))
                        : print_plan(outcome->plan, *outcome->estimate);
  }
  const Result<Report> report = report_on(*config, *outcome, options, session);
  if (!report) {
    session.report(report.error());
    return remark_how_to_go_on(report.error(), options, session);
  }
  session.end_progress();
  remark_failures(outcome->failures, session);
  if (!outcome->failures.empty()) session.exit_code = static_cast<int>(ExitCode::kRuntimeFailure);
  print_report(*report, to_json(*outcome), session);
}

}  // namespace

void add_run(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "run",
      "The whole line: measure every model at every recipe of a configuration, keep the evidence, decide\n"
      "under its limits and write the note. `quantier init` proposes a configuration.\n"
      "With a [load] table (rate = 100, or find = true; percentile, bound_ms, seconds, repeats) every\n"
      "configuration is load-tested after the timing, as `quantier load` does it, and a limit on requests "
      "per\n"
      "second is then met by what a test confirmed and not by throughput. --dry-run counts its minutes.");
  auto options = std::make_shared<Options>();
  command->add_option("CONFIG", options->config, "TOML file, as `quantier init` proposes it")->required();
  command->add_option("--out", options->out, "Folder for the evidence and the note")->capture_default_str();
  command->add_option("--device", options->device,
                      "cpu, cuda or cuda:N instead of what the configuration says (device = \"cuda\")");
  command
      ->add_option("--calibration-seeds", options->calibration_seeds,
                   "Calibrate and predict with N samples of the calibration texts instead of what the\n"
                   "configuration says (seeds under [calibration]), drawn by the seeds from its own on; the "
                   "first is\ndecided by, and the note says how much quality and predictions move")
      ->check(CLI::Range(std::uint64_t{1}, kMostCalibrationSeeds));
  command->add_flag("--resume", options->run.resume,
                    "Go on where an earlier run stopped; finished runs are kept");
  command->add_option("--limit", options->run.limit, "Only N examples, drawn by seed and stratified by label")
      ->check(CLI::PositiveNumber);
  command->add_flag("--dry-run", options->run.dry_run,
                    "Print the plan with estimated minutes, memory and disk");
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([options, &session] { run(*options, session); });
}

void add_worker(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("worker", "");
  command->group("");  // not shown: `run` starts it
  command->callback([&session] {
    if (const Status status = serve_worker(0, 1); !status) session.report(status.error());
  });
}

}  // namespace quantier::cli
