#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/cli/calibration_flags.h"
#include "quantier/cli/commands.h"
#include "quantier/cli/recipe_flags.h"
#include "quantier/interchange/writer.h"
#include "quantier/pipeline/quantize_model.h"

namespace quantier::cli {
namespace {

struct Options {
  QuantizeOptions quantize;
  RecipeFlags recipe;
  CalibrationFlags calibration;
  std::string text_column;
  std::string outlier_weights = "int8";
};

constexpr const char* kDescription =
    "Write a quantized checkpoint, tensor by tensor, with a report for each layer.\n"
    "  quantier quantize MODEL --recipe int4-rtn --out DIR            # for Quantier: any plan, bit by bit\n"
    "  quantier quantize MODEL --recipe int8 --format bitsandbytes --out DIR\n"
    "What a format cannot express is refused with layer and rule (exit code 7). Ctrl-C keeps what is "
    "finished; "
    "the same\ncommand goes on. Every command that opens a model opens such a directory, without a recipe.";

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const WriterFormat& format : writer_formats()) names.emplace_back(format.name);
  return names;
}

void quantize(Options& options, Session& session) {
  const auto rules = rules_of(options.recipe);
  if (!rules) return session.report(rules.error());
  options.quantize.rules = rules->value_or(PlanRules());
  if (options.outlier_weights == "f16")
    options.quantize.recipe_options.outlier_weights = OutlierWeights::kF16;
  options.quantize.calibration = calibration_options(options.calibration, options.text_column);
  options.quantize.progress = session.progress();
  options.quantize.interrupt = &session.interrupt;
  const Result<QuantizeOutcome> outcome = quantize_model(options.quantize);
  if (!outcome) return session.report(outcome.error());
  session.end_progress();
  if (session.json) return session.print_json(quantize_to_json(*outcome));
  fmt::print("{}", quantize_text(*outcome));
}

}  // namespace

void add_quantize(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("quantize", kDescription);
  auto options = std::make_shared<Options>();
  QuantizeOptions& quantize_options = options->quantize;
  add_model_flags(*command, quantize_options.model);
  add_recipe_flags(*command, options->recipe, " (not needed where weights are quantized)");
  command->add_option("--out", quantize_options.out, "Directory for the checkpoint; it must not be there yet")
      ->required();
  command
      ->add_option("--format", quantize_options.format,
                   fmt::format("One of {}", fmt::join(format_names(), ", ")))
      ->capture_default_str();
  command->add_option("--outlier-weights", options->outlier_weights, "int8: weights of outlier columns")
      ->capture_default_str()
      ->check(CLI::IsMember({"int8", "f16"}));
  add_calibration_flags(*command, options->calibration);
  command
      ->add_option("--calibration-seeds", quantize_options.calibration_samples,
                   "Quantize again with so many samples of the texts, the first of them written, and say how "
                   "much each "
                   "layer moves")
      ->check(CLI::Range(1, 100))
      ->needs("--calibration");
  command
      ->add_option("--max-length", quantize_options.max_length,
                   "Cut calibration texts to this many tokens (default: what tokenizer.json says)")
      ->check(CLI::PositiveNumber);
  command->add_option("--text-col", options->text_column,
                      "Column with the text of the calibration file (default: found by name)");
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([options, &session] { quantize(*options, session); });
}

}  // namespace quantier::cli
