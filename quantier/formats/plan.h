// A plan says, layer by layer, how numbers are chosen (method) and how they are stored and multiplied
// (format). A recipe is a short name that resolves to a plan for one model; the engine adds what really ran
// (record/executed_plan.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/checkpoint/model_spec.h"

namespace quantier {

enum class WeightFormat : std::uint8_t { kF32, kF16, kI8Row, kNf4Block };
[[nodiscard]] const char* weight_format_name(WeightFormat format);  // "f32", "f16", "i8-row", "nf4-block"

enum class Method : std::uint8_t { kNone, kLlmInt8, kNf4 };
[[nodiscard]] const char* method_name(Method method);  // "none", "llm-int8", "nf4"

// Between layers: kept in float, or rounded to IEEE half after every operation that a half-precision
// framework would store (embedding, norm, linear output, rotary embedding, attention output, activation
// product, residual sum, pooled, logits).
enum class ActivationRounding : std::uint8_t { kNone, kHalf };

// Over which rows LLM.int8() looks for outlier columns. kSequence: the tokens of one text, so that logits do
// not depend on the batch. kBatch: all tokens of the batch, as bitsandbytes does.
enum class OutlierScope : std::uint8_t { kSequence, kBatch };
enum class OutlierWeights : std::uint8_t { kInt8, kF16 };

struct LayerPlan {
  std::string linear;  // LinearSpec::name
  Method method = Method::kNone;
  WeightFormat format = WeightFormat::kF32;
  std::uint64_t bytes = 0;  // what the packed weights will take, bias included
};

struct Plan {
  std::string recipe;
  ActivationRounding rounding = ActivationRounding::kNone;
  OutlierScope outlier_scope = OutlierScope::kSequence;
  OutlierWeights outlier_weights = OutlierWeights::kInt8;
  float outlier_threshold = 6.0F;
  WeightFormat embedding_format =
      WeightFormat::kF32;         // norms and biases are always float, rounded as `rounding` says
  std::vector<LayerPlan> layers;  // parallel to ModelSpec::linears
  std::uint64_t embedding_bytes = 0;
  std::uint64_t other_bytes = 0;  // norms
  [[nodiscard]] std::uint64_t total_bytes() const;
};

struct RecipeOptions {
  OutlierScope outlier_scope = OutlierScope::kSequence;
  OutlierWeights outlier_weights = OutlierWeights::kInt8;
};

// "fp32", "fp16", "int8", "int4". Unknown names are a kUsage error that lists the known ones.
[[nodiscard]] Result<Plan> resolve_recipe(std::string_view recipe, const ModelSpec& spec,
                                          const RecipeOptions& options = {});
[[nodiscard]] std::vector<std::string> known_recipes();

}  // namespace quantier
