#include "quantier/pipeline/search/plan_predictor.h"

#include <utility>

#include "quantier/base/check.h"
#include "quantier/engine/builder.h"
#include "quantier/pipeline/calibrate.h"
#include "quantier/pipeline/pack_model.h"
#include "quantier/pipeline/predict.h"

namespace quantier {

Result<PlanPredictor> PlanPredictor::create(const Checkpoint& checkpoint, const Dataset& data,
                                            std::optional<std::size_t> max_length, std::size_t batch_size,
                                            ThreadPool& pool, const Interrupt* interrupt) {
  PlanPredictor predictor;
  predictor.checkpoint_ = &checkpoint;
  predictor.pool_ = &pool;
  predictor.interrupt_ = interrupt;
  predictor.batch_size_ = batch_size;
  predictor.max_length_ = max_length;
  QT_TRY(const Tokenizer tokenizer, Tokenizer::load(checkpoint.tokenizer_directory()));
  QT_TRY(predictor.encodings_, tokenize_all(tokenizer, data.texts, max_length, &pool, "search data"));
  return predictor;
}

Status PlanPredictor::set_calibration(CalibrationSet& set) {
  QT_TRY(const Tokenizer tokenizer, Tokenizer::load(checkpoint_->tokenizer_directory()));
  QT_TRY(calibration_, encode_calibration(set, tokenizer, max_length_, pool_));
  return {};
}

Status PlanPredictor::pack(const Plan& plan, ModelSink& sink) const {
  if (!plan.is_calibrated()) return pack_model(*checkpoint_, checkpoint_->spec(), plan, sink, pool_);
  QT_CHECK(calibration_.has_value(), "a plan that looks at data has texts to look at");
  const CalibrationRun run{calibration_->batch(), pool_, {}, interrupt_};
  QT_TRY_STATUS(pack_calibrated_model(*checkpoint_, checkpoint_->spec(), plan, run, sink));
  return {};
}

Result<PackedLinear> PlanPredictor::pack_layer(const Plan& plan, std::size_t index) const {
  const LinearSpec& linear = checkpoint_->spec().linears[index];
  return pack_one(*checkpoint_, linear, plan.layers[index], plan, pool_);
}

Result<std::unique_ptr<Classifier>> PlanPredictor::build(const Plan& plan) const {
  QT_TRY(const std::unique_ptr<EngineBuilder> builder,
         EngineBuilder::create(checkpoint_->spec(), plan, EngineKind::kCpu, *pool_));
  QT_TRY_STATUS(pack(plan, *builder));
  return builder->finish();
}

Result<Predictions> PlanPredictor::predict(const Plan& plan) const {
  QT_TRY(const std::unique_ptr<Classifier> classifier, build(plan));
  PredictOptions options;
  options.batch_size = batch_size_;
  options.source = "search data";
  options.interrupt = interrupt_;
  return predict_encodings(*classifier, encodings_, options);
}

}  // namespace quantier
