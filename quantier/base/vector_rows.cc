#include "quantier/base/vector_rows.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "quantier/base/vector_clones.h"

namespace quantier {
namespace {

// Without branches. As bits of a float the half's exponent and mantissa are the number times 2^-112, which a
// product makes good, subnormals too; infinity and NaN take the largest exponent.
QT_VECTOR_CLONES void expand_halves(const std::uint16_t* halves, float* out, std::size_t count) {
  const auto two_to_112 = std::bit_cast<float>(std::uint32_t{(127 + 112) << 23});
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t half = halves[i];
    const std::uint32_t sign = (half & 0x8000U) << 16;
    const std::uint32_t shifted = (half & 0x7FFFU) << 13;
    const auto number = std::bit_cast<std::uint32_t>(std::bit_cast<float>(shifted) * two_to_112);
    const std::uint32_t special = shifted | 0x7F800000U;
    const std::uint32_t is_special = 0U - static_cast<std::uint32_t>(shifted >= (0x7C00U << 13));
    out[i] = std::bit_cast<float>(sign | (special & is_special) | (number & ~is_special));
  }
}

QT_VECTOR_CLONES void expand_bfloats(const std::uint16_t* bfloats, float* out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = std::bit_cast<float>(std::uint32_t{bfloats[i]} << 16);
}

// Normal halves: to nearest even at the thirteenth bit. Subnormal ones: the float sum with 0.75 has 2^-24,
// the step of subnormal halves, as its last place. NaN is kept quiet, with the bits that a half keeps.
QT_VECTOR_CLONES void round_halves(float* row, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(row[i]);
    const std::uint32_t sign = bits & 0x80000000U;
    const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
    const std::uint32_t normal = (magnitude + 0xFFFU + ((magnitude >> 13) & 1U)) & ~0x1FFFU;
    const auto small = std::bit_cast<std::uint32_t>((std::bit_cast<float>(magnitude) + 0.75F) - 0.75F);
    const std::uint32_t is_small = 0U - static_cast<std::uint32_t>(magnitude < 0x38800000U);
    const std::uint32_t is_large = 0U - static_cast<std::uint32_t>(magnitude >= 0x477FF000U);
    const std::uint32_t is_nan = 0U - static_cast<std::uint32_t>(magnitude > 0x7F800000U);
    const std::uint32_t nan = (magnitude & ~0x1FFFU) | 0x7FC00000U;
    std::uint32_t result = (small & is_small) | (normal & ~is_small);
    result = (0x7F800000U & is_large) | (result & ~is_large);
    result = (nan & is_nan) | (result & ~is_nan);
    row[i] = std::bit_cast<float>(sign | result);
  }
}

// Magnitudes of floats are in the order of their bits.
QT_VECTOR_CLONES std::uint32_t largest_bits(const float* row, std::size_t count) {
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(row[i]) & 0x7FFFFFFFU;
    largest = bits > largest ? bits : largest;
  }
  return largest;
}

// As signed integers positive floats are in their order and negative ones lie below 0; with the sign turned,
// the other way round.
QT_VECTOR_CLONES void range_bits(const float* row, std::size_t count, std::int32_t* negative,
                                 std::int32_t* positive) {
  std::int32_t below = 0;
  std::int32_t above = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto bits = std::bit_cast<std::int32_t>(row[i]);
    const auto turned = static_cast<std::int32_t>(static_cast<std::uint32_t>(bits) ^ 0x80000000U);
    above = bits > above ? bits : above;
    below = turned > below ? turned : below;
  }
  *negative = below;
  *positive = above;
}

// Two-byte values that need not be aligned, part by part.
template <class Convert>
void by_parts(const std::byte* source, std::span<float> out, const Convert& convert) {
  constexpr std::size_t kPart = 1024;
  if (reinterpret_cast<std::uintptr_t>(source) % alignof(std::uint16_t) == 0) {
    // Files are mapped as bytes; two of them are a half, whatever the language calls them.
    return convert(reinterpret_cast<const std::uint16_t*>(source), out.data(), out.size());
  }
  std::uint16_t part[kPart];
  for (std::size_t first = 0; first < out.size(); first += kPart) {
    const std::size_t count = std::min(kPart, out.size() - first);
    std::memcpy(part, source + 2 * first, 2 * count);
    convert(part, out.data() + first, count);
  }
}

}  // namespace

void halves_to_floats(const std::byte* halves, std::span<float> out) { by_parts(halves, out, expand_halves); }

void bfloats_to_floats(const std::byte* bfloats, std::span<float> out) {
  by_parts(bfloats, out, expand_bfloats);
}

void round_row_to_half(std::span<float> row) { round_halves(row.data(), row.size()); }

bool all_finite(std::span<const float> row) { return largest_bits(row.data(), row.size()) < 0x7F800000U; }

ValueRange range_of(std::span<const float> row) {
  std::int32_t negative = 0;
  std::int32_t positive = 0;
  range_bits(row.data(), row.size(), &negative, &positive);
  // 0 and not -0 where nothing lies below it.
  return {negative > 0 ? -std::bit_cast<float>(negative) : 0.0F, std::bit_cast<float>(positive)};
}

float largest_magnitude(std::span<const float> row) {
  return std::bit_cast<float>(largest_bits(row.data(), row.size()));
}

}  // namespace quantier
