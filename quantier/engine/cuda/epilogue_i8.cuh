// From an int32 sum to what is stored: scales, bias, residual or gate. The same for every int8 product, so
// that tables of kernels give the same bits.
//
// The two sums at hand are neighbours in a row: columns `column` and column + 1.
#pragma once

#include "quantier/engine/cuda/element.cuh"
#include "quantier/engine/cuda/kernels.h"
#include "quantier/engine/cuda/kernels_rows.cuh"

namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

template <class T>
__device__ __forceinline__ float2 i8_value(const I8ProductTask& task, int sum0, int sum1, float x_absmax,
                                           std::uint32_t column) {
  const float2 absmax = *reinterpret_cast<const float2*>(task.weight_absmax + column);
  float2 value = {i8_product(sum0, x_absmax, absmax.x), i8_product(sum1, x_absmax, absmax.y)};
  if (task.bias != nullptr) {
    const float2 bias = *reinterpret_cast<const float2*>(task.bias + column);
    value.x += bias.x;
    value.y += bias.y;
  }
  value.x = rounded<T>(value.x);
  value.y = rounded<T>(value.y);
  return value;
}

// Without a gate.
template <class T>
__device__ __forceinline__ void store_i8(const I8ProductTask& task, int sum0, int sum1, float x_absmax,
                                         std::uint32_t row, std::uint32_t column) {
  float2 value = i8_value<T>(task, sum0, sum1, x_absmax, column);
  const std::uint64_t at = std::uint64_t{row} * task.outputs + column;
  if (task.residual != nullptr) {
    union {
      std::uint32_t bits;
      T elements[2];
    } before;
    before.bits = *reinterpret_cast<const std::uint32_t*>(static_cast<const T*>(task.residual) + at);
    value.x += widen(before.elements[0]);
    value.y += widen(before.elements[1]);
  }
  *reinterpret_cast<std::uint32_t*>(static_cast<T*>(task.out) + at) = pack<T>(value.x, value.y);
}

// The sums of a gate at `column` and of its up, kGateBlock further.
template <class T, Gate kGate>
__device__ __forceinline__ void store_gated_i8(const I8ProductTask& task, int gate0, int gate1, int up0,
                                               int up1, float x_absmax, std::uint32_t row,
                                               std::uint32_t column) {
  const float2 gate = i8_value<T>(task, gate0, gate1, x_absmax, column);
  const float2 up = i8_value<T>(task, up0, up1, x_absmax, column + kGateBlock);
  const std::uint32_t feature = column / (2 * kGateBlock) * kGateBlock + column % kGateBlock;
  const std::uint64_t at = std::uint64_t{row} * (task.outputs / 2) + feature;
  *reinterpret_cast<std::uint32_t*>(static_cast<T*>(task.out) + at) =
      pack<T>(rounded<T>(activated<kGate>(gate.x)) * up.x, rounded<T>(activated<kGate>(gate.y)) * up.y);
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
