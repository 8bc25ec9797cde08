#include "quantier/quantize/rtn.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "quantier/base/half.h"
#include "quantier/formats/fp8_row.h"
#include "quantier/formats/i4_group.h"
#include "quantier/formats/i8_row.h"
#include "quantier/quantize/weight_reader.h"

namespace quantier {

Result<I8RowWeights> quantize_rtn_i8(const LinearSpec& linear, const TensorView& weight, bool keep_halves) {
  const std::uint64_t columns = linear.in_features;
  const std::uint64_t elements = linear.out_features * columns;
  I8RowWeights packed;
  packed.codes = AlignedBuffer<std::int8_t>(elements, MemoryOwner::kWeights);
  packed.row_absmax = AlignedBuffer<float>(linear.out_features, MemoryOwner::kWeights);
  if (keep_halves) packed.outlier_f16 = AlignedBuffer<std::uint16_t>(elements, MemoryOwner::kWeights);
  std::vector<float> row(columns);
  for (std::uint64_t n = 0; n < linear.out_features; ++n) {
    QT_TRY_STATUS(read_half_weight(linear, weight, n * columns, row));
    packed.row_absmax[n] = i8_row_absmax(row);
    i8_quantize_row(row, packed.row_absmax[n], packed.codes.span().subspan(n * columns, columns));
    if (!keep_halves) continue;
    for (std::uint64_t k = 0; k < columns; ++k) packed.outlier_f16[n * columns + k] = to_half(row[k]).bits;
  }
  return packed;
}

Result<I4GroupWeights> quantize_rtn_i4(const LinearSpec& linear, const TensorView& weight,
                                       std::uint32_t group, bool symmetric) {
  const std::uint64_t columns = linear.in_features;
  const std::uint64_t step = group == 0 ? columns : group;
  I4GroupWeights packed = make_i4_group(linear.out_features, columns, group, symmetric);
  std::vector<float> row(columns);
  for (std::uint64_t n = 0; n < linear.out_features; ++n) {
    QT_TRY_STATUS(read_half_weight(linear, weight, n * columns, row));
    for (std::uint64_t first = 0; first < columns; first += step) {
      const auto values = std::span(row).subspan(first, std::min(step, columns - first));
      const I4Grid grid = i4_grid(values, symmetric);
      i4_set_grid(packed, columns, n, first / step, grid);
      for (std::uint64_t i = 0; i < values.size(); ++i) {
        i4_set_code(packed, columns, n, first + i, grid.code(values[i]));
      }
    }
  }
  return packed;
}

Result<Fp8RowWeights> quantize_rtn_fp8(const LinearSpec& linear, const TensorView& weight, bool per_tensor) {
  const std::uint64_t columns = linear.in_features;
  Fp8RowWeights packed;
  packed.codes = AlignedBuffer<std::uint8_t>(linear.out_features * columns, MemoryOwner::kWeights);
  packed.row_scale = AlignedBuffer<float>(linear.out_features, MemoryOwner::kWeights);
  std::vector<float> row(columns);
  for (std::uint64_t n = 0; n < linear.out_features; ++n) {
    QT_TRY_STATUS(read_half_weight(linear, weight, n * columns, row));
    packed.row_scale[n] = fp8_scale(i8_row_absmax(row));
  }
  if (per_tensor) {
    const auto scales = packed.row_scale.span();
    std::ranges::fill(scales, scales.empty() ? 0.0F : *std::ranges::max_element(scales));
  }
  for (std::uint64_t n = 0; n < linear.out_features; ++n) {
    QT_TRY_STATUS(read_half_weight(linear, weight, n * columns, row));
    fp8_quantize(row, packed.row_scale[n], packed.codes.span().subspan(n * columns, columns));
  }
  return packed;
}

}  // namespace quantier
