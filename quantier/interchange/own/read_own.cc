#include <cmath>

#include <fmt/format.h>

#include "quantier/formats/fp8_row.h"
#include "quantier/formats/i4_group.h"
#include "quantier/interchange/own/own_format.h"
#include "quantier/interchange/own/plan_json.h"
#include "quantier/interchange/part_reader.h"
#include "quantier/interchange/stored_plan.h"

namespace quantier {
namespace {

constexpr auto kOwner = MemoryOwner::kWeights;

template <class T>
Result<AlignedBuffer<T>> take(PartReader& part, const char* suffix, DType dtype,
                              const std::vector<std::uint64_t>& shape) {
  QT_TRY(const TensorView view, part.take(suffix, {dtype}, shape));
  return copy_elements<T>(view, kOwner);
}

// Scales: finite and not negative.
Status check_scales(const PartReader& part, const char* suffix, std::span<const float> scales) {
  for (std::size_t i = 0; i < scales.size(); ++i) {
    if (std::isfinite(scales[i]) && scales[i] >= 0) continue;
    return part.damaged(suffix, fmt::format("element {} is {}", i, scales[i]));
  }
  return {};
}

Result<PackedWeights> read_i8(PartReader& part, std::uint64_t rows, std::uint64_t columns,
                              const FormatOptions& options) {
  I8RowWeights weights;
  QT_TRY(weights.codes, take<std::int8_t>(part, ".codes", DType::kI8, {rows, columns}));
  QT_TRY(weights.row_absmax, take<float>(part, ".row_absmax", DType::kF32, {rows}));
  QT_TRY_STATUS(check_scales(part, ".row_absmax", weights.row_absmax.span()));
  if (options.keeps_halves) {
    QT_TRY(weights.outlier_f16, take<std::uint16_t>(part, ".outlier_f16", DType::kF16, {rows, columns}));
  }
  return weights;
}

Result<PackedWeights> read_nf4(PartReader& part, std::uint64_t rows, std::uint64_t columns,
                               const FormatOptions& options) {
  const Nf4Sizes sizes = nf4_sizes(rows * columns);
  Nf4Weights weights;
  QT_TRY(weights.packed, take<std::uint8_t>(part, ".packed", DType::kU8, {sizes.packed_bytes}));
  if (!options.double_quantized) {
    QT_TRY(weights.absmax, take<float>(part, ".absmax", DType::kF32, {sizes.blocks}));
    QT_TRY_STATUS(check_scales(part, ".absmax", weights.absmax.span()));
    return weights;
  }
  QT_TRY(weights.absmax_codes, take<std::uint8_t>(part, ".absmax_codes", DType::kU8, {sizes.blocks}));
  QT_TRY(weights.nested_absmax, take<float>(part, ".nested_absmax", DType::kF32, {sizes.nested_blocks}));
  QT_TRY_STATUS(check_scales(part, ".nested_absmax", weights.nested_absmax.span()));
  QT_TRY(const TensorView offset, part.take(".offset", {DType::kF32}, {1}));
  copy_as_float(offset, 0, std::span(&weights.offset, 1));
  if (!std::isfinite(weights.offset)) return part.damaged(".offset", "it is not a finite number");
  return weights;
}

Result<PackedWeights> read_i4(PartReader& part, std::uint64_t rows, std::uint64_t columns,
                              const FormatOptions& options) {
  const std::uint64_t groups = i4_groups(columns, options.group);
  I4GroupWeights weights;
  weights.group = options.group;
  QT_TRY(weights.codes, take<std::uint8_t>(part, ".codes", DType::kU8, {rows, (columns + 1) / 2}));
  QT_TRY(weights.scales, take<std::uint16_t>(part, ".scales", DType::kF16, {rows, groups}));
  QT_TRY(const TensorView scales, part.take(".scales", {DType::kF16}, {rows, groups}));
  QT_TRY(const std::vector<float> finite, read_finite(part, ".scales", scales));
  QT_TRY_STATUS(check_scales(part, ".scales", finite));
  if (!options.symmetric) {
    QT_TRY(weights.zeros, take<std::uint8_t>(part, ".zeros", DType::kU8, {rows, groups}));
    for (const std::uint8_t zero : weights.zeros.span()) {
      if (zero > kI4Largest) return part.damaged(".zeros", fmt::format("a zero point is {}", zero));
    }
  }
  if (part.has(".group_of_input")) {
    QT_TRY(weights.group_of_input, take<std::uint16_t>(part, ".group_of_input", DType::kI16, {columns}));
    for (const std::uint16_t group : weights.group_of_input.span()) {
      if (group >= groups) return part.damaged(".group_of_input", fmt::format("it names group {}", group));
    }
  }
  return weights;
}

Result<PackedWeights> read_fp8(PartReader& part, std::uint64_t rows, std::uint64_t columns) {
  Fp8RowWeights weights;
  QT_TRY(weights.codes, take<std::uint8_t>(part, ".codes", DType::kF8E4M3, {rows, columns}));
  for (const std::uint8_t code : weights.codes.span()) {
    if ((code & 0x7FU) == 0x7FU) return part.damaged(".codes", "a weight is not a number");
  }
  QT_TRY(weights.row_scale, take<float>(part, ".row_scale", DType::kF32, {rows}));
  QT_TRY_STATUS(check_scales(part, ".row_scale", weights.row_scale.span()));
  return weights;
}

Result<PackedWeights> read_weights(const Checkpoint& checkpoint, PartReader& part, const LinearSpec& linear,
                                   const LayerRecipe& recipe) {
  const std::uint64_t rows = linear.out_features;
  const std::uint64_t columns = linear.in_features;
  switch (recipe.format) {
    case WeightFormat::kI8Row:
      return read_i8(part, rows, columns, recipe.options);
    case WeightFormat::kNf4Block:
      return read_nf4(part, rows, columns, recipe.options);
    case WeightFormat::kI4Group:
      return read_i4(part, rows, columns, recipe.options);
    case WeightFormat::kFp8Row:
      return read_fp8(part, rows, columns);
    default:
      break;
  }
  if (!checkpoint.has(linear.weight)) return part.damaged(".weight", "it is missing");
  return read_floating(checkpoint, linear, recipe.format);
}

Status read_input(PartReader& part, const LinearSpec& linear, PackedLinear& packed) {
  if (part.has(".input_multiplier")) {
    QT_TRY(const TensorView view, part.take(".input_multiplier", {DType::kF32}, {linear.in_features}));
    QT_TRY(packed.input.multiplier, read_finite(part, ".input_multiplier", view));
  }
  if (part.has(".outlier_columns")) {
    QT_TRY(const TensorView view, part.take_any(".outlier_columns", {DType::kI32}));
    packed.input.outlier_columns.resize(view.element_count());
    std::memcpy(packed.input.outlier_columns.data(), view.bytes.data(), view.bytes.size());
    std::uint64_t least = 0;
    for (const std::uint32_t column : packed.input.outlier_columns) {
      if (column < least || column >= linear.in_features) {
        return part.damaged(".outlier_columns", "they are not columns in ascending order");
      }
      least = std::uint64_t{column} + 1;
    }
  }
  if (!part.has(".low_rank_a")) return {};
  QT_TRY(const TensorView a, part.take_any(".low_rank_a", {DType::kF16}));
  if (a.shape.size() != 2 || a.shape[0] == 0 || a.shape[0] > (1U << 20) || a.shape[1] != linear.in_features) {
    return part.damaged(".low_rank_a", "its shape does not fit the layer");
  }
  packed.low_rank.rank = static_cast<std::uint32_t>(a.shape[0]);
  packed.low_rank.a = copy_elements<std::uint16_t>(a, kOwner);
  QT_TRY(packed.low_rank.b,
         take<std::uint16_t>(part, ".low_rank_b", DType::kF16, {linear.out_features, a.shape[0]}));
  QT_TRY(const TensorView scaling, part.take(".low_rank_scaling", {DType::kF32}, {1}));
  copy_as_float(scaling, 0, std::span(&packed.low_rank.scaling, 1));
  if (!std::isfinite(packed.low_rank.scaling)) return part.damaged(".low_rank_scaling", "it is not finite");
  for (const auto* factor : {&packed.low_rank.a, &packed.low_rank.b}) {
    const auto values = factor->span();
    if (std::ranges::all_of(values, [](std::uint16_t bits) { return std::isfinite(to_float(Half{bits})); }))
      continue;
    return part.damaged(factor == &packed.low_rank.a ? ".low_rank_a" : ".low_rank_b",
                        "it holds a number that is not finite");
  }
  return {};
}

}  // namespace

Result<Plan> read_own_plan(const Checkpoint& checkpoint) {
  const std::string source = (checkpoint.directory() / "quantier.json").string();
  const Json& manifest = checkpoint.quantization()->config;
  QT_TRY(const std::int64_t version, json_get<std::int64_t>(manifest, "format_version", source));
  if (version != kOwnFormatVersion) {
    return fail(ErrorKind::kUnsupported,
                fmt::format("format {} of Quantier's checkpoints is not read", version), source,
                fmt::format("this program reads format {}", kOwnFormatVersion),
                "read it with the program that wrote it, or quantize the model again");
  }
  const auto plan = manifest.find("plan");
  if (plan == manifest.end()) {
    return fail(ErrorKind::kCorruptData, "the plan of the quantized weights is damaged", source,
                "\"plan\" is missing", "quantize the model again");
  }
  return plan_from_json(*plan, checkpoint.spec(), source);
}

Result<PackedLinear> read_own_linear(const Checkpoint& checkpoint, const LinearSpec& linear,
                                     const LayerRecipe& recipe, const Plan& plan) {
  PartReader part(checkpoint, linear.weight);
  PackedLinear packed;
  QT_TRY_STATUS(begin_packed(checkpoint, linear, plan, recipe, packed));
  QT_TRY(packed.weights, read_weights(checkpoint, part, linear, recipe));
  QT_TRY_STATUS(read_input(part, linear, packed));
  const auto planned = std::ranges::find(plan.layers, linear.name, &LayerPlan::linear);
  QT_CHECK(planned != plan.layers.end(), "the layer is one of the plan's");
  if (packed.low_rank.rank != planned->adapter_rank) {
    return part.damaged(".low_rank_a",
                        fmt::format("the plan has an adapter of rank {} there, the file one of {}",
                                    planned->adapter_rank, packed.low_rank.rank));
  }
  QT_TRY_STATUS(part.finish());
  return packed;
}

}  // namespace quantier
