#include <array>

#include <fmt/format.h>

#include "quantier/formats/nf4_block.h"
#include "quantier/interchange/bitsandbytes/bitsandbytes.h"
#include "quantier/interchange/own/own_format.h"
#include "quantier/interchange/part_reader.h"
#include "quantier/interchange/writer.h"

namespace quantier {
namespace {

constexpr const char* kFormat = "bitsandbytes";

const char* dtype_word(ActivationRounding rounding) {
  const DType dtype = rounded_dtype(rounding);
  return dtype == DType::kF16 ? "float16" : dtype == DType::kBF16 ? "bfloat16" : "float32";
}

// The one recipe of all quantized layers: null when none is.
const LayerPlan* quantized_layer(const Plan& plan) {
  for (const LayerPlan& layer : plan.layers) {
    if (!is_float_format(layer.recipe.format)) return &layer;
  }
  return nullptr;
}

}  // namespace

Status check_bitsandbytes(const ModelSpec& spec, const Plan& plan) {
  (void)spec;
  QT_TRY_STATUS(check_embedding_is_float(plan, kFormat));
  const LayerPlan* first = quantized_layer(plan);
  if (first == nullptr) {
    return inexpressible(kFormat, plan.recipe, "no layer is quantized");
  }
  for (const LayerPlan& layer : plan.layers) {
    const LayerRecipe& recipe = layer.recipe;
    if (is_float_format(recipe.format)) continue;
    if (recipe.format != WeightFormat::kI8Row && recipe.format != WeightFormat::kNf4Block) {
      return inexpressible(kFormat, layer.linear, fmt::format("it has no {}", format_text(recipe)));
    }
    if (recipe.input == InputFormat::kI8FixedOutliers) {
      return inexpressible(kFormat, layer.linear, "outlier columns are looked for in every batch, not fixed");
    }
    if (recipe.options.keeps_halves) {
      return inexpressible(kFormat, layer.linear,
                           "outlier columns multiply with int8 weights, not with halves");
    }
    if (recipe.format != first->recipe.format || recipe.input != first->recipe.input ||
        recipe.options.double_quantized != first->recipe.options.double_quantized) {
      return inexpressible(kFormat, layer.linear,
                           fmt::format("all layers have one form: {} is {}, this one {}", first->linear,
                                       format_text(first->recipe), format_text(recipe)));
    }
  }
  return {};
}

Json bitsandbytes_config(const ModelSpec& spec, const Plan& plan) {
  Json skipped = Json::array();
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    if (is_float_format(plan.layers[i].recipe.format)) skipped.push_back(module_of(spec.linears[i].weight));
  }
  const LayerRecipe& recipe = quantized_layer(plan)->recipe;
  const bool eight = recipe.format == WeightFormat::kI8Row;
  return {{"quant_method", "bitsandbytes"},
          {"load_in_8bit", eight},
          {"load_in_4bit", !eight},
          {"_load_in_8bit", eight},
          {"_load_in_4bit", !eight},
          {"llm_int8_threshold", recipe.input == InputFormat::kI8Outliers ? plan.outlier_threshold
                                 : eight                                  ? 0.0F
                                                                          : 6.0F},
          {"llm_int8_skip_modules", std::move(skipped)},
          {"llm_int8_enable_fp32_cpu_offload", false},
          {"llm_int8_has_fp16_weight", false},
          {"bnb_4bit_quant_type", "nf4"},
          {"bnb_4bit_use_double_quant", !eight && recipe.options.double_quantized},
          {"bnb_4bit_compute_dtype", dtype_word(plan.rounding)},
          {"bnb_4bit_quant_storage", "uint8"}};
}

Result<std::vector<StoredTensor>> bitsandbytes_tensors(const LinearSpec& linear, const PackedLinear& packed,
                                                       const Plan& plan) {
  QT_TRY_STATUS(check_inputs_are_plain(linear, packed, kFormat));
  const std::string module = module_of(linear.weight);
  const std::uint64_t rows = packed.out_features;
  const std::uint64_t columns = packed.in_features;
  std::vector<StoredTensor> out;
  if (const auto* i8 = std::get_if<I8RowWeights>(&packed.weights)) {
    constexpr std::array<std::uint8_t, 1> kByRow = {0};
    out.push_back(StoredTensor::view(module + ".weight", DType::kI8, {rows, columns}, i8->codes.span()));
    out.push_back(StoredTensor::view(module + ".SCB", DType::kF32, {rows}, i8->row_absmax.span()));
    out.push_back(StoredTensor::copy(module + ".weight_format", DType::kU8, {}, std::span(kByRow)));
  } else if (const auto* nf4 = std::get_if<Nf4Weights>(&packed.weights)) {
    const std::string weight = module + ".weight";
    Json state{{"quant_type", "nf4"},
               {"blocksize", kNf4BlockElements},
               {"dtype", dtype_word(plan.rounding)},
               {"shape", {rows, columns}}};
    out.push_back(StoredTensor::view(weight, DType::kU8, {nf4->packed.size(), 1}, nf4->packed.span()));
    out.push_back(StoredTensor::copy(weight + ".quant_map", DType::kF32, {16}, std::span(nf4_table())));
    if (!nf4->absmax.empty()) {
      out.push_back(
          StoredTensor::view(weight + ".absmax", DType::kF32, {nf4->absmax.size()}, nf4->absmax.span()));
    } else {
      state["nested_blocksize"] = kNf4NestedBlocks;
      state["nested_dtype"] = "float32";
      state["nested_offset"] = static_cast<double>(nf4->offset);
      out.push_back(StoredTensor::view(weight + ".absmax", DType::kU8, {nf4->absmax_codes.size()},
                                       nf4->absmax_codes.span()));
      out.push_back(StoredTensor::view(weight + ".nested_absmax", DType::kF32, {nf4->nested_absmax.size()},
                                       nf4->nested_absmax.span()));
      out.push_back(
          StoredTensor::copy(weight + ".nested_quant_map", DType::kF32, {256}, std::span(dynamic_map())));
    }
    const std::string text = state.dump();
    out.push_back(StoredTensor::copy(weight + ".quant_state.bitsandbytes__nf4", DType::kU8, {text.size()},
                                     std::span(text)));
  } else {
    return floating_tensors(linear, packed, plan.rounding);
  }
  if (linear.bias) out.push_back(rounded_tensor(*linear.bias, {rows}, packed.bias, plan.rounding));
  return out;
}

}  // namespace quantier
