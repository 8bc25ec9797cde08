#include "quantier/quantize/lane_grid.h"

#include <bit>
#include <cstdint>

#include "quantier/base/vector_clones.h"

namespace quantier {
namespace {

// To the nearest half, ties to even, for finite numbers inside its range (as round_halves in
// base/vector_rows.cc).
[[gnu::always_inline]] inline float as_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  const std::uint32_t normal = (magnitude + 0xFFFU + ((magnitude >> 13) & 1U)) & ~0x1FFFU;
  const auto small = std::bit_cast<std::uint32_t>((std::bit_cast<float>(magnitude) + 0.75F) - 0.75F);
  const std::uint32_t is_small = 0U - static_cast<std::uint32_t>(magnitude < 0x38800000U);
  return std::bit_cast<float>((bits & 0x80000000U) | (small & is_small) | (normal & ~is_small));
}

[[gnu::always_inline]] inline float point(float code, float zero, float scale) {
  return as_half((code - zero) * scale);
}

// Adding and taking away 1.5 * 2^23 rounds to the nearest integer, ties to even.
[[gnu::always_inline]] inline float nearest_code(float wanted, float zero, float scale) {
  constexpr float kRounder = 12582912.0F;
  float steps = wanted / (scale > 0.0F ? scale : 1.0F);
  // Further out than any code, whatever the zero point.
  steps = steps < -16.0F ? -16.0F : steps;
  steps = steps > 16.0F ? 16.0F : steps;
  float code = ((steps + kRounder) - kRounder) + zero;
  code = code < 0.0F ? 0.0F : code;
  code = code > static_cast<float>(kI4Largest) ? static_cast<float>(kI4Largest) : code;
  return scale > 0.0F ? code : zero;  // a grid without extent has one code
}

// Whether any lane's error changed: from -0 to 0 none does. Everything is made in places of its own, which
// nothing else points to, and then copied: so the compiler may keep lanes side by side.
[[gnu::always_inline]] inline bool settle(const LaneGrid& grid, const LaneInput& input,
                                          const TileLane& wanted, TileLane& taken) {
  TileLane codes;
  TileLane errors;
  TileLane fallen;
  std::uint32_t changed = 0;
  for (std::size_t lane = 0; lane < kTileRows; ++lane) {
    const float code = nearest_code(wanted[lane], grid.zero[lane], grid.scale[lane]);
    const float error = input.target[lane] - point(code, grid.zero[lane], grid.scale[lane]);
    codes[lane] = code;
    errors[lane] = error;
    fallen[lane] = input.error[lane] - error;
    changed |= std::bit_cast<std::uint32_t>(fallen[lane]) & 0x7FFFFFFFU;
  }
  input.code = codes;
  input.error = errors;
  taken = fallen;
  return changed != 0;
}

}  // namespace

QT_VECTOR_CLONES void lane_values(const LaneGrid& grid, const TileLane& codes, TileLane& values) {
  TileLane points;
  for (std::size_t lane = 0; lane < kTileRows; ++lane)
    points[lane] = point(codes[lane], grid.zero[lane], grid.scale[lane]);
  values = points;
}

QT_VECTOR_CLONES bool take_codes(const LaneGrid& grid, const LaneInput& input, const TileLane& pull,
                                 float weight, TileLane& taken) {
  TileLane wanted;
  for (std::size_t lane = 0; lane < kTileRows; ++lane)
    wanted[lane] = input.target[lane] + pull[lane] / weight;
  return settle(grid, input, wanted, taken);
}

QT_VECTOR_CLONES bool improve_codes(const LaneGrid& grid, const LaneInput& input, const TileLane& slope,
                                    float weight, TileLane& taken) {
  TileLane wanted;
  for (std::size_t lane = 0; lane < kTileRows; ++lane)
    wanted[lane] = input.target[lane] + (slope[lane] - weight * input.error[lane]) / weight;
  return settle(grid, input, wanted, taken);
}

LaneGrid LaneGrid::of(const std::array<I4Grid, kTileRows>& grids) {
  LaneGrid lanes;
  for (std::size_t lane = 0; lane < kTileRows; ++lane) {
    lanes.scale[lane] = grids[lane].scale();
    lanes.zero[lane] = static_cast<float>(grids[lane].zero);
  }
  return lanes;
}

}  // namespace quantier
