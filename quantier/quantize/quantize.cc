#include "quantier/quantize/quantize.h"

#include <fmt/format.h>

#include "quantier/formats/rounding.h"
#include "quantier/quantize/nf4.h"
#include "quantier/quantize/rtn.h"
#include "quantier/quantize/store_float.h"
#include "quantier/quantize/weight_reader.h"

namespace quantier {

std::vector<float> read_bias(const TensorView* bias, ActivationRounding rounding) {
  std::vector<float> values;
  if (bias == nullptr) return values;
  values.resize(bias->element_count());
  copy_as_float(*bias, 0, values);
  for (float& value : values) value = rounded(value, rounding);
  return values;
}

Result<PackedLinear> pack_linear(const LinearSpec& linear, const LayerPlan& layer, const Plan& plan,
                                 const TensorView& weight, const TensorView* bias, ThreadPool* pool) {
  if (!is_floating(weight.dtype)) {
    return fail(ErrorKind::kUnsupported, "the weight is not stored as floating point",
                fmt::format("tensor {}", linear.weight), fmt::format("it is {}", dtype_name(weight.dtype)),
                "only F32, F16, BF16 and F64 checkpoints are read");
  }
  const LayerRecipe& recipe = layer.recipe;
  if (recipe.is_calibrated()) {
    return fail(ErrorKind::kBug, "a calibrated method was asked to work without calibration", linear.name,
                method_name(recipe.method));
  }
  PackedLinear packed;
  packed.out_features = linear.out_features;
  packed.in_features = linear.in_features;
  packed.input.format = recipe.input;
  packed.bias = read_bias(bias, plan.rounding);
  switch (recipe.format) {
    case WeightFormat::kF32: {
      QT_TRY(packed.weights, store_f32(linear, weight));
      return packed;
    }
    case WeightFormat::kF16: {
      QT_TRY(packed.weights, store_f16(linear, weight));
      return packed;
    }
    case WeightFormat::kBF16: {
      QT_TRY(packed.weights, store_bf16(linear, weight));
      return packed;
    }
    case WeightFormat::kI8Row: {
      QT_TRY(packed.weights, quantize_rtn_i8(linear, weight, recipe.options.keeps_halves, pool));
      return packed;
    }
    case WeightFormat::kNf4Block: {
      QT_TRY(packed.weights, quantize_nf4(linear, weight, recipe.options.double_quantized, pool));
      return packed;
    }
    case WeightFormat::kI4Group: {
      QT_TRY(packed.weights,
             quantize_rtn_i4(linear, weight, recipe.options.group, recipe.options.symmetric, pool));
      return packed;
    }
    case WeightFormat::kFp8Row: {
      QT_TRY(packed.weights, quantize_rtn_fp8(linear, weight, recipe.options.per_tensor));
      return packed;
    }
  }
  return fail(ErrorKind::kBug, "a weight format without a method", linear.name);
}

}  // namespace quantier
