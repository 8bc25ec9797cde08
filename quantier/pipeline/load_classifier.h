// From a model directory and a recipe to a classifier that is ready to run.
//
// Weights go through one at a time: read from the mapped file, packed, handed to the engine, pages given
// back. So the checkpoint and its quantized form never stand in memory together, and the peak stays near the
// bytes of the plan. A model that is an adapter on a base is merged in the same way, one tensor at a time.
// A plan that looks at data is calibrated here, in this process, and its peaks of memory are counted from
// then on: serving needs none of what calibration needed. Errors: those of Checkpoint::open, resolve_plan,
// pack_linear, the engine, the tokenizer and the calibration; kUsage for a plan that looks at data when there
// are none.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/progress.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/engine/builder.h"
#include "quantier/engine/classifier.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/calibrate.h"
#include "quantier/pipeline/calibration_set.h"
#include "quantier/pipeline/fitted_on.h"
#include "quantier/tokenizer/tokenizer.h"

namespace quantier {

// What a plan that looks at data needs besides the model. `set` is completed: its record says what was used.
struct CalibrationRequest {
  CalibrationSet& set;
  std::optional<std::size_t> max_length = {};  // nullopt: what tokenizer.json says
  ProgressFunction progress = {};
  const Interrupt* interrupt = nullptr;
};

struct LoadedModel {
  ModelSpec spec;  // label names are in it, in id order
  Plan plan;
  std::unique_ptr<Classifier> classifier;
  Tokenizer tokenizer;
  std::optional<CalibrationRecord> calibration = {};  // of a plan that looks at data
  std::vector<LayerReport> layer_reports = {};        // of its calibrated layers
  std::vector<FittedOn> fitted_on = {};               // of quantized weights
};

// `pool` must outlive the model. `calibration` may be null for plans that look at the weights alone, and is
// not used for them.
[[nodiscard]] Result<LoadedModel> load_classifier(const ModelLocation& location, const PlanRules& rules,
                                                  const RecipeOptions& options, EngineChoice engine,
                                                  ThreadPool& pool,
                                                  const CalibrationRequest* calibration = nullptr);

// Label names of a model in id order, without loading a weight.
[[nodiscard]] Result<std::vector<std::string>> label_names_of(const ModelLocation& location);

// The first `layers` layers of a model, with its head and the first `vocabulary` rows of its embedding,
// as fast as the model is, layer by layer, and quickly loaded. For estimates of time; its
// logits mean nothing, and layers that would look at data are rounded to nearest.
inline constexpr std::uint64_t kProbeVocabulary = 1024;
struct ProbeModel {
  std::unique_ptr<Classifier> classifier;
  std::uint64_t vocabulary = 0;
  std::uint64_t plan_bytes = 0;
};
[[nodiscard]] Result<ProbeModel> load_first_layers(const Checkpoint& checkpoint, const PlanRules& rules,
                                                   const RecipeOptions& options, std::size_t layers,
                                                   ThreadPool& pool, EngineChoice engine = {},
                                                   std::uint64_t vocabulary = kProbeVocabulary);

}  // namespace quantier
