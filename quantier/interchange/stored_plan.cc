#include "quantier/interchange/stored_plan.h"

#include <cmath>

#include <fmt/format.h>

#include "quantier/base/half.h"
#include "quantier/formats/rounding.h"
#include "quantier/interchange/part_reader.h"

namespace quantier {
namespace {

WeightFormat format_of(DType dtype) {
  if (dtype == DType::kF16) return WeightFormat::kF16;
  return dtype == DType::kBF16 ? WeightFormat::kBF16 : WeightFormat::kF32;
}

EmbeddingFormat embedding_format_of(DType dtype) {
  if (dtype == DType::kF16) return EmbeddingFormat::kF16;
  return dtype == DType::kBF16 ? EmbeddingFormat::kBF16 : EmbeddingFormat::kF32;
}

ActivationRounding rounding_of(DType dtype) {
  if (dtype == DType::kF16) return ActivationRounding::kHalf;
  return dtype == DType::kBF16 ? ActivationRounding::kBFloat16 : ActivationRounding::kNone;
}

}  // namespace

bool is_in_parts(const Checkpoint& checkpoint, const LinearSpec& linear) {
  return !checkpoint.has(linear.weight);
}

void set_layer(Plan& plan, const ModelSpec& spec, std::size_t i, const LayerRecipe& recipe) {
  const LinearSpec& linear = spec.linears[i];
  plan.layers[i].recipe = recipe;
  plan.layers[i].bytes = weight_bytes(recipe.format, recipe.options,
                                      {linear.out_features, linear.in_features, linear.bias.has_value()});
}

void count_rest(Plan& plan, const ModelSpec& spec) {
  plan.embedding_bytes = embedding_bytes(plan.embedding, spec.vocabulary, spec.hidden);
  plan.other_bytes = 0;
  for (const NormSpec& norm : spec.norms) {
    plan.other_bytes += spec.hidden * sizeof(float) * (norm.bias ? 2 : 1);
  }
}

Plan floating_plan(const Checkpoint& checkpoint, std::string recipe) {
  const ModelSpec& spec = checkpoint.spec();
  Plan plan;
  plan.recipe = std::move(recipe);
  const DType dtype = checkpoint.has(spec.embedding) ? checkpoint.dtype(spec.embedding) : DType::kF16;
  plan.rounding = rounding_of(dtype);
  plan.embedding = embedding_format_of(dtype);
  count_rest(plan, spec);
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    const LinearSpec& linear = spec.linears[i];
    plan.layers.push_back({linear.name, {}, 0});
    if (is_in_parts(checkpoint, linear)) continue;
    LayerRecipe layer;
    layer.format = format_of(checkpoint.dtype(linear.weight));
    set_layer(plan, spec, i, layer);
  }
  return plan;
}

Status begin_packed(const Checkpoint& checkpoint, const LinearSpec& linear, const Plan& plan,
                    const LayerRecipe& recipe, PackedLinear& packed) {
  packed.out_features = linear.out_features;
  packed.in_features = linear.in_features;
  packed.input.format = recipe.input;
  if (!linear.bias) return {};
  QT_TRY(const TensorData bias, checkpoint.tensor(*linear.bias));
  packed.bias.resize(linear.out_features);
  copy_as_float(bias.view(), 0, packed.bias);
  for (float& value : packed.bias) value = rounded(value, plan.rounding);
  return {};
}

Result<PackedWeights> read_floating(const Checkpoint& checkpoint, const LinearSpec& linear,
                                    WeightFormat format) {
  const DType wanted = format == WeightFormat::kF16    ? DType::kF16
                       : format == WeightFormat::kBF16 ? DType::kBF16
                                                       : DType::kF32;
  QT_TRY(const TensorData data, checkpoint.tensor(linear.weight));
  const TensorView& view = data.view();
  // F64 is read as float, as everywhere.
  if (view.dtype != wanted && !(view.dtype == DType::kF64 && wanted == DType::kF32)) {
    return fail(ErrorKind::kCorruptData, "a layer does not have the element type that its plan names",
                fmt::format("{}, tensor {}", checkpoint.directory().string(), linear.weight),
                fmt::format("{}, planned {}", dtype_name(view.dtype), dtype_name(wanted)),
                "quantize the model again");
  }
  std::vector<float> row(linear.in_features);
  for (std::uint64_t n = 0; n < linear.out_features; ++n) {
    copy_as_float(view, n * linear.in_features, row);
    for (std::size_t k = 0; k < row.size(); ++k) {
      if (std::isfinite(row[k])) continue;
      return fail(ErrorKind::kUserInput, "the weight is not a finite number",
                  fmt::format("tensor {}, row {}, column {}", linear.weight, n, k),
                  fmt::format("it is {}", row[k]), "the checkpoint is damaged or its training diverged");
    }
  }
  switch (format) {
    case WeightFormat::kF16:
      return F16Weights{copy_elements<std::uint16_t>(view, MemoryOwner::kWeights)};
    case WeightFormat::kBF16:
      return BF16Weights{copy_elements<std::uint16_t>(view, MemoryOwner::kWeights)};
    default:
      break;
  }
  F32Weights weights{AlignedBuffer<float>(linear.out_features * linear.in_features, MemoryOwner::kWeights)};
  copy_as_float(view, 0, weights.values.span());
  return weights;
}

}  // namespace quantier
