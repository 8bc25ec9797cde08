#include <fmt/format.h>

#include "quantier/base/half.h"
#include "quantier/interchange/own/own_format.h"
#include "quantier/interchange/part_reader.h"

namespace quantier {
namespace {

using Tensors = std::vector<StoredTensor>;

template <class T>
std::span<const T> all(const AlignedBuffer<T>& buffer) {
  return buffer.span();
}

struct Adder {
  const std::string& module;
  std::uint64_t rows;
  std::uint64_t columns;
  Tensors& out;

  template <class T>
  void add(const char* suffix, DType dtype, std::vector<std::uint64_t> shape,
           std::span<const T> values) const {
    out.push_back(StoredTensor::view(module + suffix, dtype, std::move(shape), values));
  }
  void operator()(const F32Weights& w) const { add(".weight", DType::kF32, {rows, columns}, all(w.values)); }
  void operator()(const F16Weights& w) const { add(".weight", DType::kF16, {rows, columns}, all(w.values)); }
  void operator()(const BF16Weights& w) const {
    add(".weight", DType::kBF16, {rows, columns}, all(w.values));
  }
  void operator()(const I8RowWeights& w) const {
    add(".codes", DType::kI8, {rows, columns}, all(w.codes));
    add(".row_absmax", DType::kF32, {rows}, all(w.row_absmax));
    if (!w.outlier_f16.empty()) add(".outlier_f16", DType::kF16, {rows, columns}, all(w.outlier_f16));
  }
  void operator()(const Nf4Weights& w) const {
    add(".packed", DType::kU8, {w.packed.size()}, all(w.packed));
    if (!w.absmax.empty()) return add(".absmax", DType::kF32, {w.absmax.size()}, all(w.absmax));
    add(".absmax_codes", DType::kU8, {w.absmax_codes.size()}, all(w.absmax_codes));
    add(".nested_absmax", DType::kF32, {w.nested_absmax.size()}, all(w.nested_absmax));
    add(".offset", DType::kF32, {1}, std::span(&w.offset, 1));
  }
  void operator()(const I4GroupWeights& w) const {
    const std::uint64_t groups = i4_groups(columns, w.group);
    add(".codes", DType::kU8, {rows, (columns + 1) / 2}, all(w.codes));
    add(".scales", DType::kF16, {rows, groups}, all(w.scales));
    if (!w.zeros.empty()) add(".zeros", DType::kU8, {rows, groups}, all(w.zeros));
    // The type is a signed one of the same size: groups are far fewer.
    if (!w.group_of_input.empty()) add(".group_of_input", DType::kI16, {columns}, all(w.group_of_input));
  }
  void operator()(const Fp8RowWeights& w) const {
    add(".codes", DType::kF8E4M3, {rows, columns}, all(w.codes));
    add(".row_scale", DType::kF32, {rows}, all(w.row_scale));
  }
};

}  // namespace

DType rounded_dtype(ActivationRounding rounding) {
  switch (rounding) {
    case ActivationRounding::kHalf:
      return DType::kF16;
    case ActivationRounding::kBFloat16:
      return DType::kBF16;
    case ActivationRounding::kNone:
      break;
  }
  return DType::kF32;
}

StoredTensor rounded_tensor(std::string name, std::vector<std::uint64_t> shape, std::span<const float> values,
                            ActivationRounding rounding) {
  const DType dtype = rounded_dtype(rounding);
  if (dtype == DType::kF32) return StoredTensor::copy(std::move(name), dtype, std::move(shape), values);
  std::vector<std::uint16_t> bits;
  bits.reserve(values.size());
  for (const float value : values) {
    bits.push_back(dtype == DType::kF16 ? to_half(value).bits : to_bfloat16(value).bits);
  }
  return StoredTensor::copy(std::move(name), dtype, std::move(shape), bits);
}

std::vector<StoredTensor> own_tensors(const LinearSpec& linear, const PackedLinear& packed,
                                      ActivationRounding rounding) {
  Tensors out;
  const std::string module = module_of(linear.weight);
  const Adder adder{module, packed.out_features, packed.in_features, out};
  std::visit(adder, packed.weights);
  if (!packed.input.multiplier.empty()) {
    adder.add(".input_multiplier", DType::kF32, {packed.in_features}, std::span(packed.input.multiplier));
  }
  if (!packed.input.outlier_columns.empty()) {
    adder.add(".outlier_columns", DType::kI32, {packed.input.outlier_columns.size()},
              std::span(packed.input.outlier_columns));
  }
  if (packed.low_rank.rank > 0) {
    adder.add(".low_rank_a", DType::kF16, {packed.low_rank.rank, packed.in_features}, all(packed.low_rank.a));
    adder.add(".low_rank_b", DType::kF16, {packed.out_features, packed.low_rank.rank},
              all(packed.low_rank.b));
    adder.add(".low_rank_scaling", DType::kF32, {1}, std::span(&packed.low_rank.scaling, 1));
  }
  if (linear.bias) out.push_back(rounded_tensor(*linear.bias, {packed.out_features}, packed.bias, rounding));
  return out;
}

}  // namespace quantier
