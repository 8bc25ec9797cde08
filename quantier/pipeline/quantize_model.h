// `quantier quantize`: a model through a plan into a checkpoint of its own or of another program, with a
// report for each layer.
//
// A recipe that looks at data is calibrated here (calibrate.h): its report also has output errors, beside
// round to nearest's. Where a method moved factors into the norm before a layer, its weights are no longer
// those of the source, and the report compares outputs alone.
//
// The result appears under its name when it is complete. An interrupted run, or one that was killed, goes on
// at the next layer when the same command is given again; it refuses where source, plan, format or program
// differ. What the format cannot express is refused before anything is quantized. Errors: those of opening
// and packing, of the format (kUnsupported, with layer and rule), kUsage for an output that is there already.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/json.h"
#include "quantier/base/progress.h"
#include "quantier/checkpoint/model_directory.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/calibration_set.h"

namespace quantier {

struct QuantizeOptions {
  ModelLocation model;
  PlanRules rules;  // without a base: what quantized weights have
  RecipeOptions recipe_options;
  std::optional<CalibrationOptions> calibration;  // for recipes that look at data
  std::optional<std::size_t>
      max_length;  // of calibration texts, in tokens; nullopt: what tokenizer.json says
  std::uint64_t calibration_samples = 1;  // more: how much the result moves with other texts is reported
  std::string format = "quantier";
  std::filesystem::path out;
  ProgressFunction progress = {};
  const Interrupt* interrupt = nullptr;
};

struct QuantizeOutcome {
  std::filesystem::path out;
  std::string recipe;
  std::string format;
  std::size_t resumed_items = 0;  // that an interrupted run had finished
  std::uint64_t source_bytes = 0;
  std::uint64_t written_bytes = 0;  // of the weight files
  double seconds = 0;
  Json layers;       // one object for each, as in quantization_report.json
  Json calibration;  // null for recipes that look at the weights alone
  Json spread;       // over other samples of calibration texts (quantize_repeats.h); null without
};

[[nodiscard]] Result<QuantizeOutcome> quantize_model(const QuantizeOptions& options);

[[nodiscard]] std::string quantize_text(const QuantizeOutcome& outcome);
[[nodiscard]] Json quantize_to_json(const QuantizeOutcome& outcome);

}  // namespace quantier
