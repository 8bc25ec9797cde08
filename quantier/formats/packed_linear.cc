#include "quantier/formats/packed_linear.h"

namespace quantier {

Nf4Sizes nf4_sizes(std::uint64_t elements) {
  const std::uint64_t blocks = (elements + kNf4BlockElements - 1) / kNf4BlockElements;
  return {(elements + 1) / 2, blocks, (blocks + kNf4NestedBlocks - 1) / kNf4NestedBlocks};
}

std::uint64_t planned_bytes(WeightFormat format, std::uint64_t out_features, std::uint64_t in_features,
                            bool has_bias, bool keeps_halves) {
  const std::uint64_t elements = out_features * in_features;
  const std::uint64_t bias_bytes = has_bias ? out_features * sizeof(float) : 0;
  switch (format) {
    case WeightFormat::kF32:
      return elements * 4 + bias_bytes;
    case WeightFormat::kF16:
      return elements * 2 + bias_bytes;
    case WeightFormat::kI8Row:
      return elements + out_features * sizeof(float) + (keeps_halves ? elements * 2 : 0) + bias_bytes;
    case WeightFormat::kNf4Block: {
      const Nf4Sizes sizes = nf4_sizes(elements);
      return sizes.packed_bytes + sizes.blocks + sizes.nested_blocks * sizeof(float) + sizeof(float) +
             bias_bytes;
    }
  }
  return 0;
}

WeightFormat format_of(const PackedLinear& linear) {
  constexpr WeightFormat kByAlternative[] = {WeightFormat::kF32, WeightFormat::kF16, WeightFormat::kI8Row,
                                             WeightFormat::kNf4Block};
  return kByAlternative[linear.weights.index()];
}

std::uint64_t packed_bytes(const PackedLinear& linear) {
  const auto* int8 = std::get_if<I8RowWeights>(&linear.weights);
  return planned_bytes(format_of(linear), linear.out_features, linear.in_features, !linear.bias.empty(),
                       int8 != nullptr && !int8->outlier_f16.empty());
}

}  // namespace quantier
