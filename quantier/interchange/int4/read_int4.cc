#include <cstring>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/formats/i4_group.h"
#include "quantier/interchange/int4/int4_checkpoints.h"
#include "quantier/interchange/int4/int4_parts.h"
#include "quantier/interchange/int4/layout.h"
#include "quantier/interchange/part_reader.h"
#include "quantier/interchange/stored_plan.h"

namespace quantier {
namespace {

constexpr std::uint8_t kNibbleMask = 0xF;

std::string config_name(const Checkpoint& checkpoint) {
  return checkpoint.config_files().back().string() + ", quantization";
}

std::unexpected<Error> not_read(const std::string& source, std::string what, std::string why = {}) {
  return fail(ErrorKind::kUnsupported, std::move(what), source, std::move(why),
              "start from the full-precision checkpoint");
}

// Bits and group size, spelled in two ways.
Result<LayerRecipe> read_common(const Json& config, const std::string& source) {
  const auto either = [&](const char* a, const char* b) -> Result<std::optional<std::int64_t>> {
    QT_TRY(const std::optional<std::int64_t> first, json_find<std::int64_t>(config, a, source));
    if (first) return first;
    return json_find<std::int64_t>(config, b, source);
  };
  QT_TRY(const std::optional<std::int64_t> bits, either("bits", "w_bit"));
  QT_TRY(const std::optional<std::int64_t> group, either("group_size", "q_group_size"));
  if (!bits || !group) {
    return fail(ErrorKind::kCorruptData, "bits or group size are not stated", source, "",
                "quantize the model again");
  }
  if (*bits != 4)
    return not_read(source, fmt::format("weights of {} bits are not read", *bits), "read: 4 bits");
  if (*group != -1 && (*group <= 0 || *group > (1 << 20))) {
    return fail(ErrorKind::kCorruptData, "the group size is none", source, fmt::format("{}", *group));
  }
  LayerRecipe recipe;
  recipe.format = WeightFormat::kI4Group;
  recipe.options.group = *group == -1 ? 0 : static_cast<std::uint32_t>(*group);
  return recipe;
}

Status check_divisible(const PartReader& part, const LinearSpec& linear, const FormatOptions& options,
                       Int4Family family) {
  const std::uint64_t inputs = family == Int4Family::kGptq ? kNibbles : 1;
  if (linear.out_features % kNibbles != 0 || linear.in_features % inputs != 0) {
    return part.damaged(".qweight", fmt::format("{} x {} does not fill words of eight", linear.out_features,
                                                linear.in_features));
  }
  if (options.group != 0 && linear.in_features % options.group != 0) {
    return part.damaged(".scales", fmt::format("{} inputs are not divisible by groups of {}",
                                               linear.in_features, options.group));
  }
  return {};
}

// `less`: what is added to a stored zero point.
Result<PackedWeights> read_weights(PartReader& part, const LinearSpec& linear, const FormatOptions& options,
                                   Int4Family family, std::uint8_t less) {
  const std::uint64_t rows = linear.out_features;
  const std::uint64_t columns = linear.in_features;
  const std::uint64_t groups = i4_groups(columns, options.group);
  QT_TRY_STATUS(check_divisible(part, linear, options, family));
  const bool gptq = family == Int4Family::kGptq;
  const std::vector<std::uint64_t> shape = gptq ? std::vector<std::uint64_t>{columns / kNibbles, rows}
                                                : std::vector<std::uint64_t>{columns, rows / kNibbles};
  QT_TRY(const TensorView codes, part.take(".qweight", {DType::kI32}, shape));
  QT_TRY(const TensorView zeros, part.take(".qzeros", {DType::kI32}, {groups, rows / kNibbles}));
  QT_TRY(const TensorView scales,
         part.take(".scales", {DType::kF16, DType::kBF16, DType::kF32}, {groups, rows}));
  I4GroupWeights weights = make_i4_group(rows, columns, options.group, options.symmetric);
  for (std::uint64_t k = 0; k < columns; ++k) {
    for (std::uint64_t n = 0; n < rows; ++n) {
      const NibblePlace at = code_place(family, n, k, rows);
      i4_set_code(weights, columns, n, k, nibble_at(codes.bytes, at.word, at.place));
    }
  }
  std::vector<std::uint16_t> by_group(groups * rows);
  QT_TRY_STATUS(read_half_scales(part, ".scales", scales, by_group));
  for (std::uint64_t n = 0; n < rows; ++n) {
    for (std::uint64_t g = 0; g < groups; ++g) {
      weights.scales[n * groups + g] = by_group[g * rows + n];
      const NibblePlace at = zero_place(family, n, g, rows);
      const auto zero =
          static_cast<std::uint8_t>((nibble_at(zeros.bytes, at.word, at.place) + less) & kNibbleMask);
      if (!options.symmetric) {
        weights.zeros[n * groups + g] = zero;
      } else if (zero != kI4Middle) {
        return part.damaged(".qzeros", fmt::format("symmetric weights have the zero point {}, not 8", zero));
      }
    }
  }
  if (part.has(".g_idx")) {
    QT_TRY(const TensorView index, part.take(".g_idx", {DType::kI32}, {columns}));
    QT_TRY(weights.group_of_input, read_group_index(part, ".g_idx", index, options.group, groups));
  }
  return weights;
}

Plan plan_of(const Checkpoint& checkpoint, const LayerRecipe& recipe, const char* name) {
  Plan plan = floating_plan(checkpoint, name);
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    if (is_in_parts(checkpoint, checkpoint.spec().linears[i])) set_layer(plan, checkpoint.spec(), i, recipe);
  }
  return plan;
}

Result<PackedLinear> read_linear(const Checkpoint& checkpoint, const LinearSpec& linear,
                                 const LayerRecipe& recipe, const Plan& plan, Int4Family family,
                                 std::uint8_t less) {
  PartReader part(checkpoint, linear.weight);
  PackedLinear packed;
  QT_TRY_STATUS(begin_packed(checkpoint, linear, plan, recipe, packed));
  if (recipe.format == WeightFormat::kI4Group) {
    QT_TRY(packed.weights, read_weights(part, linear, recipe.options, family, less));
  } else {
    QT_TRY(packed.weights, read_floating(checkpoint, linear, recipe.format));
  }
  QT_TRY_STATUS(part.finish());
  return packed;
}

Result<bool> is_second_version(const Checkpoint& checkpoint) {
  const std::string source = config_name(checkpoint);
  QT_TRY(const std::optional<std::string> stated,
         json_find<std::string>(checkpoint.quantization()->config, "checkpoint_format", source));
  const std::string version = stated.value_or("gptq");
  if (version == "gptq") return false;
  if (version == "gptq_v2") return true;
  return not_read(source, fmt::format("the checkpoint format \"{}\" is not read", printable(version, 40)),
                  "read: gptq, gptq_v2");
}

}  // namespace

