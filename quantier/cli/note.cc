#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/cli/commands.h"
#include "quantier/cli/report.h"
#include "quantier/pipeline/note_from.h"

namespace quantier::cli {
namespace {

struct Options {
  NoteFromOptions note;
  std::string store = "quantier-note";
  std::vector<std::string> temperatures;
};

void write_note(Options& options, Session& session) {
  options.note.import.store = options.store;
  for (const std::string& text : options.temperatures) {
    Result<TemperatureRecipe> recipe = parse_temperature_recipe(text);
    if (!recipe) return session.report(recipe.error());
    options.note.import.temperature_recipes.push_back(*std::move(recipe));
  }
  options.note.import.progress = session.progress();
  options.note.import.interrupt = &session.interrupt;
  const Result<NoteFrom> made = note_from(options.note);
  if (!made) return session.report(made.error());
  session.end_progress();
  Json more = {{"failures", failures_to_json(made->failures)}};
  if (made->import) {
    for (const std::string& remark : made->import->remarks) session.remark(remark);
    if (options.note.import.device.empty()) {
      session.remark("no --device was declared: time and memory in these files pass no limit");
    }
    more["import"] = import_to_json(*made->import);
  }
  for (const std::string& name : made->missing) {
    session.remark(fmt::format("no numbers of {}", printable(name)));
  }
  remark_failures(made->failures, session);
  print_report(made->report, std::move(more), session);
}

constexpr const char* kDescription =
    "From the files of a measuring notebook to a technical note, in one step: import, analyse, decide, "
    "write.\n"
    "  quantier note --from notebook/ --envelope limits.toml --device \"my card\" --out results\n"
    "Models, recipes, tiers and followed classes come from the files (`quantier import --help` says which "
    "are\n"
    "read, and `quantier import` alone shows where your numbers and Quantier's differ, and why). "
    "limits.toml:\n"
    "  [envelope]                      [prior]\n"
    "  requests_per_second = 100       text = \"Ship the decoder.\"\n"
    "  ms_per_example_max = 10.0       model = \"decoder\"\n"
    "  macro_f1_min = 0.20             recipe = \"fp16\"\n"
    "  ece_max = 0.05                  why = \"Its macro-F1 is higher.\"\n"
    "A folder that `quantier run` or `import` wrote is decided over as it is. A folder that holds a table "
    "and\n"
    "no predictions gives a note over the stated numbers: decided inside declared margins, labelled as "
    "stated,\n"
    "with a marked gap, and the command that fills it, wherever the predictions would be needed.";

}  // namespace

void add_note(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("note", kDescription);
  auto options = std::make_shared<Options>();
  NoteFromOptions& note = options->note;
  command->add_option("--from", note.import.paths, "Folders or files with evidence")->required();
  command->add_option("--envelope", note.envelope,
                      "TOML with the limits; without it nothing is limited, or what the last note over this "
                      "store was limited by");
  command->add_option("--prior", note.prior,
                      "TOML with [prior], what was recommended before; replaces that of the envelope");
  command->add_option("--device", note.import.device,
                      "On what it was measured; without it time and memory pass no limit");
  command->add_option("--out", options->store, "Folder for the evidence store and the note")
      ->capture_default_str();
  command->add_option("--temperature", options->temperatures,
                      "How the files fitted T: lbfgs:lr=LR,steps=N, gd:lr=LR,steps=N or adam:lr=LR,steps=N");
  command->add_option("--label-names", note.import.label_names,
                      "JSON with the names of the classes in the order of the logits, or a config.json");
  command->add_option("--split", note.import.split, "Name of the split")->capture_default_str();
  command->add_option("--reference", note.import.reference_recipe, "Recipe that the others are compared with")
      ->capture_default_str();
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([options, &session] { write_note(*options, session); });
}

}  // namespace quantier::cli
