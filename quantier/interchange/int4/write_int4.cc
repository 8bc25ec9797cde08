#include <optional>

#include <fmt/format.h>

#include "quantier/formats/i4_group.h"
#include "quantier/interchange/int4/int4_checkpoints.h"
#include "quantier/interchange/int4/layout.h"
#include "quantier/interchange/own/own_format.h"
#include "quantier/interchange/part_reader.h"
#include "quantier/interchange/writer.h"

namespace quantier {
namespace {

constexpr std::uint8_t kNibbleMask = 0xF;

const char* name_of(Int4Family family) { return family == Int4Family::kGptq ? "gptq" : "awq"; }

Status check_layer(const LinearSpec& linear, const LayerRecipe& recipe, Int4Family family) {
  const char* name = name_of(family);
  if (recipe.format != WeightFormat::kI4Group || recipe.input != InputFormat::kFloat) {
    return inexpressible(name, linear.name, fmt::format("it has no {}", format_text(recipe)));
  }
  if (linear.out_features % kNibbles != 0) {
    return inexpressible(name, linear.name,
                         fmt::format("{} outputs do not fill words of eight codes", linear.out_features));
  }
  if (family == Int4Family::kGptq && linear.in_features % kNibbles != 0) {
    return inexpressible(name, linear.name,
                         fmt::format("{} inputs do not fill words of eight codes", linear.in_features));
  }
  if (recipe.options.group != 0 && linear.in_features % recipe.options.group != 0) {
    return inexpressible(
        name, linear.name,
        fmt::format("{} inputs are not divisible by groups of {}", linear.in_features, recipe.options.group));
  }
  return {};
}

// All quantized layers have one group size and one kind of zero points: the format states them once.
Status check(const ModelSpec& spec, const Plan& plan, Int4Family family) {
  const char* name = name_of(family);
  QT_TRY_STATUS(check_embedding_is_float(plan, name));
  std::optional<LayerRecipe> first;
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    const LayerRecipe& recipe = plan.layers[i].recipe;
    if (is_float_format(recipe.format)) continue;
    QT_TRY_STATUS(check_layer(spec.linears[i], recipe, family));
    if (first && first->options != recipe.options) {
      return inexpressible(name, spec.linears[i].name,
                           fmt::format("all layers have one form: another is {}, this one {}",
                                       format_text(*first), format_text(recipe)));
    }
    first = recipe;
  }
  if (!first) return inexpressible(name, plan.recipe, "no layer is quantized");
  return {};
}

const LayerRecipe& quantized_recipe(const Plan& plan) {
  const LayerRecipe* found = nullptr;
  for (const LayerPlan& layer : plan.layers) {
    if (!is_float_format(layer.recipe.format)) found = &layer.recipe;
  }
  return *found;  // checked by check()
}

Json kept(const ModelSpec& spec, const Plan& plan) {
  Json modules = Json::array();
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    if (is_float_format(plan.layers[i].recipe.format)) modules.push_back(module_of(spec.linears[i].weight));
  }
  return modules;
}

