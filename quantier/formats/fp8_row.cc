#include "quantier/formats/fp8_row.h"

#include <algorithm>
#include <cmath>

#include "quantier/base/check.h"

namespace quantier {
namespace {

// absmax / scale can round to just above 448, where the cast would still be 448 but for far larger values.
float in_range(float value) { return std::clamp(value, -kFp8Largest, kFp8Largest); }

}  // namespace

void fp8_quantize(std::span<const float> values, float scale, std::span<std::uint8_t> codes) {
  QT_CHECK(values.size() == codes.size(), "one code for each value");
  if (!(scale > 0.0F)) {
    std::ranges::fill(codes, std::uint8_t{0});
    return;
  }
  for (std::size_t k = 0; k < values.size(); ++k) codes[k] = to_fp8_e4m3(in_range(values[k] / scale)).bits;
}

void fp8_round_row(std::span<float> row) {
  float absmax = 0.0F;
  for (const float value : row) {
    if (std::isnan(value)) absmax = value;
    absmax = std::isnan(absmax) ? absmax : std::max(absmax, std::abs(value));
  }
  const float scale = fp8_scale(absmax);
  if (std::isnan(absmax)) {
    std::ranges::fill(row, absmax);
    return;
  }
  if (!(scale > 0.0F)) {
    std::ranges::fill(row, 0.0F);
    return;
  }
  for (float& value : row) value = round_to_fp8(in_range(value / scale)) * scale;
}

}  // namespace quantier
