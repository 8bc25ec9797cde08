#include "quantier/quantize/smooth.h"

#include <algorithm>
#include <cmath>

#include "quantier/base/check.h"
#include "quantier/formats/i8_row.h"
#include "quantier/quantize/weight_reader.h"

namespace quantier {

std::vector<float> smooth_scales(std::span<const float> absmax_x, std::span<const float> absmax_w,
                                 float alpha) {
  constexpr float kSmallest = 1e-5F;
  std::vector<float> scales(absmax_x.size(), 1.0F);
  for (std::size_t k = 0; k < scales.size(); ++k) {
    if (!(absmax_x[k] > 0.0F) || !(absmax_w[k] > 0.0F)) continue;
    const float range_x = std::pow(absmax_x[k], alpha);
    const float range_w = std::pow(std::max(absmax_w[k], kSmallest), 1.0F - alpha);
    scales[k] = std::max(range_x / range_w, kSmallest);
  }
  return scales;
}

Status raise_column_absmax(const LinearSpec& linear, const TensorView& weight, std::span<float> absmax_w) {
  const std::size_t columns = linear.in_features;
  QT_CHECK(absmax_w.size() == columns, "one range for each input");
  std::vector<float> row(columns);
  for (std::size_t n = 0; n < linear.out_features; ++n) {
    QT_TRY_STATUS(read_half_weight(linear, weight, n * columns, row));
    for (std::size_t k = 0; k < columns; ++k) absmax_w[k] = std::max(absmax_w[k], std::abs(row[k]));
  }
  return {};
}

Result<I8RowWeights> quantize_smoothed_i8(const LinearSpec& linear, const TensorView& weight,
                                          std::span<const float> scales) {
  const std::size_t columns = linear.in_features;
  QT_CHECK(scales.size() == columns, "one scale for each input");
  I8RowWeights packed;
  packed.codes = AlignedBuffer<std::int8_t>(linear.out_features * columns, MemoryOwner::kWeights);
  packed.row_absmax = AlignedBuffer<float>(linear.out_features, MemoryOwner::kWeights);
  std::vector<float> row(columns);
  for (std::size_t n = 0; n < linear.out_features; ++n) {
    QT_TRY_STATUS(read_half_weight(linear, weight, n * columns, row));
    for (std::size_t k = 0; k < columns; ++k) row[k] *= scales[k];
    packed.row_absmax[n] = i8_row_absmax(row);
    i8_quantize_row(row, packed.row_absmax[n], packed.codes.span().subspan(n * columns, columns));
  }
  return packed;
}

}  // namespace quantier
