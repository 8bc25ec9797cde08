// Numbers of a GPU kernel: elements to float and back, 16 bytes of them, sums over a warp.
#pragma once

#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

// Everything is compiled once for each generation of cards, each time in a namespace of its own.
namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

__device__ __forceinline__ float widen(__half x) { return __half2float(x); }
__device__ __forceinline__ float widen(__nv_bfloat16 x) { return __bfloat162float(x); }
template <class T>
__device__ __forceinline__ T narrow(float x);
template <>
__device__ __forceinline__ __half narrow<__half>(float x) {
  return __float2half_rn(x);
}
template <>
__device__ __forceinline__ __nv_bfloat16 narrow<__nv_bfloat16>(float x) {
  return __float2bfloat16_rn(x);
}
template <class T>
__device__ __forceinline__ float rounded(float x) {
  return widen(narrow<T>(x));
}

// Two elements as the tensor cores take them, the first in the low half.
template <class T>
__device__ __forceinline__ std::uint32_t pack(float low, float high);
template <>
__device__ __forceinline__ std::uint32_t pack<__half>(float low, float high) {
  union {
    __half2 pair;
    std::uint32_t bits;
  } both;
  both.pair = __floats2half2_rn(low, high);
  return both.bits;
}
template <>
__device__ __forceinline__ std::uint32_t pack<__nv_bfloat16>(float low, float high) {
  union {
    __nv_bfloat162 pair;
    std::uint32_t bits;
  } both;
  both.pair = __floats2bfloat162_rn(low, high);
  return both.bits;
}
template <class T>
__device__ __forceinline__ float2 unpack(std::uint32_t bits);
template <>
__device__ __forceinline__ float2 unpack<__half>(std::uint32_t bits) {
  union {
    std::uint32_t bits;
    __half2 pair;
  } both{bits};
  return __half22float2(both.pair);
}
template <>
__device__ __forceinline__ float2 unpack<__nv_bfloat16>(std::uint32_t bits) {
  return {__uint_as_float(bits << 16), __uint_as_float(bits & 0xFFFF0000u)};
}

constexpr int kVector = 8;  // elements in 16 bytes

template <class T>
__device__ __forceinline__ void unpack_vector(uint4 vector, float (&values)[kVector]) {
  const std::uint32_t words[4] = {vector.x, vector.y, vector.z, vector.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const float2 both = unpack<T>(words[i]);
    values[2 * i] = both.x;
    values[2 * i + 1] = both.y;
  }
}
template <class T>
__device__ __forceinline__ uint4 pack_vector(const float (&values)[kVector]) {
  return {pack<T>(values[0], values[1]), pack<T>(values[2], values[3]), pack<T>(values[4], values[5]),
          pack<T>(values[6], values[7])};
}

template <class T>
__device__ __forceinline__ void load_vector(const T* from, float (&values)[kVector]) {
  unpack_vector<T>(*reinterpret_cast<const uint4*>(from), values);
}

template <class T>
__device__ __forceinline__ void store_vector(T* to, const float (&values)[kVector]) {
  *reinterpret_cast<uint4*>(to) = pack_vector<T>(values);
}

constexpr unsigned kAllLanes = 0xFFFFFFFFu;

// NaN stays NaN, so that it shows in what is made of the row.
__device__ __forceinline__ float larger(float a, float b) { return a > b || a != a ? a : b; }

// 2 to the power of x, within two units of the last place; below 2^-126 it is 0. (PTX ISA: ex2.approx.ftz.)
__device__ __forceinline__ float power_of_two(float x) {
  float out = 0.0F;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(out) : "f"(x));
  return out;
}

// Within a unit of the last place. (PTX ISA: rcp.approx.ftz.)
__device__ __forceinline__ float reciprocal(float x) {
  float out = 0.0F;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(out) : "f"(x));
  return out;
}

// x times the share of the normal distribution below x. The share beyond u = |x| is exp(-u^2 / 2) t P(t) with
// t = 1 / (1 + 0.31 u), within 5e-6 of itself (tools/fit_gelu.py): half the instructions of erff, and small
// results keep their digits.
__device__ __forceinline__ float gelu(float x) {
  const float u = fminf(fabsf(x), 16.0F);  // beyond it nothing is left
  const float t = reciprocal(fmaf(0.31F, u, 1.0F));
  float share = -7.394054222e-02F;
  share = fmaf(share, t, 1.804853564e-01F);
  share = fmaf(share, t, 1.570402363e-02F);
  share = fmaf(share, t, 1.334519327e-01F);
  share = fmaf(share, t, 1.204356914e-01F);
  share = fmaf(share, t, 1.238612183e-01F);
  const float fall = power_of_two(u * u * -0.72134752044448170F);  // -log2(e) / 2
  // (x + |x|) / 2: NaN stays NaN.
  return fmaf(-u * t, share * fall, 0.5F * x + fabsf(0.5F * x));
}
__device__ __forceinline__ float silu(float x) { return __fdividef(x, 1.0F + __expf(-x)); }

// formats/i8_row.h: i8_scale, i8_quantize_row, i8_product, in the same order of roundings.
__device__ __forceinline__ float i8_scale(float absmax) {
  return absmax > 0.0F ? __fmul_rn(__frcp_rn(absmax), 127.0F) : 0.0F;
}
__device__ __forceinline__ std::uint32_t i8_codes(const float (&values)[4], float scale) {
  std::uint32_t codes = 0;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int code = __float2int_rn(__fmul_rn(values[i], scale));
    codes |= (static_cast<std::uint32_t>(code) & 0xFFu) << (8 * i);
  }
  return codes;
}
__device__ __forceinline__ float i8_product(int sum, float x_absmax, float weight_absmax) {
  return __fmul_rn(__fmul_rn(__int2float_rn(sum), __fmul_rn(x_absmax, weight_absmax)),
                   1.0F / (127.0F * 127.0F));
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
