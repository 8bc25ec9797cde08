// Round to nearest: every weight becomes the nearest point of a grid that spans its row or group, and nothing
// else is looked at. The baseline that every cleverer method has to beat. Grids: i8_row.h, i4_group.h and
// fp8_row.h in formats/. Reads one row at a time, as halves; with a pool, parts
// of the rows side by side. Method and cost: docs/methods/rtn.md. Errors:
// those of weight_reader.h.
#pragma once

#include "quantier/base/error.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

// `keep_halves` stores the halves beside the codes, for LLM.int8()'s outlier product.
[[nodiscard]] Result<I8RowWeights> quantize_rtn_i8(const LinearSpec& linear, const TensorView& weight,
                                                   bool keep_halves, ThreadPool* pool = nullptr);
[[nodiscard]] Result<I4GroupWeights> quantize_rtn_i4(const LinearSpec& linear, const TensorView& weight,
                                                     std::uint32_t group, bool symmetric,
                                                     ThreadPool* pool = nullptr);
[[nodiscard]] Result<Fp8RowWeights> quantize_rtn_fp8(const LinearSpec& linear, const TensorView& weight,
                                                     bool per_tensor);

}  // namespace quantier
