// A checkpoint through a plan that looks at calibration texts, into a sink: layer by layer, each from inputs
// that come out of the layers before it as they will be (Frantar et al. 2022, section 4: "the input to each
// layer comes from the quantized predecessors").
//
// An adapter that stays beside the weights takes part in every pass, the float model's too: its factors are
// the same there, so a method fits the base's weight alone, to inputs as the adapted model has them. Factors
// of scaled inputs then stay with the layer, for the adapter reads the unscaled ones.
//
// The texts go through the model once (StagedModel), all of them through one step before the next. At each
// place where linear layers share an input: statistics of what is read there; the method; what it does to the
// block's output beside round to nearest, on the first texts; then on with the quantized weights. In memory
// stand the texts' activations (twice where a method wants the float model's beside them), the statistics of
// one place, and the weights of the places before the one at hand only in the sink.
//
// Errors: those of the checkpoint, the engine, the methods and the sink; kInterrupted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/progress.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/engine/token_batch.h"
#include "quantier/formats/model_sink.h"
#include "quantier/formats/plan.h"

namespace quantier {

// What a method did to one layer.
struct LayerReport {
  std::string linear;
  std::string method;
  // Of scaled inputs: "norm" where the factors went into the norm before, else why they stay with the layer
  // as a multiplier (checkpoint/fold_targets.h).
  std::string scales_in;
  std::optional<double> alpha;               // of a scale search
  std::optional<double> damping;             // of the Hessian's diagonal, in parts of its mean
  std::optional<std::uint64_t> outliers;     // columns kept out of the int8 product
  std::optional<std::uint64_t> dead_inputs;  // that no text ever moved
  // |(W - Q) X^T| / |W X^T| over all texts, of round to nearest and of what was made.
  std::optional<double> output_error_rtn;
  std::optional<double> output_error;
  // Mean squared difference of the block's output from the float weights' (formats/block_eval.h), over the
  // layers of the place together: with round to nearest, and with what was made.
  std::optional<double> loss_rtn;
  std::optional<double> loss;
  double seconds = 0;  // of the place: statistics, search, weights
};

struct CalibrationRun {
  TokenBatch texts;  // in an order in which the first ones are as good as any
  ThreadPool* pool = nullptr;
  ProgressFunction progress = {};
  const Interrupt* interrupt = nullptr;
};

// Rows of the first texts on which blocks are compared.
inline constexpr std::size_t kBlockRows = 2048;

// `spec` is the checkpoint's; `plan` was resolved for it, and need not look at data everywhere.
[[nodiscard]] Result<std::vector<LayerReport>> pack_calibrated_model(const Checkpoint& checkpoint,
                                                                     const ModelSpec& spec, const Plan& plan,
                                                                     const CalibrationRun& run,
                                                                     ModelSink& sink);

}  // namespace quantier
