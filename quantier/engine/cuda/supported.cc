#include <algorithm>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/engine/cuda/device_model.h"

namespace quantier::cuda {
namespace {

std::unexpected<Error> refuse(const Plan& plan, std::string where, std::string why, std::string hint = {}) {
  if (hint.empty()) hint = "fp16, bf16, int8-rtn and int8-smooth run on a CUDA device; --device cpu runs all";
  return fail(ErrorKind::kUnsupported,
              fmt::format("recipe {} does not run on a CUDA device", printable(plan.recipe, 80)),
              std::move(where), std::move(why), std::move(hint));
}

Status check_layer(const Plan& plan, const LinearSpec& linear, const LayerPlan& layer) {
  const LayerRecipe& recipe = layer.recipe;
  const WeightFormat element =
      plan.rounding == ActivationRounding::kBFloat16 ? WeightFormat::kBF16 : WeightFormat::kF16;
  const bool is_float = recipe.format == element && recipe.input == InputFormat::kFloat;
  const bool is_i8 = recipe.format == WeightFormat::kI8Row && recipe.input == InputFormat::kI8;
  if (layer.adapter_rank != 0) {
    return refuse(plan, linear.name, "an adapter stands beside its weights",
                  "merge the adapter (--adapter merge)");
  }
  if (is_head(linear.role) ? is_float : (is_float || is_i8)) return {};
  return refuse(plan, linear.name, fmt::format("there is no kernel for {} there", format_text(recipe)));
}

// Layers whose products are one.
Status check_gathered(const ModelSpec& spec, const Plan& plan) {
  const auto group = [](LinearRole role) {
    switch (role) {
      case LinearRole::kAttentionQuery:
      case LinearRole::kAttentionKey:
      case LinearRole::kAttentionValue:
        return 1;
      case LinearRole::kMlpGate:
      case LinearRole::kMlpUp:
        return 2;
      default:
        return 0;
    }
  };
  for (std::size_t i = 0; i + 1 < spec.linears.size(); ++i) {
    const LinearSpec& one = spec.linears[i];
    const LinearSpec& next = spec.linears[i + 1];
    if (group(one.role) == 0 || group(one.role) != group(next.role) || one.layer != next.layer) continue;
    if (plan.layers[i].recipe.format != plan.layers[i + 1].recipe.format) {
      return refuse(plan, fmt::format("{} and {}", one.name, next.name),
                    "they are one product on the device and have different formats",
                    "give both the same recipe");
    }
  }
  return {};
}

}  // namespace

Status check_supported(const ModelSpec& spec, const Plan& plan, const Kernels& kernels) {
  if (plan.rounding == ActivationRounding::kNone) {
    return refuse(plan, "", "activations in float have no kernels there");
  }
  if (plan.rounding == ActivationRounding::kBFloat16 && !kernels.has_bfloat16) {
    return refuse(plan, kernels.name, "the tensor cores of this generation do not take bfloat16",
                  "take fp16 or int8-rtn");
  }
  if (plan.embedding == EmbeddingFormat::kF32) {
    return refuse(plan, "embedding", "it would stand there in float", "keep it in half: embedding = \"f16\"");
  }
  if ((plan.embedding == EmbeddingFormat::kBF16) != (plan.rounding == ActivationRounding::kBFloat16) &&
      plan.embedding != EmbeddingFormat::kI8Row) {
    return refuse(plan, "embedding", "its format is not that of the activations");
  }
  for (std::size_t i = 0; i < spec.linears.size(); ++i)
    QT_TRY_STATUS(check_layer(plan, spec.linears[i], plan.layers[i]));
  QT_TRY_STATUS(check_gathered(spec, plan));
  if (spec.head_dim != 64 && spec.head_dim != 128) {
    return refuse(plan, "attention", fmt::format("heads are {} wide; 64 and 128 have kernels", spec.head_dim),
                  "use --device cpu for this model");
  }
  const auto widths = {spec.hidden, spec.intermediate};
  if (std::ranges::any_of(widths,
                          [](std::uint64_t width) { return width % 16 != 0 || width > kWidestNorm; })) {
    return refuse(plan, "shapes",
                  fmt::format("hidden {} and intermediate {} must be multiples of 16 and at most {}",
                              spec.hidden, spec.intermediate, kWidestNorm),
                  "use --device cpu for this model");
  }
  return {};
}

}  // namespace quantier::cuda