Result<Plan> read_gptq_plan(const Checkpoint& checkpoint) {
  const Json& config = checkpoint.quantization()->config;
  const std::string source = config_name(checkpoint);
  QT_TRY(LayerRecipe recipe, read_common(config, source));
  QT_TRY_STATUS(is_second_version(checkpoint));
  QT_TRY(const std::optional<bool> symmetric, json_find<bool>(config, "sym", source));
  QT_TRY(const std::optional<bool> ordered, json_find<bool>(config, "desc_act", source));
  recipe.method = Method::kGptq;
  recipe.options.symmetric = symmetric.value_or(true);
  recipe.activation_order = ordered.value_or(false);
  return plan_of(checkpoint, recipe, "gptq");
}

Result<PackedLinear> read_gptq_linear(const Checkpoint& checkpoint, const LinearSpec& linear,
                                      const LayerRecipe& recipe, const Plan& plan) {
  QT_TRY(const bool second, is_second_version(checkpoint));
  return read_linear(checkpoint, linear, recipe, plan, Int4Family::kGptq, second ? 0 : 1);
}

Result<Plan> read_awq_plan(const Checkpoint& checkpoint) {
  const Json& config = checkpoint.quantization()->config;
  const std::string source = config_name(checkpoint);
  QT_TRY(LayerRecipe recipe, read_common(config, source));
  QT_TRY(const std::optional<std::string> stated, json_find<std::string>(config, "version", source));
  const std::string version = stated.value_or("gemm");
  if (version != "gemm" && version != "GEMM") {
    return not_read(source, fmt::format("the AWQ version \"{}\" is not read", printable(version, 40)),
                    "read: gemm");
  }
  recipe.method = Method::kAwq;
  recipe.options.symmetric = false;
  return plan_of(checkpoint, recipe, "awq");
}

Result<PackedLinear> read_awq_linear(const Checkpoint& checkpoint, const LinearSpec& linear,
                                     const LayerRecipe& recipe, const Plan& plan) {
  return read_linear(checkpoint, linear, recipe, plan, Int4Family::kAwq, 0);
}

}  // namespace quantier
