#include "quantier/quantize/rtn.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "quantier/base/half.h"
#include "quantier/base/vector_rows.h"
#include "quantier/formats/fp8_row.h"
#include "quantier/formats/i4_group.h"
#include "quantier/formats/i8_row.h"
#include "quantier/quantize/row_parts.h"
#include "quantier/quantize/weight_reader.h"

namespace quantier {

Result<I8RowWeights> quantize_rtn_i8(const LinearSpec& linear, const TensorView& weight, bool keep_halves,
                                     ThreadPool* pool) {
  const std::uint64_t columns = linear.in_features;
  const std::uint64_t elements = linear.out_features * columns;
  I8RowWeights packed;
  packed.codes = AlignedBuffer<std::int8_t>(elements, MemoryOwner::kWeights);
  packed.row_absmax = AlignedBuffer<float>(linear.out_features, MemoryOwner::kWeights);
  if (keep_halves) packed.outlier_f16 = AlignedBuffer<std::uint16_t>(elements, MemoryOwner::kWeights);
  const auto quantize = [&](std::uint64_t first, std::uint64_t last) -> Status {
    std::vector<float> row(columns);
    for (std::uint64_t n = first; n < last; ++n) {
      QT_TRY_STATUS(read_half_weight(linear, weight, n * columns, row));
      packed.row_absmax[n] = largest_magnitude(row);
      i8_quantize_row(row, packed.row_absmax[n], packed.codes.span().subspan(n * columns, columns));
      if (!keep_halves) continue;
      for (std::uint64_t k = 0; k < columns; ++k) packed.outlier_f16[n * columns + k] = to_half(row[k]).bits;
    }
    return {};
  };
  QT_TRY_STATUS(for_row_parts(pool, linear.out_features, columns, 1, quantize));
  return packed;
}

Result<I4GroupWeights> quantize_rtn_i4(const LinearSpec& linear, const TensorView& weight,
                                       std::uint32_t group, bool symmetric, ThreadPool* pool) {
  const std::uint64_t columns = linear.in_features;
  const std::uint64_t step = group == 0 ? columns : group;
  const std::uint64_t row_bytes = (columns + 1) / 2;
  I4GroupWeights packed = make_i4_group(linear.out_features, columns, group, symmetric);
  const auto quantize = [&](std::uint64_t first_row, std::uint64_t last_row) -> Status {
    std::vector<float> row(columns);
    std::vector<std::uint8_t> codes(columns);
    for (std::uint64_t n = first_row; n < last_row; ++n) {
      QT_TRY_STATUS(read_half_weight(linear, weight, n * columns, row));
      for (std::uint64_t first = 0; first < columns; first += step) {
        const std::uint64_t count = std::min(step, columns - first);
        const auto values = std::span(row).subspan(first, count);
        const I4Grid grid = i4_grid(values, symmetric);
        i4_set_grid(packed, columns, n, first / step, grid);
        i4_quantize_group(grid, values, std::span(codes).subspan(first, count));
      }
      i4_pack_row(codes, packed.codes.span().subspan(n * row_bytes, row_bytes));
    }
    return {};
  };
  QT_TRY_STATUS(for_row_parts(pool, linear.out_features, columns, 1, quantize));
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
