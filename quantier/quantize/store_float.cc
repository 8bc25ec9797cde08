#include "quantier/quantize/store_float.h"

#include <vector>

#include "quantier/base/half.h"
#include "quantier/quantize/weight_reader.h"

namespace quantier {

Result<F32Weights> store_f32(const LinearSpec& linear, const TensorView& weight) {
  const std::uint64_t columns = linear.in_features;
  F32Weights stored{AlignedBuffer<float>(linear.out_features * columns, MemoryOwner::kWeights)};
  for (std::uint64_t n = 0; n < linear.out_features; ++n) {
    QT_TRY_STATUS(
        read_weight(linear, weight, n * columns, stored.values.span().subspan(n * columns, columns)));
  }
  return stored;
}

Result<F16Weights> store_f16(const LinearSpec& linear, const TensorView& weight) {
  const std::uint64_t columns = linear.in_features;
  F16Weights stored{AlignedBuffer<std::uint16_t>(linear.out_features * columns, MemoryOwner::kWeights)};
  std::vector<float> row(columns);
  for (std::uint64_t n = 0; n < linear.out_features; ++n) {
    QT_TRY_STATUS(read_half_weight(linear, weight, n * columns, row));
    for (std::uint64_t k = 0; k < columns; ++k) stored.values[n * columns + k] = to_half(row[k]).bits;
  }
  return stored;
}

Result<BF16Weights> store_bf16(const LinearSpec& linear, const TensorView& weight) {
  const std::uint64_t columns = linear.in_features;
  BF16Weights stored{AlignedBuffer<std::uint16_t>(linear.out_features * columns, MemoryOwner::kWeights)};
  std::vector<float> row(columns);
  for (std::uint64_t n = 0; n < linear.out_features; ++n) {
    QT_TRY_STATUS(read_bfloat16_weight(linear, weight, n * columns, row));
    for (std::uint64_t k = 0; k < columns; ++k) stored.values[n * columns + k] = to_bfloat16(row[k]).bits;
  }
  return stored;
}

}  // namespace quantier
