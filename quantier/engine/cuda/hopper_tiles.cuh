// What Hopper's products share: the size of a block and of its tiles, and how a matrix is described to the
// tensor memory accelerator.
#pragma once

#include <array>
#include <atomic>
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

// Of the device that the calling thread works on; asked once for each of the first 64. Where the driver does
// not answer, as many as one cluster takes: the launch will say what is wrong.
inline int multiprocessors() {
  static std::array<std::atomic<int>, 64> counts{};
  int device = 0;
  int value = 0;
  if (cudaGetDevice(&device) != cudaSuccess || device < 0) return kCluster;
  const bool is_kept = device < static_cast<int>(counts.size());
  if (is_kept) value = counts[static_cast<std::size_t>(device)].load(std::memory_order_relaxed);
  if (value != 0) return value;
  if (cudaDeviceGetAttribute(&value, cudaDevAttrMultiProcessorCount, device) != cudaSuccess) return kCluster;
  if (is_kept) counts[static_cast<std::size_t>(device)].store(value, std::memory_order_relaxed);
  return value;
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
