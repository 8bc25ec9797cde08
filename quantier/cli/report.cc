#include "quantier/cli/report.h"

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/cli/commands.h"
#include "quantier/pipeline/store_file.h"
#include "quantier/pipeline/stored_runs.h"

namespace quantier::cli {
namespace {

struct Options {
  std::string store;
  std::string config;
  std::string out;
  bool with_texts = false;
};

Result<Report> report_again(const Options& options, Session& session, std::vector<FailureRecord>& failures) {
  const std::filesystem::path file = store_file_of(options.store);
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return fail(ErrorKind::kUserInput, "there is no evidence store", file.string(), "",
                "give the folder that `quantier run --out` wrote");
  }
  QT_TRY(Store store, Store::open(file, Store::Mode::kReadWrite));
  QT_TRY(const RunConfig config, configuration_for(options.config, store));
  ReportOptions report;
  report.out_directory = options.out.empty() ? file.parent_path() : std::filesystem::path(options.out);
  QT_TRY(report.examples_in_file, examples_in_file_of(store));
  report.with_texts = options.with_texts;
  report.progress = session.progress();
  report.interrupt = &session.interrupt;
  QT_TRY(StoreReport made, report_of_store(config, store, report));
  for (const std::string& name : made.missing) {
    session.remark(fmt::format("no run in the store: {}", printable(name)));
  }
  failures = std::move(made.failures);
  return std::move(made.report);
}

void report(const Options& options, Session& session) {
  std::vector<FailureRecord> failures;
  const Result<Report> made = report_again(options, session, failures);
  if (!made) return session.report(made.error());
  session.end_progress();
  remark_failures(failures, session);
  print_report(*made, Json{{"failures", failures_to_json(failures)}}, session);
}

}  // namespace

Json failures_to_json(const std::vector<FailureRecord>& failures) {
  Json list = Json::array();
  for (const FailureRecord& failure : failures) {
    list.push_back({{"configuration", failure.configuration.display()},
                    {"phase", failure.phase},
                    {"what", failure.error.what},
                    {"where", failure.error.where},
                    {"why", failure.error.why},
                    {"hint", failure.error.hint}});
  }
  return list;
}

void remark_failures(const std::vector<FailureRecord>& failures, Session& session) {
  for (const FailureRecord& failure : failures) {
    session.remark(fmt::format("failed: {} ({}): {}", printable(failure.configuration.display()),
                               failure.phase, failure.error.message()));
  }
}

void print_report(const Report& report, Json more, Session& session) {
  // A configuration that failed weighs more than a choice among the others.
  if (session.exit_code == 0 && !report.decision.chosen) {
    session.exit_code = static_cast<int>(ExitCode::kNoCandidate);
  }
  if (session.json) {
    more.update(report_to_json(report));
    return session.print_json(more);
  }
  fmt::print("{}\n", report.summary);
  fmt::print("note:      {}\n", report.files.markdown.string());
  fmt::print("page:      {}\n", report.files.html.string());
  fmt::print("pdf:       {}\n", report.files.pdf.string());
  fmt::print("evidence:  {}\n", report.store);
}

void add_report(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "report",
      "Decide again over what a run measured and write the note anew; measures nothing.\n"
      "Change limits, margins, objectives, tiers or the prior in the TOML and give it with --config.\n"
      "The note is note.md, note.html and note.pdf. What you write into note.md between the marks\n"
      "<!-- keep: NAME --> and <!-- /keep: NAME --> survives, and numbers in it that changed are named.");
  auto options = std::make_shared<Options>();
  command->add_option("DIR", options->store, "Folder that `quantier run` wrote, or its evidence.sqlite")
      ->required();
  command->add_option("--config", options->config,
                      "TOML file to decide by (default: the one that the run was made with, as it was then)");
  command->add_option("--out", options->out, "Folder for the note (default: DIR)");
  command->add_flag("--with-texts", options->with_texts,
                    "Show the texts of flipped examples in the page, read from the configured data");
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([options, &session] { report(*options, session); });
}

}  // namespace quantier::cli
