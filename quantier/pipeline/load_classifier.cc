#include "quantier/pipeline/load_classifier.h"

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/interchange/stored_model.h"
#include "quantier/pipeline/pack_model.h"
#include "quantier/pipeline/resolve_plan.h"

namespace quantier {
namespace {

ModelSpec first_layers(ModelSpec spec, std::size_t layers) {
  const auto beyond = [&](const auto& part) { return part.layer >= static_cast<int>(layers); };
  std::erase_if(spec.linears, beyond);
  std::erase_if(spec.norms, beyond);
  spec.layers.resize(layers);
  spec.vocabulary = std::min(spec.vocabulary, kProbeVocabulary);
  return spec;
}

Status check_runs_without_data(const Plan& plan) {
  if (!plan.is_calibrated()) return {};
  return fail(ErrorKind::kUsage, "this recipe looks at calibration texts",
              fmt::format("recipe {}", plan.recipe), "its weights depend on data that were not given",
              "take a recipe that looks at the weights alone");
}

// `spec` is the checkpoint's, or a part of it.
Result<std::unique_ptr<Classifier>> build(const Checkpoint& checkpoint, const ModelSpec& spec,
                                          const Plan& plan, EngineKind kind, ThreadPool& pool) {
  QT_TRY(const std::unique_ptr<EngineBuilder> builder, EngineBuilder::create(spec, plan, kind, pool));
  if (checkpoint.quantization()) {
    QT_TRY_STATUS(hand_over_stored(checkpoint, spec, plan, *builder));
    return builder->finish();
  }
  QT_TRY_STATUS(check_runs_without_data(plan));
  QT_TRY_STATUS(pack_model(checkpoint, spec, plan, *builder));
  return builder->finish();
}

}  // namespace

Result<LoadedModel> load_classifier(const ModelLocation& location, const PlanRules& rules,
                                    const RecipeOptions& options, EngineKind kind, ThreadPool& pool) {
  try {
    QT_TRY(const Checkpoint checkpoint, Checkpoint::open(location));
    QT_TRY(Plan plan, resolve_plan(checkpoint, checkpoint.spec(), rules, options));
    QT_TRY(Tokenizer tokenizer, Tokenizer::load(checkpoint.tokenizer_directory()));
    QT_TRY(std::unique_ptr<Classifier> classifier, build(checkpoint, checkpoint.spec(), plan, kind, pool));
    if (tokenizer.vocabulary_size() > checkpoint.spec().vocabulary) {
      return fail(ErrorKind::kUserInput, "the tokenizer and the model do not fit together",
                  location.directory.string(),
                  fmt::format("tokenizer.json has ids up to {}, the embedding has {} rows",
                              tokenizer.vocabulary_size() - 1, checkpoint.spec().vocabulary),
                  "take both files from the same fine-tuned model");
    }
    return LoadedModel{checkpoint.spec(), std::move(plan), std::move(classifier), std::move(tokenizer)};
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::kEnvironment, "not enough memory to load the model", location.directory.string(),
                fmt::format("recipe {}", rules.shown_name()),
                "free memory, or choose a recipe with smaller weights (`quantier inspect` shows the bytes)");
  }
}

Result<ProbeModel> load_first_layers(const Checkpoint& checkpoint, const PlanRules& rules,
                                     const RecipeOptions& options, std::size_t layers, ThreadPool& pool) {
  QT_CHECK(layers >= 1 && layers <= checkpoint.spec().layers.size(), "the model has so many layers");
  const ModelSpec spec = first_layers(checkpoint.spec(), layers);
  QT_TRY(const Plan plan, resolve_plan(checkpoint, spec, rules, options));
  QT_TRY(std::unique_ptr<Classifier> classifier, build(checkpoint, spec, plan, EngineKind::kCpu, pool));
  return ProbeModel{std::move(classifier), spec.vocabulary, plan.total_bytes()};
}

}  // namespace quantier
