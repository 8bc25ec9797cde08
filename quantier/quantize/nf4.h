// NF4 weights, with double quantization or without (formats/nf4_block.h). Reads one block of 64 at a time;
// besides the packed result it holds one float for each block, 1/16 byte a weight, because the offset of the
// second quantization is the mean over all blocks. Method, deviations and cost: docs/methods/nf4.md. Errors:
// those of weight_reader.h.
#pragma once

#include "quantier/base/error.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

[[nodiscard]] Result<Nf4Weights> quantize_nf4(const LinearSpec& linear, const TensorView& weight,
                                              bool double_quantized, ThreadPool* pool = nullptr);

}  // namespace quantier
