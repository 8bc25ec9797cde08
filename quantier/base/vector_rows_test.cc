#include "quantier/base/vector_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/half.h"

namespace quantier {
namespace {

std::uint32_t bits(float value) { return std::bit_cast<std::uint32_t>(value); }

TEST(VectorRows, EveryHalfAndBfloatIsWhatTheScalarCodeMakesOfIt) {
  std::vector<std::uint16_t> all(65536);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  std::vector<float> out(all.size());
  halves_to_floats(reinterpret_cast<const std::byte*>(all.data()), out);
  for (const std::uint16_t each : all) ASSERT_EQ(bits(out[each]), bits(to_float(Half{each}))) << each;
  bfloats_to_floats(reinterpret_cast<const std::byte*>(all.data()), out);
  for (const std::uint16_t each : all) ASSERT_EQ(bits(out[each]), bits(to_float(BFloat16{each}))) << each;
  // Nor does it matter where they stand.
  std::vector<std::byte> shifted(all.size() * 2 + 1);
  std::ranges::copy(std::as_bytes(std::span(all)), shifted.begin() + 1);
  halves_to_floats(shifted.data() + 1, out);
  for (const std::uint16_t each : all) ASSERT_EQ(bits(out[each]), bits(to_float(Half{each}))) << each;
}

// Every exponent with both signs and mantissas around all that decide a rounding.
TEST(VectorRows, RoundingToHalfIsThatOfTheScalarCode) {
  std::vector<float> values;
  for (std::uint32_t top = 0; top < 512; ++top) {
    for (std::uint32_t high = 0; high < 1024; high += 31) {
      for (const std::uint32_t low : {0U, 1U, 0xFFEU, 0xFFFU, 0x1000U, 0x1001U, 0x1FFFU})
        values.push_back(std::bit_cast<float>(top << 23 | high << 13 | low));
    }
    for (int bit = 0; bit < 23; ++bit) {
      for (const std::uint32_t more : {0U, 1U, 3U})
        values.push_back(std::bit_cast<float>(top << 23 | ((1U << bit) + more) % (1U << 23)));
    }
  }
  std::vector<float> rounded = values;
  round_row_to_half(rounded);
  for (std::size_t i = 0; i < values.size(); ++i)
    ASSERT_EQ(bits(rounded[i]), bits(round_to_half(values[i]))) << std::hex << bits(values[i]);
}

TEST(VectorRows, ScansFindWhatIsThere) {
  std::vector<float> row(77);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = std::sin(static_cast<float>(i));
  for (std::size_t count = 0; count <= row.size(); ++count) {
    const auto part = std::span(row).first(count);
    float largest = 0;
    float smallest = 0;
    for (const float value : part) {
      largest = std::max(largest, value);
      smallest = std::min(smallest, value);
    }
    EXPECT_EQ(range_of(part).largest, largest);
    EXPECT_EQ(range_of(part).smallest, smallest);
    EXPECT_EQ(largest_magnitude(part), std::max(largest, -smallest));
    EXPECT_TRUE(all_finite(part));
  }
  for (std::size_t at = 0; at < row.size(); ++at) {
    const float kept = row[at];
    for (const float bad : {NAN, INFINITY, -INFINITY}) {
      row[at] = bad;
      EXPECT_FALSE(all_finite(row));
    }
    row[at] = kept;
  }
  const std::vector<float> zeros = {0.0F, -0.0F};
  EXPECT_FALSE(std::signbit(range_of(zeros).smallest));
  EXPECT_EQ(range_of({}).largest, 0.0F);
}

}  // namespace
}  // namespace quantier
