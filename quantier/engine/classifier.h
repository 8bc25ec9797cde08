// A model that is ready to classify. measure/ sees only this.
#pragma once

#include <cstdint>
#include <span>

#include "quantier/base/error.h"
#include "quantier/engine/token_batch.h"
#include "quantier/record/executed_plan.h"

namespace quantier {

class Classifier {
 public:
  virtual ~Classifier() = default;
  [[nodiscard]] virtual std::size_t class_count() const = 0;
  // Writes logits [batch.size(), class_count()], row-major, in the order of the batch. Every text needs at
  // least one token; ids must be inside the vocabulary and lengths inside the positions of the model:
  // kUserInput errors otherwise. Not thread-safe: one call at a time; it uses the thread pool it was built
  // with.
  [[nodiscard]] virtual Status predict(const TokenBatch& batch, std::span<float> logits) = 0;
  [[nodiscard]] virtual const ExecutedPlan& executed_plan() const = 0;
};

}  // namespace quantier
