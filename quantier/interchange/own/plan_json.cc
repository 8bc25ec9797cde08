#include "quantier/interchange/own/plan_json.h"

#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/interchange/stored_plan.h"

namespace quantier {
namespace {

constexpr std::int64_t kLargestRank = 1 << 20;

template <class Enum>
std::optional<Enum> by_name(std::string_view text, Enum last, const char* (*name)(Enum)) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (text == name(static_cast<Enum>(i))) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

class PlanReader {
 public:
  PlanReader(const ModelSpec& spec, std::string_view source) : spec_(spec), source_(source) {}

  Result<Plan> read(const Json& json) const {
    if (!json.is_object()) return damaged("\"plan\" is not a JSON object");
    Plan plan;
    QT_TRY(plan.recipe, json_get<std::string>(json, "recipe", source_));
    QT_TRY(plan.rounding,
           word(json, "activation_rounding", ActivationRounding::kBFloat16, activation_rounding_name));
    QT_TRY(plan.embedding, word(json, "embedding", EmbeddingFormat::kI8Row, embedding_format_name));
    QT_TRY(const std::string scope, json_get<std::string>(json, "outlier_scope", source_));
    QT_TRY(const std::string weights, json_get<std::string>(json, "outlier_weights", source_));
    if ((scope != "sequence" && scope != "batch") || (weights != "int8" && weights != "f16")) {
      return damaged("the scope or the weights of outliers are not known");
    }
    plan.outlier_scope = scope == "batch" ? OutlierScope::kBatch : OutlierScope::kSequence;
    plan.outlier_weights = weights == "f16" ? OutlierWeights::kF16 : OutlierWeights::kInt8;
    QT_TRY(const double threshold, json_get<double>(json, "outlier_threshold", source_));
    if (!(threshold > 0 && threshold < 1e6)) return damaged("\"outlier_threshold\" is no threshold");
    plan.outlier_threshold = static_cast<float>(threshold);
    const auto layers = json.find("layers");
    if (layers == json.end() || !layers->is_array() || layers->size() != spec_.linears.size()) {
      return damaged(
          fmt::format("\"layers\" is not a list of the {} layers of the model", spec_.linears.size()));
    }
    for (std::size_t i = 0; i < spec_.linears.size(); ++i) QT_TRY_STATUS(read_layer((*layers)[i], i, plan));
    count_rest(plan, spec_);
    return plan;
  }

 private:
  [[nodiscard]] std::unexpected<Error> damaged(std::string why) const {
    return fail(ErrorKind::kCorruptData, "the plan of the quantized weights is damaged", std::string(source_),
                std::move(why), "quantize the model again");
  }

  template <class Enum>
  Result<Enum> word(const Json& json, const char* key, Enum last, const char* (*name)(Enum)) const {
    QT_TRY(const std::string text, json_get<std::string>(json, key, source_));
    const auto value = by_name(text, last, name);
    if (!value) return damaged(fmt::format("\"{}\": \"{}\" is not known", key, printable(text, 40)));
    return *value;
  }

