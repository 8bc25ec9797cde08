// Recipes: short names for a choice of method and format, and what a layer of one is made of.
//
// A name may carry options: "int4-gptq:group=64,zero=on". Which options a recipe knows stands in its entry of
// known_recipes(). A plan file gives recipes to layers by pattern (PlanRules); a plain recipe is the case
// without patterns. Errors: kUsage for unknown names and options, with the nearest known one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/formats/weight_format.h"

namespace quantier {

// How the numbers are chosen.
enum class Method : std::uint8_t { kNone, kRtn, kLlmInt8, kNf4, kSmoothQuant, kGptq, kAwq };
// "none", "rtn", "llm-int8", "nf4", "smoothquant", "gptq", "awq"
[[nodiscard]] const char* method_name(Method method);

// Between layers: kept in float, or rounded after every operation that a half-precision framework would
// store (embedding, norm, linear output, rotary embedding, attention output, activation product, residual
// sum, pooled, logits), to IEEE half or to bfloat16.
enum class ActivationRounding : std::uint8_t { kNone, kHalf, kBFloat16 };
[[nodiscard]] const char* activation_rounding_name(
    ActivationRounding rounding);  // "none", "half", "bfloat16"

// What a recipe does to one layer.
struct LayerRecipe {
  Method method = Method::kNone;
  WeightFormat format = WeightFormat::kF32;
  InputFormat input = InputFormat::kFloat;
  FormatOptions options;
  bool activation_order = true;  // GPTQ: inputs with the largest Hessian diagonal first
  bool published = false;        // GPTQ, AWQ: as the paper and its code have it, without what was added here
  friend bool operator==(const LayerRecipe&, const LayerRecipe&) = default;

  // Whether the method looks at calibration texts.
  [[nodiscard]] bool is_calibrated() const;
};

// The method's name, with what makes it another one: "gptq (published)", "awq + gptq".
[[nodiscard]] std::string method_text(const LayerRecipe& recipe);

// "i4-group/128", "i4-group/128+zeros x i8": format, its options, and what inputs become.
[[nodiscard]] std::string format_text(const LayerRecipe& recipe);

enum class EmbeddingFormat : std::uint8_t { kF32, kF16, kBF16, kI8Row };
[[nodiscard]] const char* embedding_format_name(EmbeddingFormat format);  // "f32", "f16", "bf16", "i8-row"
[[nodiscard]] std::optional<EmbeddingFormat> embedding_format_from_name(std::string_view name);

struct Recipe {
  std::string name;  // as asked for, options included
  LayerRecipe body;  // every linear layer of the transformer
  LayerRecipe head;  // classifier and what stands before it; never quantized by a short name
  EmbeddingFormat embedding = EmbeddingFormat::kF32;
  ActivationRounding rounding = ActivationRounding::kNone;
};

struct KnownRecipe {
  std::string name;
  std::string summary;               // one line
  std::vector<std::string> options;  // "group=32|64|128|row", ...
};

[[nodiscard]] Result<Recipe> parse_recipe(std::string_view text);
[[nodiscard]] const std::vector<KnownRecipe>& recipe_table();
[[nodiscard]] std::vector<std::string> known_recipes();  // names alone

}  // namespace quantier
