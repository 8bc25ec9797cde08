// From sums to what is stored: scales, bias, residual, rotation or gate. The same for every product, so that
// tables of kernels give the same bits.
//
// Tensor cores leave the sums of a row to four lanes, two neighbouring columns each in every block of eight.
// Stored like that, rows would go out in pieces of four bytes; so the lanes exchange what they have of four
// blocks, until each has a whole block: 16 bytes.
#pragma once

#include "quantier/engine/cuda/element.cuh"
#include "quantier/engine/cuda/kernels.h"
#include "quantier/engine/cuda/kernels_rows.cuh"

namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

// Of two neighbouring columns.
struct ColumnPair {
  float2 absmax = {0.0F, 0.0F};
  float2 bias = {0.0F, 0.0F};
};

__device__ __forceinline__ ColumnPair load_columns(const ProductTask& task, std::uint32_t column) {
  ColumnPair columns;
  if (column >= task.outputs) return columns;
  if (task.weight_absmax != nullptr)
    columns.absmax = *reinterpret_cast<const float2*>(task.weight_absmax + column);
  if (task.bias != nullptr) columns.bias = *reinterpret_cast<const float2*>(task.bias + column);
  return columns;
}

// Two sums as values rounded to elements: of int8 codes, of elements.
template <class T>
__device__ __forceinline__ std::uint32_t finished(int sum0, int sum1, float x_absmax,
                                                  const ColumnPair& columns) {
  return pack<T>(i8_product(sum0, x_absmax, columns.absmax.x) + columns.bias.x,
                 i8_product(sum1, x_absmax, columns.absmax.y) + columns.bias.y);
}
template <class T>
__device__ __forceinline__ std::uint32_t finished(float sum0, float sum1, float /*x_absmax*/,
                                                  const ColumnPair& columns) {
  return pack<T>(sum0 + columns.bias.x, sum1 + columns.bias.y);
}

template <class T, Finish kFinish>
__device__ __forceinline__ std::uint32_t gated_values(std::uint32_t gates, std::uint32_t ups) {
  constexpr Gate kGate = kFinish == Finish::kGateGelu ? Gate::kGelu : Gate::kSilu;
  const float2 gate = unpack<T>(gates);
  const float2 up = unpack<T>(ups);
  const float2 activated_gate =
      unpack<T>(pack<T>(activated<kGate>(gate.x), activated<kGate>(gate.y)));  // rounded
  return pack<T>(activated_gate.x * up.x, activated_gate.y * up.y);
}

// Columns i and i + 32 of a head, two neighbours each; `turn` is cos, sin, cos, sin.
template <class T>
__device__ __forceinline__ void rotate(std::uint32_t& low, std::uint32_t& high, float4 turn) {
  const float2 x0 = unpack<T>(low);
  const float2 x1 = unpack<T>(high);
  low = pack<T>(x0.x * turn.x - x1.x * turn.y, x0.y * turn.z - x1.y * turn.w);
  high = pack<T>(x1.x * turn.x + x0.x * turn.y, x1.y * turn.z + x0.y * turn.w);
}

template <Finish kFinish>
constexpr bool kIsGate = kFinish == Finish::kGateGelu || kFinish == Finish::kGateSilu;

// Calls body with the finish as a constant.
template <class Body>
void with_finish(Finish finish, Body body) {
  switch (finish) {
    case Finish::kStore:
      return body.template operator()<Finish::kStore>();
    case Finish::kAdd:
      return body.template operator()<Finish::kAdd>();
    case Finish::kRotate:
      return body.template operator()<Finish::kRotate>();
    case Finish::kGateGelu:
      return body.template operator()<Finish::kGateGelu>();
    case Finish::kGateSilu:
      return body.template operator()<Finish::kGateSilu>();
  }
}

// Lane q of four has the words (b, q) for four blocks b; afterwards it has (q, p) for all p: block q.
__device__ __forceinline__ uint4 gather_block(std::uint32_t (&words)[4], int quarter) {
  const bool odd = quarter % 2 != 0;
  const bool high = quarter >= 2;
#pragma unroll
  for (int b = 0; b < 4; b += 2) {
    const std::uint32_t received = __shfl_xor_sync(kAllLanes, odd ? words[b] : words[b + 1], 1);
    (odd ? words[b] : words[b + 1]) = received;
  }
#pragma unroll
  for (int b = 0; b < 2; ++b) {
    const std::uint32_t received = __shfl_xor_sync(kAllLanes, high ? words[b] : words[b + 2], 2);
    (high ? words[b] : words[b + 2]) = received;
  }
  return {words[0], words[1], words[2], words[3]};
}

template <class T>
__device__ __forceinline__ uint4 add_vectors(uint4 a, uint4 b) {
  float left[kVector];
  float right[kVector];
  unpack_vector<T>(a, left);
  unpack_vector<T>(b, right);
#pragma unroll
  for (int i = 0; i < kVector; ++i) left[i] += right[i];
  return pack_vector<T>(left);
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