  Status read_layer(const Json& json, std::size_t i, Plan& plan) const {
    const LinearSpec& linear = spec_.linears[i];
    if (!json.is_object()) return damaged(fmt::format("layer {} is not a JSON object", linear.name));
    QT_TRY(const std::string name, json_get<std::string>(json, "layer", source_));
    if (name != linear.name) {
      return damaged(
          fmt::format("layer {} of the model is \"{}\" in the plan", linear.name, printable(name, 60)));
    }
    LayerRecipe layer;
    QT_TRY(layer.method, word(json, "method", Method::kAwq, method_name));
    QT_TRY(layer.format, word(json, "format", WeightFormat::kFp8Row, weight_format_name));
    QT_TRY(layer.input, word(json, "input", InputFormat::kFp8, input_format_name));
    FormatOptions& options = layer.options;
    QT_TRY(const std::int64_t group, json_get<std::int64_t>(json, "group", source_));
    if (group < 0 || group > (1 << 24)) return damaged(fmt::format("layer {}: \"group\" is {}", name, group));
    options.group = static_cast<std::uint32_t>(group);
    QT_TRY(options.symmetric, json_get<bool>(json, "symmetric", source_));
    QT_TRY(options.double_quantized, json_get<bool>(json, "double_quantized", source_));
    QT_TRY(options.keeps_halves, json_get<bool>(json, "keeps_halves", source_));
    QT_TRY(options.per_tensor, json_get<bool>(json, "per_tensor", source_));
    QT_TRY(layer.activation_order, json_get<bool>(json, "activation_order", source_));
    QT_TRY(const auto published, json_find<bool>(json, "published", source_));
    layer.published = published.value_or(false);
    if (!go_together(layer)) {
      return damaged(fmt::format("layer {}: {} does not multiply {} inputs", name,
                                 weight_format_name(layer.format), input_format_name(layer.input)));
    }
    // Absent where no adapter stands beside the weights.
    QT_TRY(const auto rank, json_find<std::int64_t>(json, "adapter_rank", source_));
    if (rank && (*rank < 1 || *rank > kLargestRank)) {
      return damaged(fmt::format("layer {}: \"adapter_rank\" is {}", name, *rank));
    }
    plan.layers.push_back({linear.name, {}, 0});
    set_layer(plan, spec_, i, layer);
    if (rank) {
      LayerPlan& set = plan.layers.back();
      set.adapter_rank = static_cast<std::uint64_t>(*rank);
      set.bytes += low_rank_bytes(linear.out_features, linear.in_features, set.adapter_rank);
    }
    return {};
  }

  // What a recipe can make; the kernels know no other pairs.
  static bool go_together(const LayerRecipe& layer) {
    switch (layer.format) {
      case WeightFormat::kI8Row:
        return layer.input == InputFormat::kI8 || layer.input == InputFormat::kI8Outliers ||
               layer.input == InputFormat::kI8FixedOutliers;
      case WeightFormat::kI4Group:
        return layer.input == InputFormat::kFloat ||
               (layer.input == InputFormat::kI8 && layer.options.group % 4 == 0);
      case WeightFormat::kFp8Row:
        return layer.input == InputFormat::kFp8;
      default:
        return layer.input == InputFormat::kFloat;
    }
  }

  const ModelSpec& spec_;
  std::string_view source_;
};

}  // namespace

Json to_json(const Plan& plan) {
  Json layers = Json::array();
  for (const LayerPlan& layer : plan.layers) {
    const LayerRecipe& recipe = layer.recipe;
    layers.push_back({{"layer", layer.linear},
                      {"method", method_name(recipe.method)},
                      {"format", weight_format_name(recipe.format)},
                      {"input", input_format_name(recipe.input)},
                      {"group", recipe.options.group},
                      {"symmetric", recipe.options.symmetric},
                      {"double_quantized", recipe.options.double_quantized},
                      {"keeps_halves", recipe.options.keeps_halves},
                      {"per_tensor", recipe.options.per_tensor},
                      {"activation_order", recipe.activation_order}});
    if (recipe.published) layers.back()["published"] = true;
    if (layer.adapter_rank > 0) layers.back()["adapter_rank"] = layer.adapter_rank;
  }
  return {{"recipe", plan.recipe},
          {"activation_rounding", activation_rounding_name(plan.rounding)},
          {"embedding", embedding_format_name(plan.embedding)},
          {"outlier_scope", plan.outlier_scope == OutlierScope::kBatch ? "batch" : "sequence"},
          {"outlier_weights", plan.outlier_weights == OutlierWeights::kF16 ? "f16" : "int8"},
          {"outlier_threshold", plan.outlier_threshold},
          {"layers", std::move(layers)}};
}

Result<Plan> plan_from_json(const Json& json, const ModelSpec& spec, std::string_view source) {
  return PlanReader(spec, source).read(json);
}

}  // namespace quantier