std::vector<StoredTensor> pack(const std::string& module, const PackedLinear& packed,
                               const I4GroupWeights& weights, Int4Family family, std::uint8_t less) {
  const std::uint64_t rows = packed.out_features;
  const std::uint64_t columns = packed.in_features;
  const std::uint64_t groups = i4_groups(columns, weights.group);
  const bool gptq = family == Int4Family::kGptq;
  std::vector<StoredTensor> out;
  StoredTensor codes = gptq ? StoredTensor::words(module + ".qweight", columns / kNibbles, rows)
                            : StoredTensor::words(module + ".qweight", columns, rows / kNibbles);
  for (std::uint64_t k = 0; k < columns; ++k) {
    for (std::uint64_t n = 0; n < rows; ++n) {
      const NibblePlace at = code_place(family, n, k, rows);
      set_nibble(codes.owned.span(), at.word, at.place, i4_code(weights, columns, n, k));
    }
  }
  StoredTensor zeros = StoredTensor::words(module + ".qzeros", groups, rows / kNibbles);
  std::vector<std::uint16_t> scales(groups * rows);
  for (std::uint64_t n = 0; n < rows; ++n) {
    for (std::uint64_t g = 0; g < groups; ++g) {
      const I4Grid grid = i4_grid_of(weights, columns, n, g);
      scales[g * rows + n] = grid.scale_bits;
      const NibblePlace at = zero_place(family, n, g, rows);
      set_nibble(zeros.owned.span(), at.word, at.place,
                 static_cast<std::uint8_t>((grid.zero - less) & kNibbleMask));
    }
  }
  out.push_back(std::move(codes));
  out.push_back(std::move(zeros));
  out.push_back(StoredTensor::copy(module + ".scales", DType::kF16, {groups, rows}, std::span(scales)));
  if (!gptq) return out;
  std::vector<std::int32_t> index(columns);
  for (std::uint64_t k = 0; k < columns; ++k) index[k] = static_cast<std::int32_t>(i4_group_of(weights, k));
  out.push_back(StoredTensor::copy(module + ".g_idx", DType::kI32, {columns}, std::span(index)));
  return out;
}

Result<std::vector<StoredTensor>> tensors(const LinearSpec& linear, const PackedLinear& packed,
                                          const Plan& plan, Int4Family family) {
  const char* name = name_of(family);
  QT_TRY_STATUS(check_inputs_are_plain(linear, packed, name));
  const auto* weights = std::get_if<I4GroupWeights>(&packed.weights);
  if (weights == nullptr) return floating_tensors(linear, packed, plan.rounding);
  if (family == Int4Family::kAwq && !weights->group_of_input.empty()) {
    return inexpressible(name, linear.name,
                         "groups are consecutive inputs, and activation order makes others");
  }
  std::vector<StoredTensor> out =
      pack(module_of(linear.weight), packed, *weights, family, family == Int4Family::kGptq ? 1 : 0);
  if (linear.bias)
    out.push_back(rounded_tensor(*linear.bias, {packed.out_features}, packed.bias, plan.rounding));
  return out;
}

std::int64_t group_size(const LayerRecipe& recipe) {
  return recipe.options.group == 0 ? -1 : recipe.options.group;
}

}  // namespace

Status check_gptq(const ModelSpec& spec, const Plan& plan) { return check(spec, plan, Int4Family::kGptq); }
Status check_awq(const ModelSpec& spec, const Plan& plan) { return check(spec, plan, Int4Family::kAwq); }

Json gptq_config(const ModelSpec& spec, const Plan& plan) {
  const LayerRecipe& recipe = quantized_recipe(plan);
  Json config{{"quant_method", "gptq"},
              {"bits", 4},
              {"group_size", group_size(recipe)},
              {"sym", recipe.options.symmetric},
              {"desc_act", recipe.method == Method::kGptq && recipe.activation_order},
              {"checkpoint_format", "gptq"},
              {"pack_dtype", "int32"}};
  const Json modules = kept(spec, plan);
  // "-:" marks a module that is not quantized.
  Json dynamic = Json::object();
  for (const Json& module : modules) dynamic["-:" + module.get<std::string>()] = Json::object();
  config["dynamic"] = std::move(dynamic);
  return config;
}

Json awq_config(const ModelSpec& spec, const Plan& plan) {
  const LayerRecipe& recipe = quantized_recipe(plan);
  return {{"quant_method", "awq"},
          {"bits", 4},
          {"group_size", group_size(recipe)},
          {"zero_point", true},  // zero points are always written: 8 where they are symmetric
          {"version", "gemm"},
          {"modules_to_not_convert", kept(spec, plan)}};
}

Result<std::vector<StoredTensor>> gptq_tensors(const LinearSpec& linear, const PackedLinear& packed,
                                               const Plan& plan) {
  return tensors(linear, packed, plan, Int4Family::kGptq);
}
Result<std::vector<StoredTensor>> awq_tensors(const LinearSpec& linear, const PackedLinear& packed,
                                              const Plan& plan) {
  return tensors(linear, packed, plan, Int4Family::kAwq);
}

}  // namespace quantier
