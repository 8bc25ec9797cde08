// How much a calibrated recipe depends on which texts were drawn: the same recipe with other samples.
//
// Each repeat draws with the next seed, calibrates, and predicts the same examples; what moves between them
// is chance of the calibration alone. With two samples or more: the mean share of predictions that differ
// between two of them, and the range of accuracy. Errors: those of loading and predicting; kUsage when every
// sample would be all of the file.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/dataset/dataset.h"
#include "quantier/pipeline/load_classifier.h"
#include "quantier/pipeline/predict.h"

namespace quantier {

struct CalibrationRepeat {
  std::uint64_t seed = 0;
  std::uint64_t texts = 0;
  std::vector<std::int32_t> predicted;  // class of each example
  std::optional<double> accuracy;       // where the data has labels
};

struct CalibrationSpread {
  std::vector<CalibrationRepeat> repeats;
  double mean_differing = 0;  // examples whose prediction differs between two repeats, mean over the pairs
  std::uint64_t most_differing = 0;
  std::uint64_t examples = 0;
};

struct RepeatedRecipe {
  ModelLocation location;
  PlanRules rules;
  RecipeOptions options;
  CalibrationOptions calibration;  // its seed is the first one
};

// `first`: what the first seed gave, already measured.
[[nodiscard]] Result<CalibrationSpread> repeat_calibration(const RepeatedRecipe& recipe,
                                                           CalibrationRepeat first, std::uint64_t repeats,
                                                           const Dataset& data, ThreadPool& pool,
                                                           const PredictOptions& predict);

[[nodiscard]] CalibrationRepeat calibration_repeat(const CalibrationRecord& record,
                                                   const Predictions& predictions,
                                                   std::span<const std::int32_t> labels);

[[nodiscard]] std::string spread_text(const CalibrationSpread& spread);
[[nodiscard]] Json spread_to_json(const CalibrationSpread& spread);

}  // namespace quantier
