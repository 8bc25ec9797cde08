// A tensor that somebody else owns: element type, shape (row-major, last dimension contiguous) and bytes.
// Invariant, checked by whoever makes one: bytes.size() == product(shape) * dtype_bytes(dtype), without
// overflow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "quantier/tensor/dtype.h"

namespace quantier {

struct TensorView {
  DType dtype = DType::kF32;
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> bytes;

  [[nodiscard]] std::uint64_t element_count() const { return bytes.size() / dtype_bytes(dtype); }
};

// Elements [first, first + out.size()) of a floating tensor (F64, F32, F16, BF16) as float, each converted
// exactly (F64 is rounded to nearest). The range must lie inside the tensor and the dtype must be floating.
void copy_as_float(const TensorView& tensor, std::uint64_t first, std::span<float> out);

[[nodiscard]] bool is_floating(DType dtype);

}  // namespace quantier
