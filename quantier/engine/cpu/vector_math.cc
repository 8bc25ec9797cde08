#include "quantier/engine/cpu/vector_math.h"

#include <bit>

#define QT_FOR_EACH_MACHINE __attribute__((target_clones("arch=skylake-avx512", "arch=haswell", "default")))

namespace quantier::vector_math {
namespace {

// The pieces are inlined into each clone; written without branches so that they vectorise.
__attribute__((always_inline)) inline float half_of(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits & 0x80000000u;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
  const std::uint32_t normal = (magnitude + 0xFFFu + ((magnitude >> 13) & 1u)) & ~0x1FFFu;
  // Adding 0.75 leaves a unit in the last place of 2^-24, the spacing of subnormal halves.
  const float small = (std::bit_cast<float>(magnitude) + 0.75F) - 0.75F;
  std::uint32_t rounded = magnitude < 0x38800000u ? std::bit_cast<std::uint32_t>(small) : normal;
  rounded = magnitude >= 0x477FF000u ? 0x7F800000u : rounded;
  rounded = magnitude > 0x7F800000u ? magnitude : rounded;  // NaN
  return std::bit_cast<float>(sign | rounded);
}

__attribute__((always_inline)) inline float exp_of(float x) {
  const float clamped = x < -87.0F ? -87.0F : (x > 88.0F ? 88.0F : x);
  const float shifted =
      clamped * 1.44269504F + 12582912.0F;  // round to nearest integer in the low mantissa bits
  const float n = shifted - 12582912.0F;
  const float r = (clamped - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.0F / 720.0F;
  p = p * r + 1.0F / 120.0F;
  p = p * r + 1.0F / 24.0F;
  p = p * r + 1.0F / 6.0F;
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  const std::uint32_t scale = (std::bit_cast<std::uint32_t>(shifted) + 127u) << 23;
  const float result = p * std::bit_cast<float>(scale);
  return x < -87.0F ? 0.0F : result;
}

__attribute__((always_inline)) inline float erf_of(float x) {
  const float a = x < 0 ? -x : x;
  const float t = 1.0F / (1.0F + 0.3275911F * a);
  float p = 1.061405429F;
  p = p * t - 1.453152027F;
  p = p * t + 1.421413741F;
  p = p * t - 0.284496736F;
  p = p * t + 0.254829592F;
  const float y = 1.0F - p * t * exp_of(-a * a);
  return x < 0 ? -y : y;
}

}  // namespace

QT_FOR_EACH_MACHINE void round_to_half(float* x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) x[i] = half_of(x[i]);
}

QT_FOR_EACH_MACHINE void exp_minus(float* x, std::size_t n, float shift) {
  for (std::size_t i = 0; i < n; ++i) x[i] = exp_of(x[i] - shift);
}

QT_FOR_EACH_MACHINE void gelu_times(const float* __restrict gate, const float* __restrict up,
                                    float* __restrict y, std::size_t n, bool half) {
  if (half) {
    for (std::size_t i = 0; i < n; ++i) {
      y[i] = half_of(half_of(0.5F * gate[i] * (1.0F + erf_of(gate[i] * 0.70710678F))) * up[i]);
    }
  } else {
    for (std::size_t i = 0; i < n; ++i)
      y[i] = 0.5F * gate[i] * (1.0F + erf_of(gate[i] * 0.70710678F)) * up[i];
  }
}

QT_FOR_EACH_MACHINE void silu_times(const float* __restrict gate, const float* __restrict up,
                                    float* __restrict y, std::size_t n, bool half) {
  if (half) {
    for (std::size_t i = 0; i < n; ++i) y[i] = half_of(half_of(gate[i] / (1.0F + exp_of(-gate[i]))) * up[i]);
  } else {
    for (std::size_t i = 0; i < n; ++i) y[i] = gate[i] / (1.0F + exp_of(-gate[i])) * up[i];
  }
}

QT_FOR_EACH_MACHINE void add_scaled(float* __restrict y, const float* __restrict x, float a, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] += a * x[i];
}

QT_FOR_EACH_MACHINE void add(float* __restrict y, const float* __restrict x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] += x[i];
}

QT_FOR_EACH_MACHINE void rotate(float* __restrict low, float* __restrict high, const float* __restrict cosine,
                                const float* __restrict sine, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const float l = low[i];
    const float h = high[i];
    low[i] = l * cosine[i] - h * sine[i];
    high[i] = h * cosine[i] + l * sine[i];
  }
}

QT_FOR_EACH_MACHINE void expand_half(const std::uint16_t* __restrict bits, float* __restrict out,
                                     std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t magnitude = bits[i] & 0x7FFFu;
    const std::uint32_t sign = (bits[i] & 0x8000u) << 16;
    // Scaling by 2^112 rebiases the exponent and turns subnormal halves into normal floats exactly.
    const float scaled = std::bit_cast<float>(magnitude << 13) * 0x1.0p112F;
    const std::uint32_t finite = std::bit_cast<std::uint32_t>(scaled);
    out[i] = std::bit_cast<float>(sign | (magnitude >= 0x7C00u ? 0x7F800000u | (magnitude << 13) : finite));
  }
}

}  // namespace quantier::vector_math
