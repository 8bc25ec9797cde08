// What Hopper's products share: the size of a block and of its tiles, and how a matrix is described to the
// tensor memory accelerator.
#pragma once

#include <cstdint>
#include <cuda.h>
#include <cuda_runtime_api.h>

namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

constexpr int kHopperRows = 128;
constexpr int kHopperSlice = 128;  // bytes of depth
constexpr int kGroupThreads = 128;
constexpr int kGroups = 2;
constexpr int kHopperThreads = (kGroups + 1) * kGroupThreads;  // those that fetch come last
// Of 168 registers that a thread has at the start, the fetching group gives away what multipliers need.
constexpr int kFetcherRegisters = 40;
constexpr int kMultiplierRegisters = 232;
constexpr int kCluster = 2;
constexpr int kTileAlignment = 1024;
constexpr int kBarrierBytes = 8;
constexpr int kStepBytes = 32;  // of depth, of one instruction

using EncodeTiled = CUresult (*)(CUtensorMap*, CUtensorMapDataType, cuuint32_t, void*, const cuuint64_t*,
                                 const cuuint64_t*, const cuuint32_t*, const cuuint32_t*,
                                 CUtensorMapInterleave, CUtensorMapSwizzle, CUtensorMapL2promotion,
                                 CUtensorMapFloatOOBfill);

inline EncodeTiled encode_tiled() {
  static const EncodeTiled function = [] {
    void* entry = nullptr;
    cudaDriverEntryPointQueryResult found = cudaDriverEntryPointSymbolNotFound;
    const cudaError_t error =
        cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &entry, 12000, cudaEnableDefault, &found);
    if (error != cudaSuccess || found != cudaDriverEntryPointSuccess) entry = nullptr;
    return reinterpret_cast<EncodeTiled>(entry);
  }();
  return function;
}

inline bool describe_matrix(CUtensorMap& map, const void* data, std::uint32_t rows, std::uint32_t row_bytes,
                            std::uint32_t box_rows) {
  const cuuint64_t sizes[2] = {row_bytes, rows};
  const cuuint64_t strides[1] = {row_bytes};
  const cuuint32_t box[2] = {kHopperSlice, box_rows};
  const cuuint32_t steps[2] = {1, 1};
  const EncodeTiled encode = encode_tiled();
  return encode != nullptr &&
         encode(&map, CU_TENSOR_MAP_DATA_TYPE_UINT8, 2, const_cast<void*>(data), sizes, strides, box, steps,
                CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) == CUDA_SUCCESS;
}

inline int multiprocessors() {
  static const int count = [] {
    int device = 0;
    int value = 0;
    cudaGetDevice(&device);
    cudaDeviceGetAttribute(&value, cudaDevAttrMultiProcessorCount, device);
    return value;
  }();
  return count;
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
