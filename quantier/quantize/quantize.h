// From a stored weight to its packed form, as the plan says, for methods that look at nothing but the weight.
// Deterministic; reads the tensor row by row or block by block, so that beside the result no copy of the
// weight is made; with a pool, parts of a quantized weight side by side. Errors: kUserInput when a weight
// holds NaN, infinity or, where halves are stored or quantized, something beyond half's range (named with its
// position), kUnsupported for a dtype that is not floating.
#pragma once

#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/formats/plan.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

[[nodiscard]] Result<PackedLinear> pack_linear(const LinearSpec& linear, const LayerPlan& layer,
                                               const Plan& plan, const TensorView& weight,
                                               const TensorView* bias, ThreadPool* pool = nullptr);

// The bias as the plan stores it; empty where there is none.
[[nodiscard]] std::vector<float> read_bias(const TensorView* bias, ActivationRounding rounding);

}  // namespace quantier
