// Predictions of one model under one plan after another, over texts that are tokenized once.
#pragma once

#include <memory>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/dataset/dataset.h"
#include "quantier/formats/plan.h"
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

  // Builds the model anew under the plan. Errors: those of packing and of the engine.
  [[nodiscard]] Result<Predictions> predict(const Plan& plan) const;

 private:
  const Checkpoint* checkpoint_ = nullptr;
  ThreadPool* pool_ = nullptr;
  const Interrupt* interrupt_ = nullptr;
  std::vector<Encoding> encodings_;
  std::size_t batch_size_ = 0;
};

}  // namespace quantier
