#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "quantier/base/half.h"
#include "quantier/formats/i4_group.h"
#include "quantier/formats/i8_row.h"
#include "quantier/interchange/compressed_tensors/compressed_tensors.h"
#include "quantier/interchange/compressed_tensors/scheme.h"
#include "quantier/interchange/int32_nibbles.h"
#include "quantier/interchange/int4/int4_parts.h"
#include "quantier/interchange/part_reader.h"
#include "quantier/interchange/stored_plan.h"

namespace quantier {
namespace {

constexpr std::initializer_list<DType> kScaleTypes = {DType::kF16, DType::kBF16, DType::kF32};

// What the layer's own tensors show; the configuration says the rest.
std::optional<WeightFormat> stored_format(const PartReader& part) {
  if (part.has(".weight_packed")) return WeightFormat::kI4Group;
  const std::optional<DType> weight = part.dtype(".weight");
  if (weight == DType::kI8) return WeightFormat::kI8Row;
  if (weight == DType::kF8E4M3) return WeightFormat::kFp8Row;
  return std::nullopt;
}

Result<std::vector<LayerRecipe>> read_groups(const Checkpoint& checkpoint) {
  const Json& config = checkpoint.quantization()->config;
  const std::string source = (checkpoint.directory() / "config.json").string() + ", \"quantization_config\"";
  const auto groups = config.find("config_groups");
  if (groups == config.end() || !groups->is_object() || groups->empty()) {
    return fail(ErrorKind::kCorruptData, "the quantization is not described", source,
                "\"config_groups\" is not an object with at least one group", "quantize the model again");
  }
  std::vector<LayerRecipe> recipes;
  for (const auto& [name, group] : groups->items()) {
    QT_TRY(LayerRecipe recipe, parse_scheme(group, fmt::format("{}, \"{}\"", source, name)));
    recipes.push_back(recipe);
  }
  return recipes;
}

// The group that a layer belongs to, told from how its weight stands; which targets a group lists need not be
// known unless two groups store the same way and differ.
Result<LayerRecipe> recipe_of(const PartReader& part, const std::vector<LayerRecipe>& groups) {
  const std::optional<WeightFormat> format = stored_format(part);
  if (!format) return part.damaged(".weight", "it is neither packed int4 nor int8 nor E4M3");
  std::optional<LayerRecipe> found;
  for (const LayerRecipe& group : groups) {
    if (group.format != *format) continue;
    if (found && *found != group) {
      return fail(ErrorKind::kUnsupported, "two groups that store weights alike and differ are not read",
                  fmt::format("layer {}", part.module()), "", "quantize with one group for each format");
    }
    found = group;
  }
  if (!found) return part.damaged(".weight", "no group of the configuration stores weights in this way");
  return *found;
}

Result<std::vector<float>> read_row_scales(PartReader& part, std::uint64_t rows) {
  QT_TRY(const TensorView view, part.take_any(".weight_scale", kScaleTypes));
  const bool one = view.element_count() == 1;
  if (!one && view.shape != std::vector<std::uint64_t>{rows, 1} &&
      view.shape != std::vector<std::uint64_t>{rows}) {
    return part.damaged(".weight_scale",
                        fmt::format("it has {} elements, not 1 or {}", view.element_count(), rows));
  }
  QT_TRY(std::vector<float> scales, read_finite(part, ".weight_scale", view));
  for (const float scale : scales) {
    if (scale < 0) return part.damaged(".weight_scale", fmt::format("a scale is {}", scale));
  }
  if (one) scales.resize(rows, scales[0]);
  return scales;
}

// A symmetric layer may carry zero points all the same.
Status check_zero_points(PartReader& part) {
  if (!part.has(".weight_zero_point")) return {};
  QT_TRY(const TensorView view, part.take_any(".weight_zero_point", {DType::kI8, DType::kF8E4M3, DType::kF16,
                                                                     DType::kBF16, DType::kF32}));
  const bool zero = std::ranges::all_of(view.bytes, [](std::byte b) { return b == std::byte{0}; });
  return zero ? Status{}
              : part.damaged(".weight_zero_point", "a symmetric layer has a zero point that is not 0");
}

Result<PackedWeights> read_i8(PartReader& part, const LinearSpec& linear) {
  I8RowWeights weights;
  QT_TRY(const TensorView codes,
         part.take(".weight", {DType::kI8}, {linear.out_features, linear.in_features}));
  weights.codes = copy_elements<std::int8_t>(codes, MemoryOwner::kWeights);
  QT_TRY(const std::vector<float> scales, read_row_scales(part, linear.out_features));
  QT_TRY_STATUS(check_zero_points(part));
  weights.row_absmax = AlignedBuffer<float>(linear.out_features, MemoryOwner::kWeights);
  std::ranges::transform(scales, weights.row_absmax.data(), [](float scale) { return scale * kI8Steps; });
  return weights;
}

Result<PackedWeights> read_fp8(PartReader& part, const LinearSpec& linear) {
  Fp8RowWeights weights;
  QT_TRY(const TensorView codes,
         part.take(".weight", {DType::kF8E4M3}, {linear.out_features, linear.in_features}));
  weights.codes = copy_elements<std::uint8_t>(codes, MemoryOwner::kWeights);
  for (const std::uint8_t code : weights.codes.span()) {
    if ((code & 0x7FU) == 0x7FU) return part.damaged(".weight", "a weight is not a number");
  }
  QT_TRY(const std::vector<float> scales, read_row_scales(part, linear.out_features));
  QT_TRY_STATUS(check_zero_points(part));
  weights.row_scale = AlignedBuffer<float>(linear.out_features, MemoryOwner::kWeights);
  std::ranges::copy(scales, weights.row_scale.data());
  return weights;
}

Status check_shape(PartReader& part, const LinearSpec& linear) {
  QT_TRY(const TensorView view, part.take(".weight_shape", {DType::kI64, DType::kI32}, {2}));
  for (std::size_t i = 0; i < 2; ++i) {
    std::int64_t value = 0;  // little-endian: the low bytes of an int32 are an int64 that is not negative
    std::memcpy(&value, view.bytes.data() + i * dtype_bytes(view.dtype), dtype_bytes(view.dtype));
    const std::uint64_t expected = i == 0 ? linear.out_features : linear.in_features;
    if (value < 0 || static_cast<std::uint64_t>(value) != expected) {
      return part.damaged(".weight_shape", fmt::format("it says {}, the layer has {}", value, expected));
    }
  }
  return {};
}

Result<PackedWeights> read_i4(PartReader& part, const LinearSpec& linear, const FormatOptions& options) {
  const std::uint64_t rows = linear.out_features;
  const std::uint64_t columns = linear.in_features;
  const std::uint64_t groups = i4_groups(columns, options.group);
  I4GroupWeights weights = make_i4_group(rows, columns, options.group, options.symmetric);
  QT_TRY_STATUS(check_shape(part, linear));
  QT_TRY(const TensorView codes, part.take(".weight_packed", {DType::kI32}, {rows, int32_words(columns)}));
  for (std::uint64_t n = 0; n < rows; ++n) {
    for (std::uint64_t k = 0; k < columns; ++k) {
      i4_set_code(weights, columns, n, k,
                  nibble_at(codes.bytes, n * int32_words(columns) + k / kNibbles, k % kNibbles));
    }
  }
  QT_TRY(const TensorView scales, part.take(".weight_scale", kScaleTypes, {rows, groups}));
  QT_TRY_STATUS(read_half_scales(part, ".weight_scale", scales, weights.scales.span()));
  if (options.symmetric) {
    QT_TRY_STATUS(check_zero_points(part));
  } else {
    QT_TRY(const TensorView zeros,
           part.take(".weight_zero_point", {DType::kI32}, {int32_words(rows), groups}));
    for (std::uint64_t n = 0; n < rows; ++n) {
      for (std::uint64_t g = 0; g < groups; ++g) {
        weights.zeros[n * groups + g] = nibble_at(zeros.bytes, n / kNibbles * groups + g, n % kNibbles);
      }
    }
  }
  if (part.has(".weight_g_idx")) {
    QT_TRY(const TensorView index, part.take(".weight_g_idx", {DType::kI32}, {columns}));
    QT_TRY(weights.group_of_input, read_group_index(part, ".weight_g_idx", index, options.group, groups));
  }
  return weights;
}

}  // namespace

Result<Plan> read_compressed_tensors_plan(const Checkpoint& checkpoint) {
  QT_TRY(const std::vector<LayerRecipe> groups, read_groups(checkpoint));
  const ModelSpec& spec = checkpoint.spec();
  Plan plan = floating_plan(checkpoint, "compressed-tensors");
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    if (!is_in_parts(checkpoint, spec.linears[i])) continue;
    QT_TRY(const LayerRecipe recipe, recipe_of(PartReader(checkpoint, spec.linears[i].weight), groups));
    set_layer(plan, spec, i, recipe);
  }
  if (groups.size() == 1) {
    const LayerRecipe& only = groups.front();
    plan.recipe += only.format == WeightFormat::kI4Group  ? "-w4a16"
                   : only.format == WeightFormat::kFp8Row ? "-fp8"
                                                          : "-w8a8";
  }
  return plan;
}

Result<PackedLinear> read_compressed_tensors_linear(const Checkpoint& checkpoint, const LinearSpec& linear,
                                                    const LayerRecipe& recipe, const Plan& plan) {
  PartReader part(checkpoint, linear.weight);
  PackedLinear packed;
  QT_TRY_STATUS(begin_packed(checkpoint, linear, plan, recipe, packed));
  if (recipe.format == WeightFormat::kI8Row) {
    QT_TRY(packed.weights, read_i8(part, linear));
  } else if (recipe.format == WeightFormat::kI4Group) {
    QT_TRY(packed.weights, read_i4(part, linear, recipe.options));
  } else if (recipe.format == WeightFormat::kFp8Row) {
    QT_TRY(packed.weights, read_fp8(part, linear));
  } else {
    QT_TRY(packed.weights, read_floating(checkpoint, linear, recipe.format));
  }
  QT_TRY_STATUS(part.finish());
  return packed;
}

}  // namespace quantier
