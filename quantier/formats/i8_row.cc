#include "quantier/formats/i8_row.h"

#include <algorithm>
#include <cmath>

#include "quantier/base/check.h"
#include "quantier/base/vector_clones.h"

namespace quantier {
namespace {

// To nearest, ties to even: the sum with 1.5 * 2^23 has no bits after the point. Far faster than a library
// call for each weight. |value| <= 127.5.
QT_VECTOR_CLONES void round_row(const float* row, float scale, std::int8_t* codes, std::size_t count) {
  constexpr float kNoFraction = 12582912.0F;
  for (std::size_t k = 0; k < count; ++k) {
    const float rounded = (row[k] * scale + kNoFraction) - kNoFraction;
    codes[k] = static_cast<std::int8_t>(static_cast<std::int32_t>(rounded));
  }
}

}  // namespace

float i8_row_absmax(std::span<const float> row) {
  float absmax = 0;
  for (const float value : row) absmax = std::max(absmax, std::abs(value));
  return absmax;
}

void i8_quantize_row(std::span<const float> row, float absmax, std::span<std::int8_t> codes) {
  QT_CHECK(row.size() == codes.size(), "one code for each entry");
  if (!(absmax > 0)) {
    std::ranges::fill(codes, std::int8_t{0});
    return;
  }
  const float scale = i8_scale(absmax);
  round_row(row.data(), scale, codes.data(), row.size());
}

void i8_outlier_columns(std::span<const float> x, std::size_t columns, float threshold,
                        std::vector<std::uint32_t>& outlier_columns) {
  outlier_columns.clear();
  for (std::size_t column = 0; column < columns; ++column) {
    bool is_outlier = false;
    for (std::size_t i = column; i < x.size() && !is_outlier; i += columns) {
      is_outlier = std::abs(x[i]) >= threshold;
    }
    if (is_outlier) outlier_columns.push_back(static_cast<std::uint32_t>(column));
  }
}

void i8_quantize_activations(std::span<const float> x, std::size_t columns, float threshold,
                             std::span<const std::uint32_t> outlier_columns, std::span<std::int8_t> codes,
                             std::span<float> row_absmax) {
  const std::size_t rows = row_absmax.size();
  QT_CHECK(x.size() == rows * columns && codes.size() == x.size(), "shapes agree");
  std::vector<float> kept(columns);
  for (std::size_t row = 0; row < rows; ++row) {
    float absmax = 0;
    for (std::size_t k = 0; k < columns; ++k) {
      const float value = x[row * columns + k];
      kept[k] = std::abs(value) >= threshold ? 0.0F : value;
      if (std::isnan(value)) absmax = value;
      absmax = std::isnan(absmax) ? absmax : std::max(absmax, std::abs(kept[k]));
    }
    row_absmax[row] = absmax;
    const auto row_codes = codes.subspan(row * columns, columns);
    i8_quantize_row(kept, absmax, row_codes);
    for (const std::uint32_t column : outlier_columns) row_codes[column] = 0;
  }
}

}  // namespace quantier
