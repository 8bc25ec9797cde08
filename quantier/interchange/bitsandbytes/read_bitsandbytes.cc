#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/formats/nf4_block.h"
#include "quantier/interchange/bitsandbytes/bitsandbytes.h"
#include "quantier/interchange/part_reader.h"
#include "quantier/interchange/stored_plan.h"

namespace quantier {
namespace {

constexpr const char* kState = ".weight.quant_state.bitsandbytes__nf4";
constexpr std::uint64_t kMaxStateBytes = 1 << 16;

std::string config_name(const Checkpoint& checkpoint) {
  return (checkpoint.directory() / "config.json").string() + ", \"quantization_config\"";
}

std::unexpected<Error> not_read(const PartReader& part, std::string what, std::string why = {}) {
  return fail(ErrorKind::kUnsupported, std::move(what), fmt::format("layer {}", part.module()),
              std::move(why), "quantize with bnb_4bit_quant_type=\"nf4\" and a block size of 64");
}

// What the JSON inside the checkpoint says of a 4-bit layer.
struct Nf4State {
  bool nested = false;
  float offset = 0;
};

Result<Nf4State> read_state(PartReader& part, const LinearSpec& linear) {
  if (!part.has(kState)) {
    if (part.has(".weight.quant_state.bitsandbytes__fp4")) {
      return not_read(part, "4-bit weights of the type fp4 are not read");
    }
    return part.damaged(kState, "it is missing");
  }
  QT_TRY(const TensorView bytes, part.take_any(kState, {DType::kU8}));
  if (bytes.bytes.size() > kMaxStateBytes) return part.damaged(kState, "it is too long");
  const std::string source = fmt::format("tensor {}{}", part.module(), kState);
  QT_TRY(const Json state,
         parse_json({reinterpret_cast<const char*>(bytes.bytes.data()), bytes.bytes.size()}, source));
  if (!state.is_object()) return part.damaged(kState, "it is not a JSON object");
  QT_TRY(const std::string type, json_get<std::string>(state, "quant_type", source));
  if (type != "nf4")
    return not_read(part, "only 4-bit weights of the type nf4 are read", "its type is " + type);
  QT_TRY(const std::int64_t block, json_get<std::int64_t>(state, "blocksize", source));
  if (block != static_cast<std::int64_t>(kNf4BlockElements)) {
    return not_read(part, "only 4-bit weights in blocks of 64 are read",
                    fmt::format("its blocks have {}", block));
  }
  const auto shape = state.find("shape");
  const Json expected{linear.out_features, linear.in_features};
  if (shape == state.end() || *shape != expected) {
    return part.damaged(kState,
                        fmt::format("its shape is not [{}, {}]", linear.out_features, linear.in_features));
  }
  Nf4State result;
  result.nested = state.contains("nested_blocksize");
  if (!result.nested) return result;
  QT_TRY(const std::int64_t nested, json_get<std::int64_t>(state, "nested_blocksize", source));
  if (nested != static_cast<std::int64_t>(kNf4NestedBlocks)) {
    return not_read(part, "only nested blocks of 256 are read", fmt::format("its have {}", nested));
  }
  QT_TRY(const double offset, json_get<double>(state, "nested_offset", source));
  if (!std::isfinite(offset) || std::abs(offset) > 65504)
    return part.damaged(kState, "its offset is no absmax");
  result.offset = static_cast<float>(offset);
  return result;
}

template <std::size_t kSize>
Status check_map(PartReader& part, const char* suffix, const std::array<float, kSize>& known) {
  QT_TRY(const TensorView view, part.take(suffix, {DType::kF32}, {kSize}));
  std::array<float, kSize> map{};
  copy_as_float(view, 0, map);
  if (map == known) return {};
  return not_read(part, fmt::format("the code book {} is not the one of the NF4 format", suffix));
}

Status check_absmax(const PartReader& part, const char* suffix, std::span<const float> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i]) && values[i] >= 0) continue;
    return part.damaged(suffix, fmt::format("element {} is {}", i, values[i]));
  }
  return {};
}

Result<AlignedBuffer<float>> read_absmax(PartReader& part, const char* suffix, std::uint64_t count) {
  QT_TRY(const TensorView view, part.take(suffix, {DType::kF32}, {count}));
  AlignedBuffer<float> values = copy_elements<float>(view, MemoryOwner::kWeights);
  QT_TRY_STATUS(check_absmax(part, suffix, values.span()));
  return values;
}

