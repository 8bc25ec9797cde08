// Predictions of one model under one plan after another, over texts that are tokenized once. Plans that look
// at data are calibrated anew each, on the same texts.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/dataset/dataset.h"
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

  // Builds the model anew under the plan. Errors: those of packing and of the engine.
  // A plan that looks at data comes after set_calibration().
  [[nodiscard]] Result<Predictions> predict(const Plan& plan) const;

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
