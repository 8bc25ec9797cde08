#include <array>
#include <set>

#include <fmt/format.h>

#include "quantier/formats/i4_group.h"
#include "quantier/formats/i8_row.h"
#include "quantier/interchange/compressed_tensors/compressed_tensors.h"
#include "quantier/interchange/compressed_tensors/scheme.h"
#include "quantier/interchange/int32_nibbles.h"
#include "quantier/interchange/own/own_format.h"
#include "quantier/interchange/part_reader.h"
#include "quantier/interchange/writer.h"

namespace quantier {
namespace {

constexpr const char* kFormat = "compressed-tensors";

// The same target: what compressed-tensors tells apart.
bool alike(const LayerRecipe& a, const LayerRecipe& b) {
  return a.format == b.format && a.input == b.input && a.options == b.options;
}

Status check_layer(const LinearSpec& linear, const LayerRecipe& recipe) {
  const bool i8 = recipe.format == WeightFormat::kI8Row && recipe.input == InputFormat::kI8;
  const bool i4 = recipe.format == WeightFormat::kI4Group && recipe.input == InputFormat::kFloat;
  const bool fp8 = recipe.format == WeightFormat::kFp8Row && recipe.input == InputFormat::kFp8;
  if (recipe.input == InputFormat::kI8Outliers || recipe.input == InputFormat::kI8FixedOutliers) {
    return inexpressible(kFormat, linear.name, "outlier columns beside int8 have no place there");
  }
  if (!i8 && !i4 && !fp8) {
    return inexpressible(kFormat, linear.name, fmt::format("it has no {}", format_text(recipe)));
  }
  if (i4 && recipe.options.group != 0 && linear.in_features % recipe.options.group != 0) {
    return inexpressible(
        kFormat, linear.name,
        fmt::format("{} inputs are not divisible by groups of {}", linear.in_features, recipe.options.group));
  }
  return {};
}

void add_i4(const std::string& module, const PackedLinear& packed, const I4GroupWeights& weights,
            std::vector<StoredTensor>& out) {
  const std::uint64_t rows = packed.out_features;
  const std::uint64_t columns = packed.in_features;
  const std::uint64_t groups = i4_groups(columns, weights.group);
  const std::array<std::int64_t, 2> shape = {static_cast<std::int64_t>(rows),
                                             static_cast<std::int64_t>(columns)};
  StoredTensor codes = StoredTensor::words(module + ".weight_packed", rows, int32_words(columns));
  for (std::uint64_t n = 0; n < rows; ++n) {
    for (std::uint64_t k = 0; k < columns; ++k) {
      set_nibble(codes.owned.span(), n * int32_words(columns) + k / kNibbles, k % kNibbles,
                 i4_code(weights, columns, n, k));
    }
  }
  out.push_back(std::move(codes));
  out.push_back(StoredTensor::copy(module + ".weight_shape", DType::kI64, {2}, std::span(shape)));
  out.push_back(
      StoredTensor::view(module + ".weight_scale", DType::kF16, {rows, groups}, weights.scales.span()));
  if (!weights.zeros.empty()) {
    StoredTensor zeros = StoredTensor::words(module + ".weight_zero_point", int32_words(rows), groups);
    for (std::uint64_t n = 0; n < rows; ++n) {
      for (std::uint64_t g = 0; g < groups; ++g) {
        set_nibble(zeros.owned.span(), n / kNibbles * groups + g, n % kNibbles,
                   weights.zeros[n * groups + g]);
      }
    }
    out.push_back(std::move(zeros));
  }
}

}  // namespace

Status check_compressed_tensors(const ModelSpec& spec, const Plan& plan) {
  QT_TRY_STATUS(check_embedding_is_float(plan, kFormat));
  bool any = false;
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    if (is_float_format(plan.layers[i].recipe.format)) continue;
    any = true;
    QT_TRY_STATUS(check_layer(spec.linears[i], plan.layers[i].recipe));
  }
  if (!any) return inexpressible(kFormat, plan.recipe, "no layer is quantized");
  return {};
}

Json compressed_tensors_config(const ModelSpec& spec, const Plan& plan) {
  std::vector<LayerRecipe> kinds;
  std::vector<std::vector<std::string>> targets;
  Json ignored = Json::array({module_of(spec.embedding)});
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    const LayerRecipe& recipe = plan.layers[i].recipe;
    const std::string module = module_of(spec.linears[i].weight);
    if (is_float_format(recipe.format)) {
      ignored.push_back(module);
      continue;
    }
    std::size_t kind = 0;
    while (kind < kinds.size() && !alike(kinds[kind], recipe)) ++kind;
    if (kind == kinds.size()) {
      kinds.push_back(recipe);
      targets.emplace_back();
    }
    targets[kind].push_back(module);
  }
  std::set<std::string> formats;
  Json groups = Json::object();
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    formats.insert(compression_format(kinds[kind]));
    groups[fmt::format("group_{}", kind)] =
        scheme_json(kinds[kind], kinds.size() == 1 ? std::vector<std::string>{"Linear"} : targets[kind]);
  }
  return {{"quant_method", "compressed-tensors"},
          {"format", formats.size() == 1 ? *formats.begin() : "mixed-precision"},
          {"quantization_status", "compressed"},
          {"config_groups", std::move(groups)},
          {"ignore", std::move(ignored)},
          {"kv_cache_scheme", nullptr},
          {"global_compression_ratio", nullptr}};
}

Result<std::vector<StoredTensor>> compressed_tensors_tensors(const LinearSpec& linear,
                                                             const PackedLinear& packed, const Plan& plan) {
  QT_TRY_STATUS(check_inputs_are_plain(linear, packed, kFormat));
  const std::string module = module_of(linear.weight);
  const std::uint64_t rows = packed.out_features;
  const std::uint64_t columns = packed.in_features;
  std::vector<StoredTensor> out;
  if (const auto* i8 = std::get_if<I8RowWeights>(&packed.weights)) {
    std::vector<float> scales;
    for (const float absmax : i8->row_absmax.span()) scales.push_back(absmax / kI8Steps);
    out.push_back(StoredTensor::view(module + ".weight", DType::kI8, {rows, columns}, i8->codes.span()));
    out.push_back(StoredTensor::copy(module + ".weight_scale", DType::kF32, {rows, 1}, std::span(scales)));
  } else if (const auto* fp8 = std::get_if<Fp8RowWeights>(&packed.weights)) {
    const bool by_tensor = options_of(packed).per_tensor;
    const auto scales = fp8->row_scale.span();
    out.push_back(StoredTensor::view(module + ".weight", DType::kF8E4M3, {rows, columns}, fp8->codes.span()));
    out.push_back(
        StoredTensor::copy(module + ".weight_scale", DType::kF32,
                           by_tensor ? std::vector<std::uint64_t>{1} : std::vector<std::uint64_t>{rows, 1},
                           by_tensor ? scales.first(1) : scales));
  } else if (const auto* i4 = std::get_if<I4GroupWeights>(&packed.weights)) {
    // Version 0.20 dropped the index that earlier ones kept beside the weights.
    if (!i4->group_of_input.empty()) {
      return inexpressible(kFormat, linear.name,
                           "groups are consecutive inputs, and activation order makes others");
    }
    add_i4(module, packed, *i4, out);
  } else {
    return floating_tensors(linear, packed, plan.rounding);
  }
  if (linear.bias) out.push_back(rounded_tensor(*linear.bias, {rows}, packed.bias, plan.rounding));
  return out;
}

}  // namespace quantier
