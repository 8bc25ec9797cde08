#include "quantier/pipeline/calibration_repeats.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace quantier {

CalibrationRepeat calibration_repeat(const CalibrationRecord& record, const Predictions& predictions,
                                     std::span<const std::int32_t> labels) {
  CalibrationRepeat repeat;
  repeat.seed = record.seed;
  repeat.texts = record.texts;
  for (std::size_t i = 0; i < predictions.example_count; ++i)
    repeat.predicted.push_back(argmax(predictions.row(i)));
  if (labels.empty()) return repeat;
  std::size_t right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) right += repeat.predicted[i] == labels[i] ? 1 : 0;
  repeat.accuracy = static_cast<double>(right) / static_cast<double>(labels.size());
  return repeat;
}

Result<CalibrationSpread> repeat_calibration(const RepeatedRecipe& recipe, CalibrationRepeat first,
                                             std::uint64_t repeats, const Dataset& data, ThreadPool& pool,
                                             const PredictOptions& predict) {
  CalibrationSpread spread;
  spread.examples = data.size();
  spread.repeats.push_back(std::move(first));
  QT_TRY(const std::vector<std::string> labels, label_names_of(recipe.location));
  for (std::uint64_t i = 1; i < repeats; ++i) {
    CalibrationOptions options = recipe.calibration;
    options.seed += i;
    QT_TRY(CalibrationSet set, read_calibration_set(options, labels));
    QT_TRY_STATUS(guard_overlap(set, data, predict.source));
    const CalibrationRequest request{set, predict.max_length, predict.progress, predict.interrupt};
    const Result<LoadedModel> loaded =
        load_classifier(recipe.location, recipe.rules, recipe.options, EngineKind::kCpu, pool, &request);
    if (!loaded) return std::unexpected(loaded.error());
    const LoadedModel& model = *loaded;
    QT_TRY_STATUS(check_repeatable(*model.calibration));
    QT_TRY(const Predictions predictions,
           predict_dataset(*model.classifier, model.tokenizer, data.texts, &pool, predict));
    spread.repeats.push_back(calibration_repeat(*model.calibration, predictions, data.labels));
  }
  std::uint64_t sum = 0;
  std::uint64_t pairs = 0;
  for (std::size_t a = 0; a < spread.repeats.size(); ++a) {
    for (std::size_t b = a + 1; b < spread.repeats.size(); ++b) {
      std::uint64_t differing = 0;
      for (std::size_t i = 0; i < data.size(); ++i)
        differing += spread.repeats[a].predicted[i] != spread.repeats[b].predicted[i] ? 1 : 0;
      sum += differing;
      ++pairs;
      spread.most_differing = std::max(spread.most_differing, differing);
    }
  }
  if (pairs > 0) spread.mean_differing = static_cast<double>(sum) / static_cast<double>(pairs);
  return spread;
}

std::string spread_text(const CalibrationSpread& spread) {
  const auto examples = static_cast<double>(spread.examples);
  std::string text = fmt::format(
      "with {} samples of calibration texts: two of them differ in {:.1f} of {} predictions ({:.2f} %) on "
      "average, at most in {}\n",
      spread.repeats.size(), spread.mean_differing, spread.examples, 100 * spread.mean_differing / examples,
      spread.most_differing);
  for (const CalibrationRepeat& repeat : spread.repeats) {
    text += fmt::format("  seed {}, {} texts{}\n", repeat.seed, repeat.texts,
                        repeat.accuracy ? fmt::format(": accuracy {:.4f}", *repeat.accuracy) : "");
  }
  return text;
}

Json spread_to_json(const CalibrationSpread& spread) {
  Json rows = Json::array();
  for (const CalibrationRepeat& repeat : spread.repeats) {
    rows.push_back({{"seed", repeat.seed},
                    {"texts", repeat.texts},
                    {"accuracy", repeat.accuracy ? Json(*repeat.accuracy) : Json(nullptr)}});
  }
  return {{"repeats", std::move(rows)},
          {"examples", spread.examples},
          {"mean_differing_predictions", spread.mean_differing},
          {"most_differing_predictions", spread.most_differing}};
}

}  // namespace quantier
