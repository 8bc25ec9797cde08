#include "quantier/cli/calibration_flags.h"

namespace quantier::cli {

void add_calibration_flags(CLI::App& command, CalibrationFlags& flags) {
  CLI::Option* file = command.add_option(
      "--calibration", flags.file,
      "JSONL or CSV with texts of the training split, for recipes that look at data: int8-smooth, int4-gptq, "
      "int4-awq, int8:outliers=fixed, int4-w4a8:method=gptq");
  command
      .add_option("--calibration-count", flags.count,
                  "Texts of it, drawn by seed with its mix of labels (default: as many as the tokens allow)")
      ->check(CLI::PositiveNumber)
      ->needs(file);
  command.add_option("--calibration-seed", flags.seed, "Which texts are drawn")
      ->capture_default_str()
      ->needs(file);
  command.add_option("--calibration-tokens", flags.tokens, "Tokens of these texts at most")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->needs(file);
  command
      .add_option("--calibration-overlap", flags.overlap,
                  "Calibration texts that stand in the evaluation data: refuse, or allow and put on record")
      ->capture_default_str()
      ->check(CLI::IsMember({"refuse", "allow"}))
      ->needs(file);
}

std::optional<CalibrationOptions> calibration_options(const CalibrationFlags& flags,
                                                      const std::string& text_column) {
  if (!flags.file) return std::nullopt;
  return CalibrationOptions{.path = *flags.file,
                            .text_column = text_column,
                            .count = flags.count,
                            .seed = flags.seed,
                            .tokens = flags.tokens,
                            .allow_overlap = flags.overlap == "allow"};
}

}  // namespace quantier::cli
