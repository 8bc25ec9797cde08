#include "quantier/pipeline/search/search.h"

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/base/file.h"
#include "quantier/base/thread_pool.h"
#include "quantier/cli/calibration_flags.h"
#include "quantier/cli/commands.h"

namespace quantier::cli {
namespace {

constexpr const char* kDescription =
    "Which layers bear which recipe? Changes one layer at a time, measures what that does to the predictions "
    "of "
    "each tier,\nand finds the mixed plan that hurts the tiers least within a budget of bytes or of time.\n"
    "  quantier search MODEL --data calibration.jsonl --tiers head=10,mid=20,tail --counts counts.json \\\n"
    "      --budget-share 0.4 --out mixed.toml\n"
    "  quantier predict MODEL --plan mixed.toml --data test.jsonl --out mixed.npz\n"
    "Give it examples of the training split, or one half of validation: the plan has seen them, and its file "
    "says which.\nInterrupted, the same command goes on where it stopped.";

struct Options {
  SearchRequest request;
  std::string base_directory;
  std::string out;
  std::optional<double> budget_mb;
  CalibrationFlags calibration;
};

void search(Options& options, Session& session) {
  SearchRequest& request = options.request;
  if (options.budget_mb) request.budget_bytes = static_cast<std::uint64_t>(*options.budget_mb * 1e6);
  if (!request.budget_bytes && !request.budget_share && !request.budget_ms) {
    return session.report(
        {ErrorKind::kUsage, "the search needs a budget", "", "without one the base wins",
         "give --budget-mb, --budget-share 0.5 for half of the base's bytes, or --budget-ms"});
  }
  if (!options.base_directory.empty()) request.model.base = options.base_directory;
  if (!options.out.empty()) request.resume_file = options.out + ".measured.jsonl";
  request.calibration = calibration_options(options.calibration, request.columns.text);
  request.progress = session.progress();
  request.interrupt = &session.interrupt;
  const Result<SearchResult> result = search_plan(request);
  if (!result) {
    session.report(result.error());
    if (result.error().kind == ErrorKind::kInterrupted && !options.out.empty()) {
      session.remark(fmt::format("what was measured is in {}; the same command goes on from there",
                                 request.resume_file.string()));
    }
    return;
  }
  session.end_progress();
  if (!options.out.empty()) {
    const Status written = write_file_atomically(options.out, result->plan_file);
    if (!written) return session.report(written.error());
  }
  if (session.json) {
    Json document = search_json(*result);
    document["out"] = options.out.empty() ? Json(nullptr) : Json(options.out);
    return session.print_json(document);
  }
  fmt::print("{}", search_text(*result));
  if (!options.out.empty()) fmt::print("{}\n", options.out);
}

}  // namespace

void add_search(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("search", kDescription);
  auto options = std::make_shared<Options>();
  SearchRequest& request = options->request;
  request.threads = available_processors();
  command->add_option("MODEL_DIR", request.model.directory, kModelHelp)->required();
  command->add_option("--base-model", options->base_directory, kBaseHelp);
  command->add_option("--data", request.data, "JSONL or CSV: examples the plan may be fitted to")->required();
  command->add_option("--out", options->out,
                      "Plan file to write; FILE.measured.jsonl beside it keeps what was measured");
  auto* budget = command->add_option("--budget-mb", options->budget_mb,
                                     "Resident weights of the plan at most, in MB (10^6 bytes)");
  command
      ->add_option("--budget-share", request.budget_share, "The same as a share of the base recipe's bytes")
      ->check(CLI::Range(0.0, 1.0))
      ->excludes(budget);
  auto* milliseconds =
      command
          ->add_option(
              "--budget-ms", request.budget_ms,
              "Instead of bytes: milliseconds of one pass at most, on this machine with these threads")
          ->check(CLI::PositiveNumber)
          ->excludes(budget)
          ->excludes("--budget-share");
  command->add_option("--budget-batch", request.workload.batch, "Texts of the pass that --budget-ms is about")
      ->capture_default_str()
      ->needs(milliseconds)
      ->check(CLI::Range(1, 65536));
  command->add_option("--budget-tokens", request.workload.tokens_per_text, "Tokens of each of these texts")
      ->capture_default_str()
      ->needs(milliseconds)
      ->check(CLI::Range(1, 1 << 20));
  command
      ->add_option("--base", request.base,
                   "Recipe of the layers that stay, and what damage is measured against")
      ->capture_default_str();
  command->add_option("--recipes", request.recipes, "Recipes to choose from beside the base")
      ->capture_default_str();
  add_calibration_flags(*command, options->calibration);
  command->add_option("--examples", request.examples, "A stratified sample of so many (default: all)")
      ->check(CLI::PositiveNumber);
  command->add_option("--seed", request.seed, "Of the sample")->capture_default_str();
  command->add_option("--tiers", request.tiers.tiers,
                      "head=10,mid=30,tail by --counts; or FILE.json (tier to labels, or label to tier)");
  command->add_option("--counts", request.tiers.counts, "JSON from label to training count");
  command->add_option("--tier-weights", request.tier_weights,
                      "One number for each tier (default: equal, so that rare tiers count in full)");
  command->add_flag("--by-layer", request.by_layer,
                    "Change whole transformer layers instead of single matrices: fewer measurements");
  command->add_option("--max-length", request.max_length, "Cut texts to this many tokens")
      ->check(CLI::PositiveNumber);
  command->add_option("--batch-size", request.batch_size, "Texts in one forward pass")
      ->capture_default_str()
      ->check(CLI::Range(1, 65536));
  command->add_option("--threads", request.threads, "Default: all processors")->check(CLI::Range(1, 1024));
  command->add_option("--text-col", request.columns.text, "Column with the text (default: found by name)");
  command->add_option("--label-col", request.columns.label, "Column with the label");
  command->add_option("--id-col", request.columns.id, "Column with the id");
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([options, &session] { search(*options, session); });
}

}  // namespace quantier::cli
