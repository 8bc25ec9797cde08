// What plans cost in time: the products of single layers, and whole passes.
//
// A layer changes a pass by less than one pass differs from the next, so that differences of whole passes say
// nothing about it. Its product alone is long enough to be timed beside the base's of the same layer, turn by
// turn: the ratio of the two is free of whatever slows both, and is what a choice needs. What that leaves out
// (weights that other layers have pushed out of the cache, a gate and its other half multiplied together) the
// whole passes show, which are timed in the same way.
//
// Conditions: batches of `batch` texts of `tokens_per_text` tokens each, cut into pieces and spread over the
// threads as the engine does it; inputs of a product are normal numbers, so that LLM.int8() finds no outlier
// columns in them; tokens of a pass are drawn at random.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/search/plan_predictor.h"

namespace quantier {

struct TimedWorkload {
  std::uint64_t batch = 32;
  std::uint64_t tokens_per_text = 128;
};

// Of one product of every linear layer, in the order of ModelSpec::linears; the head's are 0.
using LayerTimes = std::vector<double>;  // [linears] nanoseconds

class PlanClock {
 public:
  virtual ~PlanClock() = default;
  // Errors: those of packing the model under the plan; kInterrupted.
  [[nodiscard]] virtual Result<LayerTimes> layers_ns(const Plan& plan) = 0;
  [[nodiscard]] virtual Result<double> pass_ns(const Plan& plan) = 0;
};

// This machine. Medians over kTimingRounds.
inline constexpr std::size_t kTimingRounds = 9;
[[nodiscard]] std::unique_ptr<PlanClock> clock_of_this_machine(const PlanPredictor& predictor,
                                                               const ModelSpec& spec, const Plan& base,
                                                               const TimedWorkload& workload,
                                                               ThreadPool& pool, const Interrupt* interrupt);

}  // namespace quantier
