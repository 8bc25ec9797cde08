#include "quantier/formats/packed_linear.h"

#include <algorithm>

namespace quantier {

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
  return groups + multiplier + columns +
         low_rank_bytes(linear.out_features, linear.in_features, linear.low_rank.rank);
}

std::uint64_t packed_bytes(const PackedLinear& linear) {
  const LinearShape shape{linear.out_features, linear.in_features, !linear.bias.empty()};
  return weight_bytes(format_of(linear), options_of(linear), shape) + found_bytes(linear);
}

}  // namespace quantier
