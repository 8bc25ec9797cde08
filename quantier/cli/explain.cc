#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/cli/commands.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/findings.h"
#include "quantier/pipeline/store_file.h"
#include "quantier/pipeline/toml_section.h"

namespace quantier::cli {
namespace {

struct Options {
  std::string store;
  std::string name;
};

Result<std::vector<Finding>> stored_findings(const Options& options) {
  const std::filesystem::path file = store_file_of(options.store);
  QT_TRY(Store store, Store::open(file, Store::Mode::kReadOnly));
  QT_TRY(const std::optional<std::string> text, store.setting(kFindingsSetting));
  if (!text) {
    return fail(ErrorKind::kUserInput, "the store holds no findings", file.string(),
                "nothing was reported yet", "`quantier report` makes them from the runs in it");
  }
  QT_TRY(std::vector<Finding> findings, findings_from_json(*text, file.string()));
  if (options.name.empty()) return findings;
  std::vector<std::string> names;
  for (Finding& finding : findings) {
    if (finding.name == options.name) return std::vector{std::move(finding)};
    names.push_back(finding.name);
  }
  return fail(ErrorKind::kUsage, fmt::format("there is no finding \"{}\"", printable(options.name, 80)),
              file.string(), fmt::format("{} findings are stored", names.size()),
              suggestion(options.name, names));
}

void print_list(const std::vector<Finding>& findings) {
  std::size_t width = 0;
  for (const Finding& finding : findings) width = std::max(width, finding.name.size());
  for (const Finding& finding : findings) {
    fmt::print("{:<{}}  {}{}{}\n", printable(finding.name, 200), width, printable(finding.statement, 300),
               finding.verdict.empty() ? "" : " | " + finding.verdict,
               finding.exploratory ? " (exploratory)" : "");
  }
}

void print_one(const Finding& finding) {
  fmt::print("{}\n\n", printable(finding.statement, 300));
  std::size_t width = 8;
  for (const auto& [what, how] : finding.arithmetic) width = std::max(width, what.size());
  const auto line = [&](const std::string& what, const std::string& how) {
    fmt::print("  {:<{}}  {}\n", what, width, printable(how, 400));
  };
  for (const auto& [what, how] : finding.arithmetic) line(what, how);
  if (finding.interval &&
      finding.arithmetic.end() ==
          std::ranges::find(finding.arithmetic, "interval", &std::pair<std::string, std::string>::first)) {
    line("interval",
         fmt::format("[{:+.6f}, {:+.6f}] at {:g} % ({})", finding.interval->low, finding.interval->high,
                     100.0 * finding.interval->level, finding.interval->method));
  }
  if (!finding.verdict.empty()) line("verdict", finding.verdict);
  if (finding.exploratory) line("family", "exploratory: not among the comparisons declared beforehand");
  for (const std::string& run : finding.runs) line("run", run);
}

void explain(const Options& options, Session& session) {
  const Result<std::vector<Finding>> findings = stored_findings(options);
  if (!findings) return session.report(findings.error());
  if (session.json) return session.print_json(Json{{"findings", findings_to_json(*findings)}});
  options.name.empty() ? print_list(*findings) : print_one(findings->front());
}

}  // namespace

void add_explain(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "explain",
      "What a finding rests on: the counts behind it and the arithmetic from them to the verdict, so that\n"
      "anyone can repeat it. Without a name it lists all findings of the latest report.");
  auto options = std::make_shared<Options>();
  command
      ->add_option("STORE", options->store, "Folder that `quantier run --out` wrote, or its evidence.sqlite")
      ->required();
  command->add_option("FINDING", options->name, "Name of a finding, for example encoder/int4/tail/accuracy");
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([options, &session] { explain(*options, session); });
}

}  // namespace quantier::cli
