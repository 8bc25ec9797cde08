#include "quantier/pipeline/import.h"

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/cli/commands.h"
#include "quantier/cli/prediction_flags.h"

namespace quantier::cli {
namespace {

struct Options {
  ImportOptions import;
  PredictionFlags reading;
  std::vector<std::string> temperatures;
  double ece_limit = 0.0;  // 0: none given
};

void run_import(Options& options, Session& session) {
  const Status read = apply(options.reading, options.import.reading);
  if (!read) return session.report(read.error());
  for (const std::string& text : options.temperatures) {
    Result<TemperatureRecipe> recipe = parse_temperature_recipe(text);
    if (!recipe) return session.report(recipe.error());
    options.import.temperature_recipes.push_back(*std::move(recipe));
  }
  if (options.ece_limit > 0.0) options.import.ece_limit = options.ece_limit;
  options.import.progress = session.progress();
  options.import.interrupt = &session.interrupt;
  const Result<ImportReport> report = import_evidence(options.import);
  if (!report) return session.report(report.error());
  session.end_progress();
  for (const std::string& remark : report->remarks) session.remark(remark);
  if (session.json && report->unexplained > 0) {
    Json document = import_to_json(*report);
    const Error error = unexplained_error(*report);
    session.exit_code = exit_code_for(error, 0);
    document["error"] = {{"what", error.what},
                         {"where", error.where},
                         {"why", error.why},
                         {"hint", error.hint},
                         {"exit_code", session.exit_code}};
    return session.print_json(document);
  }
  if (session.json) return session.print_json(import_to_json(*report));
  fmt::print("{}", import_text(*report));
  if (report->unexplained > 0) session.report(unexplained_error(*report));
}

constexpr const char* kDescription =
    "Bring evidence that others made into a store, and say where your files and Quantier differ, and why.\n"
    "Recognised by keys and columns, in a folder or one by one:\n"
    "  npz   {model}_{recipe}_logits beside one array of labels (and of tiers); or {model}_logits with\n"
    "        {model}_labels: predictions of an earlier time; or one model's logits, labels, ids\n"
    "  csv   model, precision and numbers: accuracy, macro_f1, latency_ms, vram_gb, ece_pre, T, ece_post\n"
    "  json  numbers under models, recipes, tiers and classes; a list of class names; training counts\n"
    "  toml  [[earlier]] with what, value, when, how: anything measured before\n"
    "Every stated number is computed again from the logits. A difference that rounding, an unfinished\n"
    "temperature fit, a bootstrap mean or a seed does not explain is an error, and nothing is stored.\n"
    "  quantier import notebook/ --out results --device \"my card\"\n"
    "  quantier import notebook/ --out results --temperature lbfgs:lr=0.05,steps=20 --max-ece 0.06\n"
    "  quantier compare --store results \"encoder fp16\" \"encoder int4\"";

}  // namespace

void add_import(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("import", kDescription);
  auto options = std::make_shared<Options>();
  command->add_option("PATH", options->import.paths, "Folders or files")->required();
  command->add_option("--out", options->import.store, "Folder of the store, or its evidence.sqlite")
      ->required();
  command->add_option("--device", options->import.device,
                      "On what it was measured; without it time and memory pass no limit");
  command->add_option(
      "--temperature", options->temperatures,
      "How the files fitted T: lbfgs:lr=LR,steps=N (calls=N), gd:lr=LR,steps=N or adam:lr=LR,steps=N. "
      "Quantier fits so too; a T that comes out otherwise is an error. ECE stands at both and at the "
      "optimum");
  command
      ->add_option("--max-ece", options->ece_limit,
                   "Say which calibration errors stay within it: at the file's T, and at a converged one")
      ->check(CLI::Range(1e-9, 1.0));
  command->add_option("--label-names", options->import.label_names,
                      "JSON with the names of the classes in the order of the logits, or a config.json");
  command->add_option("--split", options->import.split, "Name of the split")->capture_default_str();
  command
      ->add_option("--reference", options->import.reference_recipe,
                   "Recipe that the others are compared with, and of files that name a model alone")
      ->capture_default_str();
  add_prediction_flags(*command, options->reading,
                       "Keys of files of one model: logits=KEY,labels=KEY,ids=KEY,group=KEY");
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([options, &session] { run_import(*options, session); });
}

}  // namespace quantier::cli
