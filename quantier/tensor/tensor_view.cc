#include "quantier/tensor/tensor_view.h"

#include <cstring>

#include "quantier/base/check.h"
#include "quantier/base/vector_rows.h"

namespace quantier {

bool is_floating(DType dtype) {
  return dtype == DType::kF64 || dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16;
}

void copy_as_float(const TensorView& tensor, std::uint64_t first, std::span<float> out) {
  QT_CHECK(is_floating(tensor.dtype), "only floating tensors are read as float");
  QT_CHECK(first <= tensor.element_count() && out.size() <= tensor.element_count() - first,
           "range inside the tensor");
  const std::byte* source = tensor.bytes.data() + first * dtype_bytes(tensor.dtype);
  // memcpy per element: tensors inside a file need not be aligned to their element size.
  switch (tensor.dtype) {
    case DType::kF32:
      std::memcpy(out.data(), source, out.size_bytes());
      break;
    case DType::kF64:
      for (std::size_t i = 0; i < out.size(); ++i) {
        double value = 0;
        std::memcpy(&value, source + i * sizeof value, sizeof value);
        out[i] = static_cast<float>(value);
      }
      break;
    case DType::kF16:
      halves_to_floats(source, out);
      break;
    case DType::kBF16:
      bfloats_to_floats(source, out);
      break;
    default:
      break;
  }
}

}  // namespace quantier
