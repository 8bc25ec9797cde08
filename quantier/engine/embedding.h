// The table of token embeddings, [vocabulary, hidden], as the plan stores it. The largest tensor of a small
// model: it arrives in parts, so that the caller can drop what it has handed over, and is read a row at a
// time. i8-row: codes with one scale a row (formats/i8_row.h), halves when read.
#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "quantier/formats/recipe.h"
#include "quantier/tensor/aligned_buffer.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

struct F32Embedding {
  AlignedBuffer<float> values;
};
struct F16Embedding {
  AlignedBuffer<std::uint16_t> bits;
};
struct BF16Embedding {
  AlignedBuffer<std::uint16_t> bits;
};
struct I8Embedding {
  AlignedBuffer<std::int8_t> codes;
  AlignedBuffer<float> row_absmax;
};

class Embedding {
 public:
  Embedding() = default;
  Embedding(EmbeddingFormat format, std::uint64_t rows, std::uint64_t width);

  // Rows [first_row, first_row + rows.element_count() / width), in any floating dtype.
  void set_rows(std::uint64_t first_row, const TensorView& rows);
  // out has `width` entries.
  void row(std::uint64_t index, std::span<float> out) const;

  using Table = std::variant<F32Embedding, F16Embedding, BF16Embedding, I8Embedding>;
  [[nodiscard]] const Table& table() const { return table_; }

 private:
  std::uint64_t width_ = 0;
  Table table_;
};

}  // namespace quantier
