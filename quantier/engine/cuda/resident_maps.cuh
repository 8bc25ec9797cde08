// How weights are described to the tensor memory accelerator so that a tile's columns arrive in the order
// that resident_finish.cuh wants: place 8 b + 2 q + j of 32 has the row 8 q + 2 b + j of the matrix. Of gates
// and ups, which alternate by eight rows, 32 of the one are followed by 32 of the other: two maps.
//
// The matrix is taken as five dimensions: bytes of a row, j, q, b, and groups of 32 (of gates: 64) rows.
#pragma once

#include "quantier/engine/cuda/hopper_tiles.cuh"

namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

struct WeightMaps {
  CUtensorMap of[2];  // of gates: gates, ups
};

inline bool describe_weights(CUtensorMap& map, const void* data, std::uint32_t rows, std::uint32_t row_bytes,
                             std::uint32_t group_rows, std::uint32_t quarter_rows, std::uint32_t box_groups) {
  const cuuint64_t sizes[5] = {row_bytes, 2, 4, 4, rows / group_rows};
  const cuuint64_t strides[4] = {row_bytes, std::uint64_t{quarter_rows} * row_bytes,
                                 std::uint64_t{2} * row_bytes, std::uint64_t{group_rows} * row_bytes};
  const cuuint32_t box[5] = {kHopperSlice, 2, 4, 4, box_groups};
  const cuuint32_t steps[5] = {1, 1, 1, 1, 1};
  const EncodeTiled encode = encode_tiled();
  return encode != nullptr &&
         encode(&map, CU_TENSOR_MAP_DATA_TYPE_UINT8, 5, const_cast<void*>(data), sizes, strides, box, steps,
                CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) == CUDA_SUCCESS;
}

inline bool describe_weights(WeightMaps& maps, const ProductTask& task, bool is_gate, std::uint32_t columns) {
  const auto* data = static_cast<const std::byte*>(task.weights);
  if (!is_gate) return describe_weights(maps.of[0], data, task.outputs, task.inputs, 32, 8, columns / 32);
  return describe_weights(maps.of[0], data, task.outputs, task.inputs, 64, 16, 1) &&
         describe_weights(maps.of[1], data + std::size_t{8} * task.inputs, task.outputs, task.inputs, 64, 16,
                          1);
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
