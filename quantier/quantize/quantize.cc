#include "quantier/quantize/quantize.h"

#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/half.h"

namespace quantier {
namespace {

// Hands the weight over row by row as float, refusing what no method can represent. A row is small; the whole
// weight as float would be twice the stored checkpoint.
template <class RowFunction>
Status for_each_row(const LinearSpec& linear, const TensorView& weight, RowFunction&& use) {
  std::vector<float> row(linear.in_features);
  for (std::uint64_t n = 0; n < linear.out_features; ++n) {
    copy_as_float(weight, n * linear.in_features, row);
    for (std::uint64_t k = 0; k < linear.in_features; ++k) {
      if (!std::isfinite(row[k])) {
        return fail(ErrorKind::kUserInput, "the weight is not a finite number",
                    fmt::format("tensor {}, row {}, column {}", linear.weight, n, k),
                    fmt::format("it is {}", row[k]), "the checkpoint is damaged or its training diverged");
      }
    }
    use(n, row);
  }
  return {};
}

}  // namespace

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
      QT_TRY_STATUS(for_each_row(linear, weight, [&](std::uint64_t n, const std::vector<float>& row) {
        std::copy(row.begin(), row.end(), weights.values.data() + n * linear.in_features);
      }));
      packed.weights = std::move(weights);
      return packed;
    }
    case WeightFormat::kF16: {
      F16Weights weights{AlignedBuffer<std::uint16_t>(elements, MemoryOwner::kWeights)};
      QT_TRY_STATUS(for_each_row(linear, weight, [&](std::uint64_t n, const std::vector<float>& row) {
        for (std::uint64_t k = 0; k < linear.in_features; ++k) {
          weights.values[n * linear.in_features + k] = to_half(row[k]).bits;
        }
      }));
      packed.weights = std::move(weights);
      return packed;
    }
    case WeightFormat::kI8Row:
    case WeightFormat::kNf4Block:
      break;
  }
  return fail(ErrorKind::kUnsupported,
              fmt::format("the format {} is not offered yet", weight_format_name(layer.format)), linear.name);
}

}  // namespace quantier
