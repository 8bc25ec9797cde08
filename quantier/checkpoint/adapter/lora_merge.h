// W + scaling * B A, a block of rows at a time.
//
// The arithmetic is peft's on a CPU (PeftModel.from_pretrained, then merge_and_unload, at their defaults): A
// and B are taken to float32; each element of B A is a chain of fused multiply-adds in float32 in the order
// of the rank; then it is multiplied by the scaling, rounded to float32. A linear layer's sum with W is
// rounded once, to W's element type. For an embedding peft first rounds the product to W's element type, then
// the sum, so two roundings happen where that type is shorter than float32. docs/methods/lora.md has the
// bound against any other order of summation, and how often peft's own results agree to the bit.
//
// Source: Hu et al. 2021 (arXiv 2106.09685), section 4.1; Kalajdzievski 2023 (arXiv 2312.03732) for
// alpha / sqrt(r); get_delta_weight and merge in tuners/lora/layer.py of peft 0.21.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "quantier/base/error.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

// The low-rank difference of one weight. The tensors may be of any floating type.
struct LoraFactors {
  TensorView a;               // [r, in]; of an embedding [r, vocabulary]
  TensorView b;               // [out, r]; of an embedding [hidden, r]
  double scaling = 0;         // alpha / r, or alpha / sqrt(r)
  bool of_embedding = false;  // the difference is scaling * (B A)^T, [vocabulary, hidden]
  [[nodiscard]] std::uint64_t rank() const { return b.shape[1]; }
};

// Adds the difference to rows [first_row, ...) of the weight, which stand in `rows` (row-major, of the
// element type `dtype`: F64, F32, F16 or BF16) and are replaced. `columns` is the length of a row. Errors:
// kUserInput naming row and column of what is not finite, with `where` for the weight.
[[nodiscard]] Status add_lora(const LoraFactors& factors, DType dtype, std::uint64_t first_row,
                              std::uint64_t columns, std::span<std::byte> rows, std::string_view where);

// `out` as `dtype` from the elements of `tensor` that start at `first`, each rounded to nearest even; what
// torch's copy_ does.
void convert_elements(const TensorView& tensor, std::uint64_t first, DType dtype, std::span<std::byte> out);

}  // namespace quantier
