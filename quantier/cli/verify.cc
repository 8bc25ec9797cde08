#include "quantier/pipeline/verify.h"

#include <memory>
#include <string>

#include <fmt/format.h>

#include "quantier/cli/commands.h"

namespace quantier::cli {
namespace {

struct Options {
  std::string note;
  std::string store;
  std::string config;
  bool rerun = false;
  bool all = false;
};

void verify(const Options& options, Session& session) {
  VerifyOptions request;
  request.note = options.note;
  request.store = options.store;
  request.config = options.config;
  request.rerun = options.rerun;
  request.progress = session.progress();
  request.interrupt = &session.interrupt;
  const Result<Verification> verification = verify_note(request);
  if (!verification) return session.report(verification.error());
  session.end_progress();
  if (verification->to_look_at() > 0) session.exit_code = static_cast<int>(ExitCode::kToLookAt);
  if (session.json) return session.print_json(verification_json(*verification));
  fmt::print("{}", verification_text(*verification, options.all));
}

constexpr const char* kDescription =
    "Do the figures of a note still stand? Every number of note.md that carries a reference, against the\n"
    "finding behind it:\n"
    "  quantier verify results/note.md --store results            as the store has the findings\n"
    "  quantier verify results/note.md --store results --rerun    analysed again from the runs in it\n"
    "Each figure is identical (the finding rounds to it), inside (what is written lies in the interval that\n"
    "the finding has), moved, or has an unknown reference. What is not identical is named with its line, "
    "its\n"
    "finding and the value now; `quantier explain STORE FINDING` takes that apart.\n"
    "Exit code 8 when something moved or is unknown, 0 otherwise.";

}  // namespace

void add_verify(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("verify", kDescription);
  auto options = std::make_shared<Options>();
  command->add_option("NOTE", options->note, "A note.md that Quantier wrote, or the folder it lies in")
      ->required();
  command
      ->add_option("--store", options->store,
                   "Folder that `quantier run` or `import` wrote, or its evidence.sqlite")
      ->required();
  CLI::Option* rerun = command->add_flag("--rerun", options->rerun,
                                         "Analyse the runs of the store again; the store stays as it is");
  command
      ->add_option("--config", options->config,
                   "TOML to analyse by (default: that of the store), where the note was made by another one")
      ->needs(rerun);
  command->add_flag("--all", options->all, "List every figure, identical ones too");
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([options, &session] { verify(*options, session); });
}

}  // namespace quantier::cli
