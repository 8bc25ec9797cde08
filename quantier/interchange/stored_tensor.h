// A tensor on its way into a checkpoint of quantized weights: name, type, shape and little-endian bytes,
// which are either a view of weights that live longer, or bytes made for the target's layout.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quantier/tensor/aligned_buffer.h"
#include "quantier/tensor/dtype.h"

namespace quantier {

struct StoredTensor {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> bytes;
  AlignedBuffer<std::byte> owned;

  // `values`: anything contiguous.
  template <class Values>
  static StoredTensor view(std::string name, DType dtype, std::vector<std::uint64_t> shape,
                           const Values& values) {
    StoredTensor tensor;
    tensor.name = std::move(name);
    tensor.dtype = dtype;
    tensor.shape = std::move(shape);
    tensor.bytes = std::as_bytes(std::span(values));
    return tensor;
  }
  // Zeros, rows x columns int32 words, to be filled through `owned`.
  static StoredTensor words(std::string name, std::uint64_t rows, std::uint64_t columns) {
    StoredTensor tensor;
    tensor.name = std::move(name);
    tensor.dtype = DType::kI32;
    tensor.shape = {rows, columns};
    tensor.owned = AlignedBuffer<std::byte>(rows * columns * 4, MemoryOwner::kOther);
    tensor.bytes = std::as_const(tensor.owned).span();
    return tensor;
  }
  // The bytes of the values, copied.
  template <class Values>
  static StoredTensor copy(std::string name, DType dtype, std::vector<std::uint64_t> shape,
                           const Values& values) {
    StoredTensor tensor = view(std::move(name), dtype, std::move(shape), values);
    if (tensor.bytes.empty()) return tensor;
    tensor.owned = AlignedBuffer<std::byte>(tensor.bytes.size(), MemoryOwner::kOther);
    std::ranges::copy(tensor.bytes, tensor.owned.data());
    tensor.bytes = std::as_const(tensor.owned).span();
    return tensor;
  }
};

}  // namespace quantier
