#include "quantier/formats/weight_format.h"

#include <array>
#include <cstddef>

namespace quantier {
namespace {

constexpr std::array<const char*, 7> kWeightNames = {"f32",       "f16",      "bf16",   "i8-row",
                                                     "nf4-block", "i4-group", "fp8-row"};
constexpr std::array<const char*, 5> kInputNames = {"float", "i8-outliers", "i8-fixed-outliers", "i8", "fp8"};

template <class Enum, std::size_t kCount>
std::optional<Enum> from_name(const std::array<const char*, kCount>& names, std::string_view name) {
  for (std::size_t i = 0; i < kCount; ++i) {
    if (name == names[i]) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

const char* weight_format_name(WeightFormat format) {
  return kWeightNames.at(static_cast<std::size_t>(format));
}
const char* input_format_name(InputFormat format) { return kInputNames.at(static_cast<std::size_t>(format)); }
std::optional<WeightFormat> weight_format_from_name(std::string_view name) {
  return from_name<WeightFormat>(kWeightNames, name);
}
std::optional<InputFormat> input_format_from_name(std::string_view name) {
  return from_name<InputFormat>(kInputNames, name);
}

Nf4Sizes nf4_sizes(std::uint64_t elements) {
  const std::uint64_t blocks = (elements + kNf4BlockElements - 1) / kNf4BlockElements;
  return {(elements + 1) / 2, blocks, (blocks + kNf4NestedBlocks - 1) / kNf4NestedBlocks};
}

std::uint64_t weight_bytes(WeightFormat format, const FormatOptions& options, const LinearShape& shape) {
  const std::uint64_t rows = shape.out_features;
  const std::uint64_t elements = rows * shape.in_features;
  const std::uint64_t bias_bytes = shape.bias ? rows * sizeof(float) : 0;
  switch (format) {
    case WeightFormat::kF32:
      return elements * 4 + bias_bytes;
    case WeightFormat::kF16:
    case WeightFormat::kBF16:
      return elements * 2 + bias_bytes;
    case WeightFormat::kI8Row:
      return elements + rows * sizeof(float) + (options.keeps_halves ? elements * 2 : 0) + bias_bytes;
    case WeightFormat::kNf4Block: {
      const Nf4Sizes sizes = nf4_sizes(elements);
      if (!options.double_quantized) return sizes.packed_bytes + sizes.blocks * sizeof(float) + bias_bytes;
      return sizes.packed_bytes + sizes.blocks + sizes.nested_blocks * sizeof(float) + sizeof(float) +
             bias_bytes;
    }
    case WeightFormat::kI4Group: {
      const std::uint64_t groups = rows * i4_groups(shape.in_features, options.group);
      return rows * ((shape.in_features + 1) / 2) + groups * 2 + (options.symmetric ? 0 : groups) +
             bias_bytes;
    }
    case WeightFormat::kFp8Row:
      return elements + rows * sizeof(float) + bias_bytes;
  }
  return 0;
}

double bits_per_weight(WeightFormat format, const FormatOptions& options, const LinearShape& shape) {
  const LinearShape without_bias{shape.out_features, shape.in_features, false};
  const auto elements = static_cast<double>(shape.out_features) * static_cast<double>(shape.in_features);
  return elements > 0 ? 8.0 * static_cast<double>(weight_bytes(format, options, without_bias)) / elements : 0;
}

}  // namespace quantier