Result<PackedWeights> read_nf4(PartReader& part, const LinearSpec& linear, bool double_quantized) {
  QT_TRY(const Nf4State state, read_state(part, linear));
  if (state.nested != double_quantized) {
    return part.damaged(kState, "double quantization is not what the configuration says");
  }
  const Nf4Sizes sizes = nf4_sizes(linear.out_features * linear.in_features);
  Nf4Weights weights;
  QT_TRY(const TensorView packed, part.take(".weight", {DType::kU8}, {sizes.packed_bytes, 1}));
  weights.packed = copy_elements<std::uint8_t>(packed, MemoryOwner::kWeights);
  QT_TRY_STATUS(check_map(part, ".weight.quant_map", nf4_table()));
  if (!state.nested) {
    QT_TRY(weights.absmax, read_absmax(part, ".weight.absmax", sizes.blocks));
    return weights;
  }
  QT_TRY(const TensorView codes, part.take(".weight.absmax", {DType::kU8}, {sizes.blocks}));
  weights.absmax_codes = copy_elements<std::uint8_t>(codes, MemoryOwner::kWeights);
  QT_TRY(weights.nested_absmax, read_absmax(part, ".weight.nested_absmax", sizes.nested_blocks));
  QT_TRY_STATUS(check_map(part, ".weight.nested_quant_map", dynamic_map()));
  weights.offset = state.offset;
  return weights;
}

Result<PackedWeights> read_i8(PartReader& part, const LinearSpec& linear) {
  I8RowWeights weights;
  QT_TRY(const TensorView codes,
         part.take(".weight", {DType::kI8}, {linear.out_features, linear.in_features}));
  weights.codes = copy_elements<std::int8_t>(codes, MemoryOwner::kWeights);
  QT_TRY(weights.row_absmax, read_absmax(part, ".SCB", linear.out_features));
  if (part.has(".weight_format")) {
    QT_TRY(const TensorView format, part.take_any(".weight_format", {DType::kU8}));
    if (format.bytes.size() != 1 || format.bytes[0] != std::byte{0}) {
      return not_read(part, "8-bit weights in the order of a GPU are not read",
                      "its weight_format is not 0 (by row)");
    }
  }
  return weights;
}

}  // namespace

Result<Plan> read_bitsandbytes_plan(const Checkpoint& checkpoint) {
  const Json& config = checkpoint.quantization()->config;
  const std::string source = config_name(checkpoint);
  const auto flag = [&](const char* key, const char* older) -> Result<bool> {
    QT_TRY(const std::optional<bool> value, json_find<bool>(config, key, source));
    if (value) return *value;
    QT_TRY(const std::optional<bool> fallback, json_find<bool>(config, older, source));
    return fallback.value_or(false);
  };
  QT_TRY(const bool eight, flag("load_in_8bit", "_load_in_8bit"));
  QT_TRY(const bool four, flag("load_in_4bit", "_load_in_4bit"));
  if (eight == four) {
    return fail(ErrorKind::kCorruptData, "the checkpoint does not say whether its weights have 8 or 4 bits",
                source, "load_in_8bit and load_in_4bit are both absent or both set",
                "quantize the model again");
  }
  LayerRecipe layer;
  Plan plan;
  if (eight) {
    QT_TRY(const std::optional<double> threshold, json_find<double>(config, "llm_int8_threshold", source));
    const double value = threshold.value_or(6.0);
    if (!(value >= 0 && value < 1e6)) {
      return fail(ErrorKind::kCorruptData, "llm_int8_threshold is no threshold", source,
                  fmt::format("{}", value));
    }
    plan = floating_plan(checkpoint, "bitsandbytes-int8");
    layer.method = Method::kLlmInt8;
    layer.format = WeightFormat::kI8Row;
    layer.input = InputFormat::kI8Outliers;
    // No threshold: no outliers.
    if (value == 0) layer.input = InputFormat::kI8;
    if (value > 0) plan.outlier_threshold = static_cast<float>(value);
  } else {
    QT_TRY(const std::optional<bool> nested, json_find<bool>(config, "bnb_4bit_use_double_quant", source));
    plan = floating_plan(checkpoint, "bitsandbytes-nf4");
    layer.method = Method::kNf4;
    layer.format = WeightFormat::kNf4Block;
    layer.options.double_quantized = nested.value_or(false);
  }
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    if (is_in_parts(checkpoint, checkpoint.spec().linears[i])) set_layer(plan, checkpoint.spec(), i, layer);
  }
  return plan;
}

Result<PackedLinear> read_bitsandbytes_linear(const Checkpoint& checkpoint, const LinearSpec& linear,
                                              const LayerRecipe& recipe, const Plan& plan) {
  PartReader part(checkpoint, linear.weight);
  PackedLinear packed;
  QT_TRY_STATUS(begin_packed(checkpoint, linear, plan, recipe, packed));
  if (recipe.format == WeightFormat::kI8Row) {
    QT_TRY(packed.weights, read_i8(part, linear));
  } else if (recipe.format == WeightFormat::kNf4Block) {
    QT_TRY(packed.weights, read_nf4(part, linear, recipe.options.double_quantized));
  } else {
    QT_TRY(packed.weights, read_floating(checkpoint, linear, recipe.format));
  }
  QT_TRY_STATUS(part.finish());
  return packed;
}

}  // namespace quantier
