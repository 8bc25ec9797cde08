// A tensor with its bytes: a view of a mapped file, or bytes of its own where the numbers had to be computed.
//
// Whoever holds one keeps `view()` valid. Owned bytes are counted as MemoryOwner::kOther, so that a peak
// shows them and nobody takes them for weights that stay. Moving it moves the bytes along; views stay valid.
#pragma once

#include <utility>

#include "quantier/base/check.h"
#include "quantier/tensor/aligned_buffer.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

class TensorData {
 public:
  // Somebody else's bytes, which must outlive this.
  explicit TensorData(TensorView mapped) : view_(std::move(mapped)) {}
  // The first product(shape) * dtype_bytes(dtype) bytes of `owned`.
  TensorData(DType dtype, std::vector<std::uint64_t> shape, AlignedBuffer<std::byte> owned)
      : owned_(std::move(owned)) {
    std::uint64_t bytes = dtype_bytes(dtype);
    for (const std::uint64_t size : shape) bytes *= size;
    QT_CHECK(bytes <= owned_.size(), "the bytes hold the tensor");
    view_ = TensorView{dtype, std::move(shape), std::as_const(owned_).span().first(bytes)};
  }

  [[nodiscard]] const TensorView& view() const& { return view_; }
  const TensorView& view() const&& = delete;  // it would outlive its bytes
  [[nodiscard]] bool is_computed() const { return owned_.size() > 0; }

 private:
  AlignedBuffer<std::byte> owned_;
  TensorView view_;
};

}  // namespace quantier
