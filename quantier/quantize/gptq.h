// GPTQ: weights become four-bit integers one input after another, and what rounding an input does to the
// layer's outputs is made good by the inputs that are still to come (Frantar et al. 2022).
//
// Two settings. As published: the grid of a group spans its largest weight, and outputs are held to those of
// the original weights over the same inputs. As found better on classifiers of a few million parameters, and
// the default: the grid is searched (clip_search.h), and outputs are held to those of the float model, whose
// inputs have not drifted (`towards_float`; Li et al. 2025, "GPTAQ": asymmetric calibration); then codes are
// refined one by one, and grids fitted to the codes, in turn, while any change lowers the error (`sweeps`,
// `refits_grid`). docs/methods/gptq.md has the formulas, the
// deviations and what each is worth.
//
// Grids belong to consecutive inputs whatever the order in which inputs are quantized ("static groups" of the
// published code), so that kernels read them in one piece. Rows are independent, and the work is spread over
// the pool; results do not depend on its size. Errors: those of weight_reader.h and hessian.h.
#pragma once

#include <cstdint>

#include "quantier/base/error.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/formats/input_statistics.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

struct GptqOptions {
  std::uint32_t group = 128;  // inputs that share a grid; 0: the whole row
  bool symmetric = true;
  bool activation_order = true;
  double damping = 0.3;  // share of the Hessian's mean diagonal
  bool searches_grid = true;
  bool towards_float = true;  // needs InputStatistics::cross
  int sweeps = 12;            // of refinement, at most
  bool refits_grid = true;    // between sweeps

  // What the paper and its code do.
  [[nodiscard]] static GptqOptions published(std::uint32_t group, bool symmetric) {
    return {.group = group,
            .symmetric = symmetric,
            .damping = 0.01,
            .searches_grid = false,
            .towards_float = false,
            .sweeps = 0,
            .refits_grid = false};
  }
};

struct GptqReport {
  double damping = 0;  // used: options.damping unless the Hessian was singular
  std::uint64_t dead_inputs = 0;
  // |(W - Q) X^T| / |W X^T| over the calibration inputs, of round to nearest and of the result.
  double nearest_output_error = 0;
  double output_error = 0;
};

struct GptqResult {
  I4GroupWeights weights;
  GptqReport report;
};

[[nodiscard]] Result<GptqResult> quantize_gptq(const LinearSpec& linear, const TensorView& weight,
                                               const InputStatistics& statistics, const GptqOptions& options,
                                               ThreadPool& pool);

}  // namespace quantier
