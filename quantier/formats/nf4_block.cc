#include "quantier/formats/nf4_block.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "quantier/base/check.h"
#include "quantier/base/half.h"
#include "quantier/base/vector_clones.h"
#include "quantier/base/vector_rows.h"

namespace quantier {
namespace {

// What a block of zeros divides by. bitsandbytes also stores it, but only for an incomplete last block.
constexpr float kSmallestAbsmax = 1e-38F;

std::array<float, 256> make_dynamic_map() {
  // Decade i, from 1e-6 to 1, is cut into 2^i equal parts between 0.1 and 1; the entries are the middles of
  // the parts and their negatives. 0 and 1 complete the 256. The boundaries are computed from the nearer end
  // with fused multiply-adds, as the reference does: the map must be equal to the last bit, since every
  // dequantized block depends on it.
  std::array<float, 256> map{};
  std::size_t count = 0;
  for (int decade = 0; decade < 7; ++decade) {
    const int parts = 1 << decade;
    const auto scale = static_cast<float>(std::pow(10.0, decade - 6));
    const float step = (1.0F - 0.1F) / static_cast<float>(parts);
    const auto boundary = [&](int i) {
      return i < (parts + 1) / 2 ? std::fma(step, static_cast<float>(i), 0.1F)
                                 : std::fma(-step, static_cast<float>(parts - i), 1.0F);
    };
    for (int part = 0; part < parts; ++part) {
      const float middle = scale * ((boundary(part) + boundary(part + 1)) / 2.0F);
      map[count++] = middle;
      map[count++] = -middle;
    }
  }
  map[count++] = 0.0F;
  map[count++] = 1.0F;
  QT_CHECK(count == map.size(), "the dynamic map has 256 entries");
  std::sort(map.begin(), map.end());
  return map;
}

constexpr std::size_t kMiddles = 15;

std::array<float, kMiddles> make_middles() {
  std::array<float, kMiddles> middles{};
  for (std::size_t code = 0; code < kMiddles; ++code)
    middles[code] = (nf4_table()[code] + nf4_table()[code + 1U]) / 2.0F;
  return middles;
}

// Smallest code whose midpoint to the next entry is not below the scaled value: the nearest entry, and the
// lower one when it lies on a midpoint. So it is the number of midpoints below the value.
QT_VECTOR_CLONES void nearest_nf4(const float* values, float divisor, const float* middles,
                                  std::uint8_t* codes) {
  std::int32_t found[kNf4BlockElements];
  for (std::size_t i = 0; i < kNf4BlockElements; ++i) {
    const float scaled = values[i] / divisor;
    std::int32_t code = 0;
    for (std::size_t m = 0; m < kMiddles; ++m) code += middles[m] < scaled ? 1 : 0;
    found[i] = code;
  }
  for (std::size_t i = 0; i < kNf4BlockElements; ++i) codes[i] = static_cast<std::uint8_t>(found[i]);
}

// The earlier element in the high nibble.
QT_VECTOR_CLONES void pack_pairs(const std::uint8_t* codes, std::uint8_t* packed, std::size_t pairs) {
  for (std::size_t pair = 0; pair < pairs; ++pair)
    packed[pair] = static_cast<std::uint8_t>((codes[2 * pair] << 4) | codes[2 * pair + 1]);
}

// The reference does not search the dynamic map: it looks the nearest entry up for the nearest of 65536
// equally spaced points of [-1, 1]. So must we, for equal codes: below 3e-5 the map is finer than the points.
constexpr std::size_t kPoints = 65536;

std::vector<std::uint8_t> make_dynamic_codes() {
  const auto& map = dynamic_map();
  std::vector<std::uint8_t> codes(kPoints);
  std::uint32_t code = 0;
  for (std::size_t point = 0; point < kPoints; ++point) {
    const float value = -1.0F + (2.0F * static_cast<float>(point)) / static_cast<float>(kPoints - 1);
    while (code < 255 && 0.5F * (map[code] + map[code + 1]) < value) ++code;
    codes[point] = static_cast<std::uint8_t>(code);
  }
  return codes;
}

std::uint8_t dynamic_code(float scaled) {
  static const std::vector<std::uint8_t> codes = make_dynamic_codes();
  const float middle = (std::clamp(scaled, -1.0F, 1.0F) + 1.0F) * 0.5F;
  const float above = middle * static_cast<float>(kPoints - 1) + 0.5F;
  return codes[static_cast<std::size_t>(above)];
}

}  // namespace

const std::array<float, 16>& nf4_table() {
  // QLoRA, appendix E, to the last bit of a float.
  static constexpr std::array<float, 16> kTable{
      -1.0F,
      -0.6961928009986877F,
      -0.5250730514526367F,
      -0.39491748809814453F,
      -0.28444138169288635F,
      -0.18477343022823334F,
      -0.09105003625154495F,
      0.0F,
      0.07958029955625534F,
      0.16093020141124725F,
      0.24611230194568634F,
      0.33791524171829224F,
      0.44070982933044434F,
      0.5626170039176941F,
      0.7229568362236023F,
      1.0F,
  };
  return kTable;
}

const std::array<float, 256>& dynamic_map() {
  static const std::array<float, 256> map = make_dynamic_map();
  return map;
}

void nf4_dequantize(const Nf4Weights& weights, std::uint64_t first, std::span<float> out) {
  for (std::size_t i = 0; i < out.size();) {
    const std::uint64_t block = (first + i) / kNf4BlockElements;
    const std::size_t end = std::min<std::size_t>(out.size(), (block + 1) * kNf4BlockElements - first);
    const float absmax = nf4_absmax(weights, block);
    std::array<float, 16> values{};
    for (std::size_t code = 0; code < values.size(); ++code)
      values[code] = round_to_half(nf4_table()[code] * absmax);
    for (; i < end; ++i) out[i] = values[nf4_code(weights, first + i)];
  }
}

float nf4_quantize_block(std::span<const float> values, std::span<std::uint8_t> packed) {
  QT_CHECK(values.size() <= kNf4BlockElements && packed.size() == (values.size() + 1) / 2,
           "one block at a time");
  const float absmax = largest_magnitude(values);
  const float divisor = std::max(absmax, kSmallestAbsmax);
  // The reference divides in an incomplete block and multiplies by the reciprocal in a whole one. For halves
  // both give the same code, always (all pairs of mantissas were tried).
  static const std::array<float, kMiddles> middles = make_middles();
  std::array<std::uint8_t, kNf4BlockElements> codes{};
  if (values.size() == kNf4BlockElements) {
    nearest_nf4(values.data(), divisor, middles.data(), codes.data());
  } else {
    std::array<float, kNf4BlockElements> whole{};
    std::ranges::copy(values, whole.begin());
    nearest_nf4(whole.data(), divisor, middles.data(), codes.data());
  }
  pack_pairs(codes.data(), packed.data(), packed.size());
  return values.size() == kNf4BlockElements ? absmax : divisor;
}

float nf4_mean(std::span<const float> absmax) {
  double sum = 0;
  for (const float value : absmax) sum += value;
  return absmax.empty() ? 0.0F : static_cast<float>(sum / static_cast<double>(absmax.size()));
}

void nf4_quantize_absmax(std::span<const float> absmax, float offset, std::span<std::uint8_t> codes,
                         std::span<float> nested_absmax) {
  std::array<float, kNf4NestedBlocks> centred{};
  for (std::size_t begin = 0; begin < absmax.size(); begin += centred.size()) {
    const std::size_t count = std::min<std::size_t>(centred.size(), absmax.size() - begin);
    for (std::size_t i = 0; i < count; ++i) centred[i] = absmax[begin + i] - offset;
    const float largest = largest_magnitude(std::span(centred).first(count));
    nested_absmax[begin / centred.size()] = largest;
    const float reciprocal = 1.0F / largest;
    for (std::size_t i = 0; i < count; ++i) {
      codes[begin + i] = largest == 0.0F ? std::uint8_t{0} : dynamic_code(centred[i] * reciprocal);
    }
  }
}

}  // namespace quantier
