// Against the definition of the format: the values from its fields, and rounding as a search for the nearest.
#include "quantier/base/fp8.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/rng.h"

namespace quantier {
namespace {

double value_by_definition(std::uint8_t bits) {
  const double sign = (bits & 0x80U) != 0 ? -1.0 : 1.0;
  const int exponent = bits >> 3 & 15;
  const int mantissa = bits & 7;
  if (exponent == 15 && mantissa == 7) return NAN;
  if (exponent == 0) return sign * std::ldexp(mantissa, -9);
  return sign * std::ldexp(8 + mantissa, exponent - 10);
}

TEST(Fp8E4M3, AllValuesAreWhatTheDefinitionSays) {
  for (int i = 0; i < 256; ++i) {
    const Fp8E4M3 code{static_cast<std::uint8_t>(i)};
    const double expected = value_by_definition(code.bits);
    const float value = to_float(code);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(value)) << i;
      EXPECT_EQ(to_fp8_e4m3(value).bits & 0x7F, 0x7F) << i;
      continue;
    }
    EXPECT_EQ(static_cast<double>(value), expected) << i;
    EXPECT_EQ(std::signbit(value), (i & 0x80) != 0) << i;
    EXPECT_EQ(to_fp8_e4m3(value), code) << i;
  }
}

std::uint8_t nearest_by_search(double magnitude) {
  std::uint8_t best = 0;
  for (int i = 1; i < 0x7F; ++i) {
    const double here = std::abs(value_by_definition(static_cast<std::uint8_t>(i)) - magnitude);
    const double there = std::abs(value_by_definition(best) - magnitude);
    if (here < there || (here == there && i % 2 == 0)) best = static_cast<std::uint8_t>(i);
  }
  return magnitude > 464.0 ? 0x7F : best;
}

TEST(Fp8E4M3, RoundsToNearestAndTiesToEven) {
  std::vector<float> values{0.0F, 448.0F, 463.999F, 464.0F, 464.001F, 480.0F, 1e30F, INFINITY, 1e-30F};
  for (int i = 0; i + 1 < 0x7F; ++i) {
    const double middle = (value_by_definition(static_cast<std::uint8_t>(i)) +
                           value_by_definition(static_cast<std::uint8_t>(i + 1))) /
                          2;
    const auto tie = static_cast<float>(middle);
    values.insert(values.end(), {tie, std::nextafter(tie, 0.0F), std::nextafter(tie, INFINITY)});
  }
  Philox random(3);
  for (int i = 0; i < 20000; ++i)
    values.push_back(std::ldexp(1.0F + random.next_u32() * 0x1p-32F, i % 24 - 13));
  for (const float value : values) {
    ASSERT_EQ(to_fp8_e4m3(value).bits, nearest_by_search(value)) << value;
    ASSERT_EQ(to_fp8_e4m3(-value).bits, nearest_by_search(value) | 0x80) << value;
  }
}

}  // namespace
}  // namespace quantier
