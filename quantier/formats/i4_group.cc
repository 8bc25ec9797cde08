#include "quantier/formats/i4_group.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "quantier/base/check.h"
#include "quantier/base/vector_clones.h"
#include "quantier/base/vector_rows.h"

namespace quantier {

std::uint8_t I4Grid::code(float weight) const {
  const float step = scale();
  if (!(step > 0.0F)) return zero;
  const float steps = std::nearbyint(weight / step) + static_cast<float>(zero);
  return static_cast<std::uint8_t>(std::clamp(steps, 0.0F, static_cast<float>(kI4Largest)));
}

namespace {

// The outermost codes must stay halves: a grid over the largest weights is drawn in until they do.
I4Grid inside_halves(I4Grid grid) {
  constexpr float kLargestHalf = 65504.0F;
  const auto steps = static_cast<float>(std::max<int>(grid.zero, kI4Largest - grid.zero));
  while (steps * grid.scale() > kLargestHalf) --grid.scale_bits;
  return grid;
}

// To nearest, ties to even, as in i8_row.cc.
QT_VECTOR_CLONES void codes_of(const float* weights, float step, float zero, std::uint8_t* codes,
                               std::size_t count) {
  constexpr float kNoFraction = 12582912.0F;
  constexpr std::size_t kPart = 128;
  std::int32_t inside[kPart];  // narrowed in a loop of its own, which vectorises better
  for (std::size_t first = 0; first < count; first += kPart) {
    const std::size_t part = count - first < kPart ? count - first : kPart;
    for (std::size_t i = 0; i < part; ++i) {
      const float steps = (weights[first + i] / step + kNoFraction) - kNoFraction + zero;
      const auto whole = static_cast<std::int32_t>(steps);
      inside[i] = whole < 0 ? 0 : whole > kI4Largest ? kI4Largest : whole;
    }
    for (std::size_t i = 0; i < part; ++i) codes[first + i] = static_cast<std::uint8_t>(inside[i]);
  }
}

QT_VECTOR_CLONES void pack_codes(const std::uint8_t* codes, std::uint8_t* packed, std::size_t pairs) {
  for (std::size_t pair = 0; pair < pairs; ++pair)
    packed[pair] = static_cast<std::uint8_t>(codes[2 * pair] | codes[2 * pair + 1] << 4);
}

}  // namespace

void i4_quantize_group(I4Grid grid, std::span<const float> weights, std::span<std::uint8_t> codes) {
  QT_CHECK(weights.size() == codes.size(), "one code for each weight");
  const float step = grid.scale();
  if (!(step > 0.0F)) {
    std::ranges::fill(codes, grid.zero);
    return;
  }
  codes_of(weights.data(), step, static_cast<float>(grid.zero), codes.data(), codes.size());
}

void i4_pack_row(std::span<const std::uint8_t> codes, std::span<std::uint8_t> packed) {
  QT_CHECK(packed.size() == (codes.size() + 1) / 2, "two codes in a byte");
  pack_codes(codes.data(), packed.data(), codes.size() / 2);
  if (codes.size() % 2 == 1) packed.back() = codes.back();
}

I4Grid i4_grid(std::span<const float> weights, bool symmetric, float shrink) {
  auto [smallest, largest] = range_of(weights);
  I4Grid grid;
  if (symmetric) {
    const float absmax = std::max(-smallest, largest) * shrink;
    grid.scale_bits = to_half(absmax / (static_cast<float>(kI4Largest) / 2.0F)).bits;
    return inside_halves(grid);
  }
  smallest *= shrink;
  largest *= shrink;
  grid.scale_bits = to_half((largest - smallest) / static_cast<float>(kI4Largest)).bits;
  const float step = grid.scale();
  grid.zero = step > 0.0F ? static_cast<std::uint8_t>(std::clamp(std::nearbyint(-smallest / step), 0.0F,
                                                                 static_cast<float>(kI4Largest)))
                          : std::uint8_t{0};
  return inside_halves(grid);
}

I4GroupWeights make_i4_group(std::uint64_t out_features, std::uint64_t in_features, std::uint32_t group,
                             bool symmetric) {
  I4GroupWeights weights;
  weights.group = group;
  const std::uint64_t groups = out_features * i4_groups(in_features, group);
  weights.codes = AlignedBuffer<std::uint8_t>(out_features * ((in_features + 1) / 2), MemoryOwner::kWeights);
  weights.scales = AlignedBuffer<std::uint16_t>(groups, MemoryOwner::kWeights);
  if (!symmetric) weights.zeros = AlignedBuffer<std::uint8_t>(groups, MemoryOwner::kWeights);
  return weights;
}

std::uint64_t i4_group_of(const I4GroupWeights& weights, std::uint64_t input) {
  if (!weights.group_of_input.empty()) return weights.group_of_input[input];
  return weights.group == 0 ? 0 : input / weights.group;
}

I4Grid i4_grid_of(const I4GroupWeights& weights, std::uint64_t in_features, std::uint64_t row,
                  std::uint64_t group) {
  const std::uint64_t at = row * i4_groups(in_features, weights.group) + group;
  return {weights.scales[at], weights.zeros.empty() ? kI4Middle : weights.zeros[at]};
}

void i4_set_grid(I4GroupWeights& weights, std::uint64_t in_features, std::uint64_t row, std::uint64_t group,
                 I4Grid grid) {
  const std::uint64_t at = row * i4_groups(in_features, weights.group) + group;
  weights.scales[at] = grid.scale_bits;
  if (!weights.zeros.empty()) weights.zeros[at] = grid.zero;
}

std::uint8_t i4_code(const I4GroupWeights& weights, std::uint64_t in_features, std::uint64_t row,
                     std::uint64_t input) {
  const std::uint8_t pair = weights.codes[row * ((in_features + 1) / 2) + input / 2];
  return input % 2 == 0 ? pair & 0xFU : pair >> 4;
}

void i4_set_code(I4GroupWeights& weights, std::uint64_t in_features, std::uint64_t row, std::uint64_t input,
                 std::uint8_t code) {
  std::uint8_t& pair = weights.codes[row * ((in_features + 1) / 2) + input / 2];
  pair = static_cast<std::uint8_t>(input % 2 == 0 ? (pair & 0xF0U) | code : (pair & 0x0FU) | code << 4);
}

void i4_dequantize_row(const I4GroupWeights& weights, std::uint64_t row, std::span<float> out) {
  if (!weights.group_of_input.empty()) {
    for (std::uint64_t k = 0; k < out.size(); ++k) {
      const I4Grid grid = i4_grid_of(weights, out.size(), row, i4_group_of(weights, k));
      out[k] = grid.value(i4_code(weights, out.size(), row, k));
    }
    return;
  }
  const std::uint64_t group = weights.group == 0 ? out.size() : weights.group;
  for (std::uint64_t first = 0; first < out.size(); first += group) {
    const I4Grid grid = i4_grid_of(weights, out.size(), row, first / group);
    std::array<float, kI4Largest + 1> values{};
    for (int code = 0; code <= kI4Largest; ++code)
      values[static_cast<std::size_t>(code)] = grid.value(static_cast<std::uint8_t>(code));
    const std::uint64_t end = std::min<std::uint64_t>(first + group, out.size());
    for (std::uint64_t k = first; k < end; ++k) out[k] = values[i4_code(weights, out.size(), row, k)];
  }
}

}  // namespace quantier
