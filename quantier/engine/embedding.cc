#include "quantier/engine/embedding.h"

#include <algorithm>
#include <vector>

#include "quantier/base/half.h"
#include "quantier/formats/i8_row.h"

namespace quantier {
namespace {

Embedding::Table make_table(EmbeddingFormat format, std::uint64_t rows, std::uint64_t width) {
  const auto owner = MemoryOwner::kWeights;
  switch (format) {
    case EmbeddingFormat::kF32:
      break;
    case EmbeddingFormat::kF16:
      return F16Embedding{AlignedBuffer<std::uint16_t>(rows * width, owner)};
    case EmbeddingFormat::kBF16:
      return BF16Embedding{AlignedBuffer<std::uint16_t>(rows * width, owner)};
    case EmbeddingFormat::kI8Row:
      return I8Embedding{AlignedBuffer<std::int8_t>(rows * width, owner), AlignedBuffer<float>(rows, owner)};
  }
  return F32Embedding{AlignedBuffer<float>(rows * width, owner)};
}

}  // namespace

Embedding::Embedding(EmbeddingFormat format, std::uint64_t rows, std::uint64_t width)
    : width_(width), table_(make_table(format, rows, width)) {}

void Embedding::set_rows(std::uint64_t first_row, const TensorView& rows) {
  const std::uint64_t count = rows.element_count() / width_;
  std::vector<float> values(width_);
  for (std::uint64_t i = 0; i < count; ++i) {
    copy_as_float(rows, i * width_, values);
    const std::uint64_t row = first_row + i;
    const std::uint64_t begin = row * width_;
    if (auto* f32 = std::get_if<F32Embedding>(&table_)) {
      std::ranges::copy(values, f32->values.data() + begin);
    } else if (auto* f16 = std::get_if<F16Embedding>(&table_)) {
      std::ranges::transform(values, f16->bits.data() + begin, [](float v) { return to_half(v).bits; });
    } else if (auto* bf16 = std::get_if<BF16Embedding>(&table_)) {
      std::ranges::transform(values, bf16->bits.data() + begin, [](float v) { return to_bfloat16(v).bits; });
    } else {
      auto& i8 = std::get<I8Embedding>(table_);
      std::ranges::transform(values, values.begin(), round_to_half);
      i8.row_absmax[row] = i8_row_absmax(values);
      i8_quantize_row(values, i8.row_absmax[row], i8.codes.span().subspan(begin, width_));
    }
  }
}

void Embedding::row(std::uint64_t index, std::span<float> out) const {
  const std::uint64_t begin = index * width_;
  if (const auto* f32 = std::get_if<F32Embedding>(&table_)) {
    std::copy_n(f32->values.data() + begin, width_, out.begin());
  } else if (const auto* f16 = std::get_if<F16Embedding>(&table_)) {
    for (std::uint64_t i = 0; i < width_; ++i) out[i] = to_float(Half{f16->bits[begin + i]});
  } else if (const auto* bf16 = std::get_if<BF16Embedding>(&table_)) {
    for (std::uint64_t i = 0; i < width_; ++i) out[i] = to_float(BFloat16{bf16->bits[begin + i]});
  } else {
    const auto& i8 = std::get<I8Embedding>(table_);
    for (std::uint64_t i = 0; i < width_; ++i) out[i] = i8_weight(i8.codes[begin + i], i8.row_absmax[index]);
  }
}

}  // namespace quantier
