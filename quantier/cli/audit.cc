#include "quantier/pipeline/audit.h"

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/cli/commands.h"

namespace quantier::cli {
namespace {

struct Options {
  std::string note;
  std::string store;
  std::string config;
  std::vector<std::string> published;
  std::string out;
  bool all = false;
};

void audit(const Options& options, Session& session) {
  AuditOptions request;
  request.note = options.note;
  request.store = options.store;
  request.config = options.config;
  request.published.assign(options.published.begin(), options.published.end());
  request.out = options.out;
  request.progress = session.progress();
  request.interrupt = &session.interrupt;
  const Result<AuditedFolder> audited = audit_notes(request);
  if (!audited) return session.report(audited.error());
  session.end_progress();
  if (audited->to_look_at() > 0) session.exit_code = static_cast<int>(ExitCode::kToLookAt);
  if (session.json) {
    Json notes = Json::array();
    for (const NoteAudit& each : audited->audits) notes.push_back(audit_json(each));
    Json unreadable = Json::array();
    for (const AuditRow& row : audited->rows) {
      if (!row.problem.empty()) unreadable.push_back({{"note", row.note}, {"problem", row.problem}});
    }
    return session.print_json({{"to_look_at", audited->to_look_at()},
                               {"notes", std::move(notes)},
                               {"unreadable", std::move(unreadable)}});
  }
  if (audited->rows.size() == 1 && audited->audits.size() == 1) {
    fmt::print("{}", audit_text(audited->audits.front(), options.all));
  } else {
    fmt::print("{}", audited->csv);
  }
  if (!audited->csv_file.empty()) fmt::print("\nsheets: {}\n", printable(audited->csv_file.string(), 400));
}

constexpr const char* kDescription =
    "Does a note say what the evidence says? Reads Markdown, notebooks and exported HTML, one or a folder of "
    "them.\n"
    "  quantier audit memo.md --store results                 one sheet on the terminal\n"
    "  quantier audit memos/ --store results --out sheets     a sheet for each, and audit.csv, most to look "
    "at first\n"
    "  quantier audit memo.html                               without evidence: sentences against the note's "
    "own tables\n"
    "It checks numbers (within their own rounding, or the Monte-Carlo error of resampled ones), how strongly "
    "a sentence\n"
    "speaks against the verdict behind it, in-sample told as held-out, modelled told as measured, published "
    "ratios and\n"
    "numbers taken for one's own, and which demanded evidence is there. It quotes what a person should look "
    "at, says what\n"
    "it could not check, and grades nothing; caution is never held against a note.\n"
    "Exit code 8 when there is something to look at, 0 when there is nothing.";

}  // namespace

void add_audit(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("audit", kDescription);
  auto options = std::make_shared<Options>();
  command->add_option("NOTE", options->note, "A note (.md, .ipynb, .html) or a folder of notes")->required();
  command->add_option("--store", options->store,
                      "Evidence: the folder that `quantier run` or `import` wrote, or its evidence.sqlite");
  command->add_option("--config", options->config,
                      "TOML with limits, tiers and named classes (default: that of the store)");
  command->add_option(
      "--published", options->published,
      "TOML with more published numbers ([[work]] with table = true: results that are not one's own)");
  command->add_option("--out", options->out, "Folder for a Markdown sheet per note and audit.csv");
  command->add_flag("--all", options->all, "List every number with what it was found to be");
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([options, &session] { audit(*options, session); });
}

}  // namespace quantier::cli
