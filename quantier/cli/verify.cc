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
    "Each figure is identical (the finding rounds to it) or not. Where the findings are those that the note "
    "was made\n"
    "from (their key stands in its appendix), what is not identical is altered: somebody changed the note. "
    "Where they\n"
    "are others (more runs, other limits, another store), it is inside (what is written lies in the interval "
    "that the\n"
    "finding has now) or moved. A reference that the store does not have is unknown. What is not identical "
    "is named\n"
    "with its line, its finding and the value now; `quantier explain STORE FINDING` takes that apart.\n"
    "Exit code 8 when something is altered, moved or unknown; 0 when all is identical or inside.";

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
