#include "quantier/pipeline/run.h"

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
};

double mib(std::uint64_t bytes) { return static_cast<double>(bytes) / (1024.0 * 1024.0); }

Json to_json(const RunOutcome& outcome, bool dry_run) {
  Json runs = Json::array();
  for (const PlannedRun& run : outcome.plan.runs) {
    runs.push_back({{"model", run.configuration.model},
                    {"recipe", run.configuration.recipe},
                    {"device", run.configuration.device},
                    {"key", run.key},
                    {"weight_bytes", run.weight_bytes},
                    {"estimated_process_bytes", run.estimated_process_bytes},
                    {"estimated_seconds", run.estimated_seconds},
                    {"finished", run.finished}});
  }
  return Json{{"dry_run", dry_run},
              {"store", dry_run ? Json(nullptr) : Json(outcome.store.string())},
              {"examples", outcome.plan.data.size()},
              {"limited", outcome.plan.limit.has_value()},
              {"estimated_seconds", outcome.plan.estimated_seconds},
              {"estimated_tree_bytes", outcome.plan.estimated_tree_bytes},
              {"estimated_disk_bytes", outcome.plan.estimated_disk_bytes},
              {"runs", std::move(runs)},
              {"failures", failures_to_json(outcome.failures)}};
}

void print_plan(const RunPlan& plan) {
  fmt::print("plan: {} configurations, {} examples{}, {} threads\n", plan.runs.size(), plan.data.size(),
             plan.limit ? fmt::format(" (limited, of {})", plan.examples_in_file) : "", plan.threads);
  fmt::print("  {:<28} {:>14} {:>16} {:>14}\n", "configuration", "weights MiB", "process MiB est.",
             "seconds est.");
  for (const PlannedRun& run : plan.runs) {
    fmt::print("  {:<28} {:>14.2f} {:>16.0f} {:>14.0f}{}\n", printable(run.configuration.display()),
               mib(run.weight_bytes), mib(run.estimated_process_bytes), run.estimated_seconds,
               run.finished ? "  already measured" : "");
  }
  fmt::print("  in all about {:.1f} minutes, {:.0f} MiB of memory, {:.0f} MiB of disk\n",
             plan.estimated_seconds / 60.0, mib(plan.estimated_tree_bytes), mib(plan.estimated_disk_bytes));
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

void remark_how_to_go_on(const Error& error, const Options& options, Session& session) {
  if (error.kind != ErrorKind::kInterrupted) return;
  session.remark(fmt::format("to go on: quantier run {} --out {} --resume", options.config, options.out));
}

void run(Options& options, Session& session) {
  const Result<RunConfig> config = read_run_config(options.config);
  if (!config) return session.report(config.error());
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
    return session.json ? session.print_json(to_json(*outcome, true)) : print_plan(outcome->plan);
  }
  const Result<Report> report = report_on(*config, *outcome, options, session);
  if (!report) {
    session.report(report.error());
    return remark_how_to_go_on(report.error(), options, session);
  }
  session.end_progress();
  remark_failures(outcome->failures, session);
  if (!outcome->failures.empty()) session.exit_code = static_cast<int>(ExitCode::kRuntimeFailure);
  print_report(*report, to_json(*outcome, false), session);
}

}  // namespace

void add_run(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "run",
      "The whole line: measure every model at every recipe of a configuration, keep the evidence, decide\n"
      "under its limits and write the note. `quantier init` proposes a configuration.");
  auto options = std::make_shared<Options>();
  command->add_option("CONFIG", options->config, "TOML file, as `quantier init` proposes it")->required();
  command->add_option("--out", options->out, "Folder for the evidence and the note")->capture_default_str();
  command->add_flag("--resume", options->run.resume,
                    "Go on where an earlier run stopped; finished runs are kept");
  command->add_option("--limit", options->run.limit,
                      "Only N examples, drawn by seed and stratified by label");
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
