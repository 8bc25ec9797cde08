// Conversions and scans over rows of numbers, as loops that the compiler makes once for each vector width
// (vector_clones.h). Each gives the bits of its scalar form in half.h, for every input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace quantier {

// Halves and bfloat16 of any alignment, two bytes each, little-endian.
void halves_to_floats(const std::byte* halves, std::span<float> out);
void bfloats_to_floats(const std::byte* bfloats, std::span<float> out);

// Each value after a round trip through half.
void round_row_to_half(std::span<float> row);

// Neither NaN nor infinite.
[[nodiscard]] bool all_finite(std::span<const float> row);

// The least and the largest value, 0 included; of finite values.
struct ValueRange {
  float smallest = 0;
  float largest = 0;
};
[[nodiscard]] ValueRange range_of(std::span<const float> row);
// The largest magnitude of finite values; 0 of none.
[[nodiscard]] float largest_magnitude(std::span<const float> row);

}  // namespace quantier
