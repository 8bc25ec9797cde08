#include "quantier/quantize/quantize.h"

#include <vector>

#include <fmt/format.h>

#include "quantier/base/half.h"
#include "quantier/quantize/llm_int8.h"
#include "quantier/quantize/nf4.h"
#include "quantier/quantize/weight_reader.h"

namespace quantier {

Result<PackedLinear> pack_linear(const LinearSpec& linear, const LayerPlan& layer, const Plan& plan,
                                 const TensorView& weight, const TensorView* bias) {
  if (!is_floating(weight.dtype)) {
    return fail(ErrorKind::kUnsupported, "the weight is not stored as floating point",
                fmt::format("tensor {}", linear.weight), fmt::format("it is {}", dtype_name(weight.dtype)),
                "only F32, F16, BF16 and F64 checkpoints are read");
  }
  PackedLinear packed;
  packed.out_features = linear.out_features;
  packed.in_features = linear.in_features;
  if (bias != nullptr) {
    packed.bias.resize(linear.out_features);
    copy_as_float(*bias, 0, packed.bias);
    if (plan.rounding == ActivationRounding::kHalf) {
      for (float& value : packed.bias) value = round_to_half(value);
    }
  }
  const std::uint64_t elements = linear.out_features * linear.in_features;
  switch (layer.format) {
    case WeightFormat::kF32: {
      F32Weights weights{AlignedBuffer<float>(elements, MemoryOwner::kWeights)};
      for (std::uint64_t n = 0; n < linear.out_features; ++n) {
        const std::uint64_t first = n * linear.in_features;
        QT_TRY_STATUS(
            read_weight(linear, weight, first, weights.values.span().subspan(first, linear.in_features)));
      }
      packed.weights = std::move(weights);
      return packed;
    }
    case WeightFormat::kF16: {
      F16Weights weights{AlignedBuffer<std::uint16_t>(elements, MemoryOwner::kWeights)};
      std::vector<float> row(linear.in_features);
      for (std::uint64_t n = 0; n < linear.out_features; ++n) {
        const std::uint64_t first = n * linear.in_features;
        QT_TRY_STATUS(read_half_weight(linear, weight, first, row));
        for (std::uint64_t k = 0; k < linear.in_features; ++k) {
          weights.values[first + k] = to_half(row[k]).bits;
        }
      }
      packed.weights = std::move(weights);
      return packed;
    }
    case WeightFormat::kI8Row: {
      const bool keep_halves = plan.outlier_weights == OutlierWeights::kF16;
      QT_TRY(packed.weights, quantize_llm_int8(linear, weight, keep_halves));
      return packed;
    }
    case WeightFormat::kNf4Block: {
      QT_TRY(packed.weights, quantize_nf4(linear, weight));
      return packed;
    }
  }
  return fail(ErrorKind::kBug, "a weight format without a method", linear.name);
}

}  // namespace quantier
