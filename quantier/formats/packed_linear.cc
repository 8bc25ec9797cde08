#include "quantier/formats/packed_linear.h"

#include <algorithm>

namespace quantier {
namespace {

F32Weights clone_weights(const F32Weights& w) { return {w.values.clone()}; }
F16Weights clone_weights(const F16Weights& w) { return {w.values.clone()}; }
BF16Weights clone_weights(const BF16Weights& w) { return {w.values.clone()}; }
I8RowWeights clone_weights(const I8RowWeights& w) {
  return {w.codes.clone(), w.row_absmax.clone(), w.outlier_f16.clone()};
}
Nf4Weights clone_weights(const Nf4Weights& w) {
  return {w.packed.clone(), w.absmax_codes.clone(), w.nested_absmax.clone(), w.absmax.clone(), w.offset};
}
I4GroupWeights clone_weights(const I4GroupWeights& w) {
  return {w.group, w.codes.clone(), w.scales.clone(), w.zeros.clone(), w.group_of_input.clone()};
}
Fp8RowWeights clone_weights(const Fp8RowWeights& w) { return {w.codes.clone(), w.row_scale.clone()}; }

}  // namespace

PackedLinear clone(const PackedLinear& linear) {
  PackedLinear copy;
  copy.out_features = linear.out_features;
  copy.in_features = linear.in_features;
  copy.weights =
      std::visit([](const auto& weights) { return PackedWeights(clone_weights(weights)); }, linear.weights);
  copy.input = linear.input;
  copy.low_rank = clone(linear.low_rank);
  copy.bias = linear.bias;
  return copy;
}

LowRank clone(const LowRank& adapter) {
  return {adapter.rank, adapter.scaling, adapter.a.clone(), adapter.b.clone()};
}

WeightFormat format_of(const PackedLinear& linear) {
  static_assert(std::variant_size_v<PackedWeights> == static_cast<std::size_t>(WeightFormat::kFp8Row) + 1,
                "formats and alternatives stand in the same order");
  return static_cast<WeightFormat>(linear.weights.index());
}

FormatOptions options_of(const PackedLinear& linear) {
  FormatOptions options;
  if (const auto* i8 = std::get_if<I8RowWeights>(&linear.weights)) {
    options.keeps_halves = !i8->outlier_f16.empty();
  } else if (const auto* nf4 = std::get_if<Nf4Weights>(&linear.weights)) {
    options.double_quantized = nf4->absmax.empty();
  } else if (const auto* i4 = std::get_if<I4GroupWeights>(&linear.weights)) {
    options.group = i4->group;
    options.symmetric = i4->zeros.empty();
  } else if (const auto* fp8 = std::get_if<Fp8RowWeights>(&linear.weights)) {
    const auto scales = fp8->row_scale.span();
    options.per_tensor = std::ranges::adjacent_find(scales, std::not_equal_to{}) == scales.end();
  }
  return options;
}

std::uint64_t found_bytes(const PackedLinear& linear) {
  const auto* i4 = std::get_if<I4GroupWeights>(&linear.weights);
  const std::uint64_t groups = i4 == nullptr ? 0 : i4->group_of_input.size() * sizeof(std::uint16_t);
  const std::uint64_t multiplier = linear.input.multiplier.size() * sizeof(float);
  const std::uint64_t columns = linear.input.outlier_columns.size() * sizeof(std::uint32_t);
  return groups + multiplier + columns;
}

std::uint64_t packed_bytes(const PackedLinear& linear) {
  const LinearShape shape{linear.out_features, linear.in_features, !linear.bias.empty()};
  return weight_bytes(format_of(linear), options_of(linear), shape) + found_bytes(linear) +
         low_rank_bytes(linear.out_features, linear.in_features, linear.low_rank.rank);
}

}  // namespace quantier
