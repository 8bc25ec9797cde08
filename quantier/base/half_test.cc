// Against a second conversion, written here from the definition of the format: all values are taken from the
// list of the 65536 halves as doubles, and rounding is a search for the nearest of them.
#include "quantier/base/half.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/rng.h"

namespace quantier {
namespace {

double value_by_definition(std::uint16_t bits) {
  const double sign = (bits & 0x8000u) != 0 ? -1.0 : 1.0;
  const int exponent = (bits >> 10) & 31;
  const int mantissa = bits & 1023;
  if (exponent == 31) return mantissa == 0 ? sign * INFINITY : std::numeric_limits<double>::quiet_NaN();
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

// Nearest half of a finite float >= 0; ties to the even one. The half after the largest counts as 65536.
std::uint16_t nearest_by_search(double magnitude) {
  const auto value = [](std::uint16_t bits) { return bits == 0x7C00u ? 65536.0 : value_by_definition(bits); };
  std::uint16_t low = 0;
  std::uint16_t high = 0x7C00u;
  if (magnitude >= 65536.0) return high;
  while (high - low > 1) {
    const auto middle = static_cast<std::uint16_t>((low + high) / 2);
    (value(middle) <= magnitude ? low : high) = middle;
  }
  const double below = magnitude - value(low);
  const double above = value(high) - magnitude;
  if (below != above) return below < above ? low : high;
  return low % 2 == 0 ? low : high;
}

void expect_rounds_like_the_search(float value) {
  const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000u : 0u);
  const auto expected =
      static_cast<std::uint16_t>(sign | nearest_by_search(std::abs(static_cast<double>(value))));
  ASSERT_EQ(to_half(value).bits, expected) << value;
}

TEST(Half, AllValuesAreWhatTheDefinitionSays) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const Half half{static_cast<std::uint16_t>(bits)};
    const double expected = value_by_definition(half.bits);
    const float value = to_float(half);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(value)) << bits;
      ASSERT_TRUE(std::isnan(to_float(to_half(value)))) << bits;
      ASSERT_EQ(to_half(value).bits, bits | 0x200u);  // quieted, payload kept
      continue;
    }
    ASSERT_EQ(static_cast<double>(value), expected) << bits;
    ASSERT_EQ(std::signbit(value), (bits & 0x8000u) != 0) << bits;
    ASSERT_EQ(to_half(value), half) << bits;  // and back, exactly
  }
}

TEST(Half, RoundsToNearestAndTiesToEven) {
  for (std::uint32_t bits = 0; bits < 0x7C00u; ++bits) {
    const double low = value_by_definition(static_cast<std::uint16_t>(bits));
    const double high =
        bits + 1 == 0x7C00u ? 65536.0 : value_by_definition(static_cast<std::uint16_t>(bits + 1));
    const auto tie = static_cast<float>((low + high) / 2);
    ASSERT_EQ(static_cast<double>(tie), (low + high) / 2);  // a float holds it exactly
    for (const float value : {tie, std::nextafter(tie, 0.0F), std::nextafter(tie, INFINITY)}) {
      expect_rounds_like_the_search(value);
      expect_rounds_like_the_search(-value);
    }
  }
}

TEST(Half, AnyFloat) {
  Philox random(1);
  for (int i = 0; i < 1'000'000; ++i) {
    const auto value = std::bit_cast<float>(random.next_u32());
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(to_float(to_half(value))));
    } else if (std::isinf(value)) {
      ASSERT_EQ(to_half(value).bits, value > 0 ? 0x7C00u : 0xFC00u);
    } else {
      expect_rounds_like_the_search(value);
    }
  }
  EXPECT_EQ(to_half(65519.996F).bits, 0x7BFFu);
  EXPECT_EQ(to_half(65520.0F).bits, 0x7C00u);
  EXPECT_EQ(to_half(-1e30F).bits, 0xFC00u);
}

TEST(BFloat16, IsTheUpperHalfOfAFloat) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const BFloat16 stored{static_cast<std::uint16_t>(bits)};
    const float value = to_float(stored);
    ASSERT_EQ(std::bit_cast<std::uint32_t>(value), bits << 16);
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(to_float(to_bfloat16(value))));
    } else {
      ASSERT_EQ(to_bfloat16(value), stored);
    }
  }
}

TEST(BFloat16, RoundsToNearestAndTiesToEven) {
  Philox random(2);
  for (int i = 0; i < 1'000'000; ++i) {
    const std::uint32_t bits = i % 4 == 0 ? (random.next_u32() & 0xFFFF0000u) | 0x8000u : random.next_u32();
    const auto value = std::bit_cast<float>(bits);
    if (!std::isfinite(value)) continue;
    // Both neighbours as doubles; the one above the largest finite value stands for 2^128.
    const double low = to_float(BFloat16{static_cast<std::uint16_t>(bits >> 16)});
    const auto next = static_cast<std::uint16_t>((bits >> 16) + 1);
    const double high = (next & 0x7FFFu) == 0x7F80u ? std::copysign(0x1p128, low) : to_float(BFloat16{next});
    const double to_low = std::abs(static_cast<double>(value) - low);
    const double to_high = std::abs(high - static_cast<double>(value));
    const bool take_low = to_low < to_high || (to_low == to_high && (next & 1u) == 1u);
    ASSERT_EQ(to_bfloat16(value).bits, take_low ? bits >> 16 : next) << value;
  }
}

}  // namespace
}  // namespace quantier
