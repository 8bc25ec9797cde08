#include "quantier/pipeline/load_classifier.h"

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/base/utf8.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/interchange/stored_model.h"
#include "quantier/measure/process_memory.h"
#include "quantier/pipeline/pack_model.h"
#include "quantier/pipeline/resolve_plan.h"
#include "quantier/tensor/aligned_buffer.h"

namespace quantier {
namespace {

ModelSpec first_layers(ModelSpec spec, std::size_t layers, std::uint64_t vocabulary) {
  const auto beyond = [&](const auto& part) { return part.layer >= static_cast<int>(layers); };
  std::erase_if(spec.linears, beyond);
  std::erase_if(spec.norms, beyond);
  spec.layers.resize(layers);
  spec.vocabulary = std::min(spec.vocabulary, vocabulary);
  return spec;
}

Status check_has_data(const Plan& plan, const CalibrationRequest* calibration) {
  if (!plan.is_calibrated() || calibration != nullptr) return {};
  return fail(
      ErrorKind::kUsage, "this recipe looks at calibration texts",
      fmt::format("recipe {}", printable(plan.recipe, 80)), "none were given",
      "give some hundred texts of the training split with --calibration FILE (in the configuration of a "
      "run: calibration = \"FILE\")");
}

// The plan that runs as fast and needs no data.
Plan without_data(Plan plan) {
  for (LayerPlan& layer : plan.layers) {
    if (!layer.recipe.is_calibrated()) continue;
    layer.recipe.method = Method::kRtn;
    if (layer.recipe.input == InputFormat::kI8FixedOutliers) layer.recipe.input = InputFormat::kI8;
  }
  return plan;
}

// What became of an adapter stands in the executed plan.
void add_adapter(const Checkpoint& checkpoint, const Plan& plan, EngineBuilder& builder) {
  const auto layers =
      std::ranges::count_if(plan.layers, [](const LayerPlan& layer) { return layer.adapter_rank > 0; });
  if (layers > 0) {
    builder.add_option("adapter", fmt::format("beside the weights of {} layers, in halves", layers));
  } else if (checkpoint.adapter()) {
    builder.add_option("adapter", "merged into the weights before they were packed");
  }
}

// What is known of the texts that quantized weights were fitted to.
Status tell_fitted(const Checkpoint& checkpoint, const Plan& plan, EngineBuilder& builder) {
  QT_TRY(const std::vector<FittedOn> fitted, stored_fitted_on(checkpoint));
  for (const FittedOn& each : fitted) {
    builder.add_option("fitted_by_" + each.by,
                       fmt::format("{} texts of {} (SHA-256 {})", each.texts.fingerprints.size(),
                                   each.texts.data, each.texts.sha256));
  }
  if (plan.is_calibrated() && fitted.empty()) {
    builder.add_remark(
        "these weights were calibrated on texts that are not on record: whether the evaluation data was "
        "among "
        "them is not known");
  }
  return {};
}

// `spec` is the checkpoint's, or a part of it.
Result<std::unique_ptr<Classifier>> build(const Checkpoint& checkpoint, const ModelSpec& spec,
                                          const Plan& plan, EngineChoice engine, ThreadPool& pool) {
  QT_TRY(const std::unique_ptr<EngineBuilder> builder, EngineBuilder::create(spec, plan, engine, pool));
  add_adapter(checkpoint, plan, *builder);
  if (checkpoint.quantization()) {
    QT_TRY_STATUS(tell_fitted(checkpoint, plan, *builder));
    QT_TRY_STATUS(hand_over_stored(checkpoint, spec, plan, *builder));
    return builder->finish();
  }
  QT_TRY_STATUS(pack_model(checkpoint, spec, plan, *builder, &pool));
  return builder->finish();
}

Status build_calibrated(const Checkpoint& checkpoint, EngineChoice engine, ThreadPool& pool,
                        const CalibrationRequest& request, LoadedModel& model) {
  QT_TRY(const std::unique_ptr<EngineBuilder> builder,
         EngineBuilder::create(model.spec, model.plan, engine, pool));
  {
    QT_TRY(const CalibrationTokens texts,
           encode_calibration(request.set, model.tokenizer, request.max_length, &pool));
    const CalibrationRun run{texts.batch(), &pool, request.progress, request.interrupt};
    QT_TRY(model.layer_reports, pack_calibrated_model(checkpoint, model.spec, model.plan, run, *builder));
  }
  model.calibration = request.set.record;
  add_adapter(checkpoint, model.plan, *builder);
  for (auto& [name, value] : record_options(request.set.record)) builder->add_option(name, value);
  if (const auto remark = overlap_remark(request.set.record)) builder->add_remark(*remark);
  builder->add_remark(reset_process_peak()
                          ? "peaks of memory are counted from the end of the calibration on"
                          : "the peak of the process holds the calibration too: this system cannot reset it");
  QT_TRY(model.classifier, builder->finish());
  reset_memory_peak(MemoryOwner::kWeights);
  reset_memory_peak(MemoryOwner::kActivations);
  return {};
}

}  // namespace

Result<LoadedModel> load_classifier(const ModelLocation& location, const PlanRules& rules,
                                    const RecipeOptions& options, EngineChoice engine, ThreadPool& pool,
                                    const CalibrationRequest* calibration) {
  try {
    QT_TRY(const Checkpoint checkpoint, Checkpoint::open(location));
    QT_TRY(Plan plan, resolve_plan(checkpoint, checkpoint.spec(), rules, options));
    const bool calibrates = plan.is_calibrated() && !checkpoint.quantization();
    if (calibrates) QT_TRY_STATUS(check_has_data(plan, calibration));
    QT_TRY(Tokenizer tokenizer, Tokenizer::load(checkpoint.tokenizer_directory()));
    if (tokenizer.vocabulary_size() > checkpoint.spec().vocabulary) {
      return fail(ErrorKind::kUserInput, "the tokenizer and the model do not fit together",
                  location.directory.string(),
                  fmt::format("tokenizer.json has ids up to {}, the embedding has {} rows",
                              tokenizer.vocabulary_size() - 1, checkpoint.spec().vocabulary),
                  "take both files from the same fine-tuned model");
    }
    LoadedModel model{checkpoint.spec(), std::move(plan), nullptr, std::move(tokenizer)};
    if (calibrates) {
      QT_TRY_STATUS(build_calibrated(checkpoint, engine, pool, *calibration, model));
    } else {
      QT_TRY(model.fitted_on, stored_fitted_on(checkpoint));
      QT_TRY(model.classifier, build(checkpoint, model.spec, model.plan, engine, pool));
    }
    return model;
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::kEnvironment, "not enough memory to load the model", location.directory.string(),
                fmt::format("recipe {}", rules.shown_name()),
                "free memory, or choose a recipe with smaller weights (`quantier inspect` shows the bytes)");
  }
}

Result<std::vector<std::string>> label_names_of(const ModelLocation& location) {
  QT_TRY(const Checkpoint checkpoint, Checkpoint::open(location));
  return checkpoint.spec().label_names;
}

Result<ProbeModel> load_first_layers(const Checkpoint& checkpoint, const PlanRules& rules,
                                     const RecipeOptions& options, std::size_t layers, ThreadPool& pool,
                                     EngineChoice engine, std::uint64_t vocabulary) {
  QT_CHECK(layers >= 1 && layers <= checkpoint.spec().layers.size(), "the model has so many layers");
  const ModelSpec spec = first_layers(checkpoint.spec(), layers, vocabulary);
  QT_TRY(Plan resolved, resolve_plan(checkpoint, spec, rules, options));
  const Plan plan = checkpoint.quantization() ? std::move(resolved) : without_data(std::move(resolved));
  QT_TRY(std::unique_ptr<Classifier> classifier, build(checkpoint, spec, plan, engine, pool));
  return ProbeModel{std::move(classifier), spec.vocabulary, plan.total_bytes()};
}

}  // namespace quantier
