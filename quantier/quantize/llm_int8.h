// LLM.int8() weights: each row of the half-precision weight as int8 with its absmax (formats/i8_row.h). Reads
// one row at a time. `keep_halves` stores the halves beside the codes, for the paper's outlier product.
// Method, deviations and cost: docs/methods/llm-int8.md. Errors: those of weight_reader.h.
#pragma once

#include "quantier/base/error.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

[[nodiscard]] Result<I8RowWeights> quantize_llm_int8(const LinearSpec& linear, const TensorView& weight,
                                                     bool keep_halves);

}  // namespace quantier
