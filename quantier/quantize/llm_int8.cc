#include "quantier/quantize/llm_int8.h"

#include <vector>

#include "quantier/base/half.h"
#include "quantier/formats/i8_row.h"
#include "quantier/quantize/weight_reader.h"

namespace quantier {

Result<I8RowWeights> quantize_llm_int8(const LinearSpec& linear, const TensorView& weight, bool keep_halves) {
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

}  // namespace quantier
