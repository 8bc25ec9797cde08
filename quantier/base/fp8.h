// FP8 E4M3 ("e4m3fn": four exponent bits, three of mantissa, no infinity) as a storage type, in portable
// scalar code. Bias 7; the largest number is 448, the smallest normal 2^-6, the smallest subnormal 2^-9; 0x7F
// and 0xFF are NaN.
//
// Rounding is to nearest, ties to even. What would round beyond 448 becomes NaN, as torch.float8_e4m3fn
// casts: a scale that lets a value overflow is a mistake that must show, not be cut off. Source: Micikevicius
// et al. 2022, "FP8 Formats for Deep Learning", section 3.
#pragma once

#include <bit>
#include <cstdint>

namespace quantier {

struct Fp8E4M3 {
  std::uint8_t bits = 0;
  friend bool operator==(Fp8E4M3, Fp8E4M3) = default;
};

inline constexpr float kFp8Largest = 448.0F;

[[nodiscard]] constexpr float to_float(Fp8E4M3 value) {
  const std::uint32_t sign = static_cast<std::uint32_t>(value.bits & 0x80U) << 24;
  const std::uint32_t exponent = (value.bits >> 3) & 0xFU;
  const std::uint32_t mantissa = value.bits & 0x7U;
  if (exponent == 0xFU && mantissa == 0x7U) return std::bit_cast<float>(sign | 0x7FC00000U);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 120) << 23 | mantissa << 20);
  const float magnitude = static_cast<float>(mantissa) * 0x1p-9F;
  return sign != 0 ? -magnitude : magnitude;
}

[[nodiscard]] constexpr Fp8E4M3 to_fp8_e4m3(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint8_t>(bits >> 24 & 0x80U);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x43E80000U)
    return {static_cast<std::uint8_t>(sign | 0x7FU)};  // above 464 (448 and half a step)
  if (magnitude < 0x3C800000U) {                       // below 2^-6: subnormal or zero
    // In units of 2^-9, rounded by adding 1.5 * 2^23.
    const float units = std::bit_cast<float>(magnitude) * 0x1p9F;
    const float shifted = units + 12582912.0F;
    return {static_cast<std::uint8_t>(sign | (std::bit_cast<std::uint32_t>(shifted) & 0xFU))};
  }
  const std::uint32_t odd = magnitude >> 20 & 1U;
  const std::uint32_t rounded = magnitude - (120U << 23) + 0x7FFFFU + odd;
  return {static_cast<std::uint8_t>(sign | rounded >> 20)};
}

// The value after a round trip through E4M3.
[[nodiscard]] constexpr float round_to_fp8(float value) { return to_float(to_fp8_e4m3(value)); }

}  // namespace quantier
