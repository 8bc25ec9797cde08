#include "quantier/pipeline/init.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/cli/commands.h"

namespace quantier::cli {
namespace {

struct Options {
  InitRequest request;
  std::string out;
  bool overwrite = false;
};

void init(Options& options, Session& session) {
  if (!options.out.empty()) {
    options.request.folder = std::filesystem::absolute(options.out).parent_path();
  }
  const Result<InitProposal> proposal = propose_config(options.request);
  if (!proposal) return session.report(proposal.error());
  if (!options.out.empty()) {
    if (const Status status = write_proposal(*proposal, options.out, options.overwrite); !status) {
      return session.report(status.error());
    }
  } else if (proposal->counts_json) {
    return session.report({ErrorKind::kUsage, "counting --train makes a second file", "", "",
                           "give --out FILE.toml, and the counts are written beside it"});
  }
  if (session.json) {
    return session.print_json(Json{{"toml", proposal->toml},
                                   {"models", proposal->model_names},
                                   {"examples", proposal->examples},
                                   {"classes", proposal->classes},
                                   {"remarks", proposal->remarks},
                                   {"out", options.out.empty() ? Json(nullptr) : Json(options.out)}});
  }
  for (const std::string& remark : proposal->remarks) session.remark(remark);
  if (options.out.empty()) {
    fmt::print("{}", proposal->toml);
  } else {
    fmt::print("{}\nnext: quantier run {}\n", options.out, options.out);
  }
}

}  // namespace

void add_init(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "init",
      "Propose a commented configuration: columns found, label mapping checked, tiers from training counts");
  auto options = std::make_shared<Options>();
  InitRequest& request = options->request;
  command->add_option("MODEL_DIR", request.models, "Hugging Face model directories, or PEFT LoRA adapters")
      ->required();
  command->add_option("--base", request.base, "Base model of those that are PEFT LoRA adapters");
  command->add_option("--data", request.data, "Labelled evaluation data, JSONL or CSV")->required();
  auto* train =
      command->add_option("--train", request.train, "Labelled training data, to count labels for tiers");
  command->add_option("--train-counts", request.train_counts, "JSON object label -> training count")
      ->excludes(train);
  command->add_option("--text-col", request.columns.text, "Column with the text (default: found by name)");
  command->add_option("--label-col", request.columns.label, "Column with the label");
  command->add_option("--id-col", request.columns.id, "Column with the id");
  command->add_option("--out", options->out, "Write here instead of to standard output");
  command->add_flag("--overwrite", options->overwrite, "Replace an existing file");
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([options, &session] { init(*options, session); });
}

}  // namespace quantier::cli
