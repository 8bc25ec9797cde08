// From a model directory and a recipe to a classifier that is ready to run.
//
// Weights go through one at a time: read from the mapped file, packed, handed to the engine, pages given
// back. So the checkpoint and its quantized form never stand in memory together, and the peak stays near the
// bytes of the plan. A model that is an adapter on a base is merged in the same way, one tensor at a time.
// Errors: those of Checkpoint::open, resolve_rules, pack_linear, the engine and the tokenizer.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "quantier/base/error.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/engine/builder.h"
#include "quantier/engine/classifier.h"
#include "quantier/formats/plan.h"
#include "quantier/tokenizer/tokenizer.h"

namespace quantier {

struct LoadedModel {
  ModelSpec spec;  // label names are in it, in id order
  Plan plan;
  std::unique_ptr<Classifier> classifier;
  Tokenizer tokenizer;
};

// `pool` must outlive the model.
[[nodiscard]] Result<LoadedModel> load_classifier(const ModelLocation& location, const PlanRules& rules,
                                                  const RecipeOptions& options, EngineKind kind,
                                                  ThreadPool& pool);

// The first `layers` layers of a model, with its head and the first kProbeVocabulary rows of its embedding,
// on the CPU kernels: as fast as the model is, layer by layer, and quickly loaded. For estimates of time; its
// logits mean nothing.
inline constexpr std::uint64_t kProbeVocabulary = 1024;
struct ProbeModel {
  std::unique_ptr<Classifier> classifier;
  std::uint64_t vocabulary = 0;
  std::uint64_t plan_bytes = 0;
};
[[nodiscard]] Result<ProbeModel> load_first_layers(const Checkpoint& checkpoint, const PlanRules& rules,
                                                   const RecipeOptions& options, std::size_t layers,
                                                   ThreadPool& pool);

}  // namespace quantier
