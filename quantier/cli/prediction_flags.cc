#include "quantier/cli/prediction_flags.h"

namespace quantier::cli {

void add_prediction_flags(CLI::App& command, PredictionFlags& flags, const std::string& map_help) {
  command.add_option("--map", flags.maps, map_help);
  command.add_option("--scores", flags.scores, "What the numbers are; auto refuses probabilities")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "logits", "probabilities"}));
  command.add_option("--nan", flags.nan, "Rows with NaN or infinity: refuse, or count as wrong")
      ->capture_default_str()
      ->check(CLI::IsMember({"refuse", "wrong"}));
}

Status apply(const PredictionFlags& flags, PredictionOptions& options) {
  for (const std::string& map : flags.maps) QT_TRY_STATUS(parse_column_mapping(map, options.columns));
  if (flags.scores == "logits") options.scores = ScoreKind::kLogits;
  if (flags.scores == "probabilities") options.scores = ScoreKind::kProbabilities;
  if (flags.nan == "wrong") options.not_finite = NotFinite::kWrong;
  return {};
}

}  // namespace quantier::cli
