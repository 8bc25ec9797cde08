// One model under one plan after another: its predictions over texts that are tokenized once, the model
// itself, its layers. Plans that look at data are calibrated anew each, on the same texts, and come after
// set_calibration(). Errors: those of packing, of the engine and of the tokenizer.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/dataset/dataset.h"
#include "quantier/engine/classifier.h"
#include "quantier/formats/model_sink.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/calibration_set.h"
#include "quantier/record/predictions.h"
#include "quantier/tokenizer/tokenizer.h"

namespace quantier {

class PlanPredictor {
 public:
  // Errors: those of the tokenizer, with the number of the example.
  [[nodiscard]] static Result<PlanPredictor> create(const Checkpoint& checkpoint, const Dataset& data,
                                                    std::optional<std::size_t> max_length,
                                                    std::size_t batch_size, ThreadPool& pool,
                                                    const Interrupt* interrupt);
  // The texts for plans that look at data. Errors: those of the tokenizer. Completes the record of `set`.
  [[nodiscard]] Status set_calibration(CalibrationSet& set);

  // Builds the model anew under the plan.
  [[nodiscard]] Result<Predictions> predict(const Plan& plan) const;
  [[nodiscard]] Result<std::unique_ptr<Classifier>> build(const Plan& plan) const;
  // Everything of the model into a sink; and the linear layer `index` of the model alone, under a plan that
  // looks at its weights only.
  [[nodiscard]] Status pack(const Plan& plan, ModelSink& sink) const;
  [[nodiscard]] Result<PackedLinear> pack_layer(const Plan& plan, std::size_t index) const;

 private:
  const Checkpoint* checkpoint_ = nullptr;
  ThreadPool* pool_ = nullptr;
  const Interrupt* interrupt_ = nullptr;
  std::optional<std::size_t> max_length_;
  std::optional<CalibrationTokens> calibration_;
  std::vector<Encoding> encodings_;
  std::size_t batch_size_ = 0;
};

}  // namespace quantier
