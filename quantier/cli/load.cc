#include "quantier/pipeline/load.h"

#include <memory>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/cli/calibration_flags.h"
#include "quantier/cli/commands.h"
#include "quantier/cli/recipe_flags.h"

namespace quantier::cli {
namespace {

struct Options {
  LoadOptions load;
  std::string device = "cpu";
  RecipeFlags recipe;
  std::string outlier_scope = "sequence";
  std::string outlier_weights = "int8";
  CalibrationFlags calibration;
};

bool satisfied(const LoadTest& test) {
  if (test.asked_rate) return test.summary.asked_rate_sustained.value_or(false);
  return test.summary.highest_confirmed_rate.has_value();
}

void load(Options& options, Session& session) {
  LoadOptions& load_options = options.load;
  const Result<EngineChoice> engine = parse_device(options.device);
  if (!engine) return session.report(engine.error());
  load_options.engine = *engine;
  if (options.outlier_scope == "batch") load_options.recipe_options.outlier_scope = OutlierScope::kBatch;
  if (options.outlier_weights == "f16") load_options.recipe_options.outlier_weights = OutlierWeights::kF16;
  const auto rules = rules_of(options.recipe);
  if (!rules) return session.report(rules.error());
  load_options.rules = rules->value_or(PlanRules());
  load_options.calibration = calibration_options(options.calibration, load_options.columns.text);
  load_options.progress = session.progress();
  load_options.interrupt = &session.interrupt;
  const Result<LoadOutcome> outcome = test_load(load_options);
  if (!outcome) return session.report(outcome.error());
  session.end_progress();
  if (session.json) {
    session.print_json(load_to_json(*outcome));
  } else {
    fmt::print("{}", load_text(*outcome));
    for (const std::string& remark : outcome->remarks) session.remark(remark);
    if (load_options.svg) fmt::print("{}\n", load_options.svg->string());
  }
  if (!outcome->test.finished) {
    session.exit_code = exit_code_for(interrupted().error(), session.interrupt.signal.load());
  } else if (!satisfied(outcome->test)) {
    session.exit_code = static_cast<int>(ExitCode::kNoCandidate);
  }
}

constexpr const char* kDescription =
    "At which rate of requests does a configuration keep a percentile of the latency under a bound?\n"
    "Requests come at random (Poisson) times that do not wait for the server; latency counts from the "
    "scheduled\n"
    "time of a request to the end of the batch that carried it.\n"
    "  quantier load MODEL --recipe int8 --data val.jsonl --rate 100            # is this rate sustained?\n"
    "  quantier load MODEL --recipe int8 --data val.jsonl --find                # the highest that is\n"
    "  quantier load MODEL --recipe int8 --data val.jsonl --rate 100 --find     # and the headroom\n"
    "A rate is confirmed when the percentile is within the bound in every repeat, and the upper end of its\n"
    "95 % interval over all of them is. Exit code 3: the rate (or any rate) was not confirmed.\n"
    "Ctrl-C ends the test; finished trials are shown, and kept where --store is given.";

}  // namespace

void add_load(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("load", kDescription);
  auto options = std::make_shared<Options>();
  LoadOptions& load_options = options->load;
  command->add_option("MODEL_DIR", load_options.model, kModelHelp)->required();
  command->add_option("--base", load_options.base, kBaseHelp);
  add_adapter_flag(*command, load_options.adapter);
  add_recipe_flags(*command, options->recipe, " (not needed where weights are quantized)");
  add_device_flag(*command, options->device);
  command->add_option("--data", load_options.data, "JSONL or CSV: the texts that are asked")->required();
  command->add_option("--rate", load_options.rate, "Requests per second to be confirmed");
  command->add_flag("--find", load_options.find, "Search for the highest rate (the default without --rate)");
  command->add_option("--percentile", load_options.percentile, "Of the latency, in percent")
      ->capture_default_str();
  command->add_option("--bound-ms", load_options.bound_ms, "On the latency at it, milliseconds")
      ->capture_default_str();
  command->add_option("--batch", load_options.max_batch, "Requests that are served together at most")
      ->capture_default_str();
  command
      ->add_option("--max-wait-ms", load_options.max_wait_ms,
                   "How long the oldest request waits for others while the server is idle")
      ->capture_default_str();
  command->add_option("--duration", load_options.duration_s,
                      "Seconds measured in a trial (default: what the percentile needs, at least 10)");
  command->add_option("--warm-up", load_options.warm_up_s,
                      "Seconds of requests before it, served and left out (default: a tenth, at least 1)");
  command->add_option("--repeats", load_options.repeats, "Trials, with other arrivals, that confirm a rate")
      ->capture_default_str();
  command
      ->add_option("--resolution", load_options.resolution,
                   "The search ends when what passed and what did not are this near (0.05: 5 %)")
      ->capture_default_str();
  command->add_option("--seed", load_options.seed, "Of arrivals and order; each trial takes the next number")
      ->capture_default_str();
  command->add_option("--max-length", load_options.max_length, "Cut texts to this many tokens")
      ->capture_default_str();
  command->add_option("--threads", load_options.threads, "Default: all processors")
      ->check(CLI::Range(1, 1024));
  command->add_option("--store", load_options.store,
                      "evidence.sqlite, or the folder for it: keeps every trial and latency");
  command->add_option("--name", load_options.name,
                      "Of the model in the store (default: that of its run there, or of its folder)");
  command->add_option("--svg", load_options.svg, "File for a figure: the percentile against the rate");
  command->add_option("--text-col", load_options.columns.text,
                      "Column with the text (default: found by name)");
  command->add_option("--label-col", load_options.columns.label, "Column with the label");
  command->add_option("--id-col", load_options.columns.id, "Column with the id");
  command->add_option("--outlier-scope", options->outlier_scope, "int8: as for `predict`")
      ->capture_default_str()
      ->check(CLI::IsMember({"sequence", "batch"}));
  command->add_option("--outlier-weights", options->outlier_weights, "int8: as for `predict`")
      ->capture_default_str()
      ->check(CLI::IsMember({"int8", "f16"}));
  add_calibration_flags(*command, options->calibration);
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([options, &session] { load(*options, session); });
}

}  // namespace quantier::cli
