// The parts of one layer in a checkpoint of quantized weights, each with the type and shape that the format
// demands: what is missing, has another type or shape, or is left over is kCorruptData with file and tensor.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/tensor/aligned_buffer.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

// "model.layers.0.attn.Wo" of "model.layers.0.attn.Wo.weight".
[[nodiscard]] std::string module_of(std::string_view weight);

class PartReader {
 public:
  PartReader(const Checkpoint& checkpoint, std::string_view weight);

  [[nodiscard]] const std::string& module() const { return module_; }
  [[nodiscard]] bool has(std::string_view suffix) const;
  [[nodiscard]] std::optional<DType> dtype(std::string_view suffix) const;
  // ".weight_packed" -> its tensor. Any of the types; exactly the shape.
  [[nodiscard]] Result<TensorView> take(std::string_view suffix, std::initializer_list<DType> types,
                                        const std::vector<std::uint64_t>& shape);
  // Whatever the shape is.
  [[nodiscard]] Result<TensorView> take_any(std::string_view suffix, std::initializer_list<DType> types);
  // An error when a part was not asked for; lets the pages go.
  [[nodiscard]] Status finish() const;
  [[nodiscard]] std::unexpected<Error> damaged(std::string_view suffix, std::string why) const;

 private:
  const Checkpoint& checkpoint_;
  std::string module_;
  std::set<std::string, std::less<>> left_;
};

// The elements of a tensor as they are, into storage of our own. sizeof(T) is the size of an element.
template <class T>
[[nodiscard]] AlignedBuffer<T> copy_elements(const TensorView& tensor, MemoryOwner owner) {
  AlignedBuffer<T> out(tensor.bytes.size() / sizeof(T), owner);
  std::memcpy(out.data(), tensor.bytes.data(), out.size() * sizeof(T));
  return out;
}

// Finite floats of any floating type.
[[nodiscard]] Result<std::vector<float>> read_finite(const PartReader& part, std::string_view suffix,
                                                     const TensorView& tensor);

}  // namespace quantier
