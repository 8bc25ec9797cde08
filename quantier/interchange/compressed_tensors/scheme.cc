#include "quantier/interchange/compressed_tensors/scheme.h"

#include <optional>

#include <fmt/format.h>

#include "quantier/base/utf8.h"

namespace quantier {
namespace {

struct Arguments {
  std::int64_t bits = 0;
  std::string type;
  std::string strategy;
  bool symmetric = true;
  std::string dynamic;  // "false", "true", "local"
  std::int64_t group = 0;
};

std::unexpected<Error> not_read(std::string_view source, std::string what, std::string why = {}) {
  return fail(
      ErrorKind::kUnsupported, std::move(what), std::string(source), std::move(why),
      "read: W8A8 by row or tensor, W4A16 by group or row, FP8 by row or tensor with inputs by token");
}

// nullopt for null and for a missing key.
Result<std::optional<Arguments>> parse_arguments(const Json& group, const char* key,
                                                 std::string_view source) {
  const auto found = group.find(key);
  if (found == group.end() || found->is_null()) return std::nullopt;
  const std::string where = fmt::format("{}, \"{}\"", source, key);
  if (!found->is_object()) {
    return fail(ErrorKind::kCorruptData, "quantization arguments are not a JSON object", where);
  }
  const Json& json = *found;
  Arguments out;
  QT_TRY(out.bits, json_get<std::int64_t>(json, "num_bits", where));
  QT_TRY(out.type, json_get<std::string>(json, "type", where));
  QT_TRY(const std::optional<bool> symmetric, json_find<bool>(json, "symmetric", where));
  out.symmetric = symmetric.value_or(true);
  QT_TRY(const std::optional<std::int64_t> size, json_find<std::int64_t>(json, "group_size", where));
  out.group = size.value_or(-1);
  QT_TRY(const std::optional<std::string> strategy, json_find<std::string>(json, "strategy", where));
  out.strategy = strategy.value_or(out.group > 0 ? "group" : out.group == -1 && size ? "channel" : "tensor");
  const auto dynamic = json.find("dynamic");
  out.dynamic = "false";
  if (dynamic != json.end() && dynamic->is_boolean()) out.dynamic = dynamic->get<bool>() ? "true" : "false";
  if (dynamic != json.end() && dynamic->is_string()) out.dynamic = dynamic->get<std::string>();
  return out;
}

Status check_inputs(const Arguments& inputs, std::int64_t bits, const char* type, std::string_view source) {
  if (inputs.dynamic != "true") return not_read(source, "inputs with a fixed scale are not read");
  if (inputs.strategy != "token" || !inputs.symmetric || inputs.bits != bits || inputs.type != type) {
    return not_read(source, "these inputs are not read",
                    fmt::format("{} bits of type {}, by {}{}", inputs.bits, printable(inputs.type, 20),
                                printable(inputs.strategy, 20), inputs.symmetric ? "" : ", not symmetric"));
  }
  return {};
}

}  // namespace

Result<LayerRecipe> parse_scheme(const Json& group, std::string_view source) {
  QT_TRY(const std::optional<Arguments> weights, parse_arguments(group, "weights", source));
  QT_TRY(const std::optional<Arguments> inputs, parse_arguments(group, "input_activations", source));
  QT_TRY(const std::optional<Arguments> outputs, parse_arguments(group, "output_activations", source));
  if (!weights) return not_read(source, "a group without quantized weights is not read");
  if (outputs) return not_read(source, "quantized outputs are not read");
  if (weights->dynamic != "false") return not_read(source, "weights with dynamic scales are not read");
  const bool by_row = weights->strategy == "channel";
  const bool by_tensor = weights->strategy == "tensor";
  LayerRecipe recipe;
  if (weights->type == "int" && weights->bits == 8 && weights->symmetric && (by_row || by_tensor) && inputs) {
    QT_TRY_STATUS(check_inputs(*inputs, 8, "int", source));
    recipe.format = WeightFormat::kI8Row;
    recipe.input = InputFormat::kI8;
    return recipe;
  }
  const bool by_group = weights->strategy == "group" && weights->group > 0 && weights->group <= (1 << 20);
  if (weights->type == "int" && weights->bits == 4 && (by_group || by_row) && !inputs) {
    recipe.format = WeightFormat::kI4Group;
    recipe.options.group = by_group ? static_cast<std::uint32_t>(weights->group) : 0;
    recipe.options.symmetric = weights->symmetric;
    return recipe;
  }
  if (weights->type == "float" && weights->bits == 8 && weights->symmetric && (by_row || by_tensor) &&
      inputs) {
    QT_TRY_STATUS(check_inputs(*inputs, 8, "float", source));
    recipe.format = WeightFormat::kFp8Row;
    recipe.input = InputFormat::kFp8;
    recipe.options.per_tensor = by_tensor;
    return recipe;
  }
  return not_read(
      source, "these weights are not read",
      fmt::format("{} bits of type {}, by {}{}, inputs {}", weights->bits, printable(weights->type, 20),
                  printable(weights->strategy, 20), weights->symmetric ? "" : ", not symmetric",
                  inputs ? "quantized" : "in float"));
}

const char* compression_format(const LayerRecipe& recipe) {
  switch (recipe.format) {
    case WeightFormat::kI4Group:
      return "pack-quantized";
    case WeightFormat::kFp8Row:
      return "float-quantized";
    default:
      return "int-quantized";
  }
}

Json scheme_json(const LayerRecipe& recipe, const std::vector<std::string>& targets) {
  const auto arguments = [](int bits, const char* type, const char* strategy, bool symmetric, bool dynamic,
                            Json group, Json order) {
    return Json{{"num_bits", bits},
                {"type", type},
                {"symmetric", symmetric},
                {"strategy", strategy},
                {"group_size", group},
                {"dynamic", dynamic},
                {"actorder", order},
                {"block_structure", nullptr},
                {"observer", dynamic ? Json(nullptr) : Json("minmax")},
                {"observer_kwargs", Json::object()}};
  };
  Json weights;
  Json inputs = nullptr;
  const FormatOptions& options = recipe.options;
  if (recipe.format == WeightFormat::kI4Group) {
    const bool by_row = options.group == 0;
    weights = arguments(4, "int", by_row ? "channel" : "group", options.symmetric, false,
                        by_row ? Json(nullptr) : Json(options.group), nullptr);
  } else {
    const bool is_float = recipe.format == WeightFormat::kFp8Row;
    const char* type = is_float ? "float" : "int";
    weights = arguments(8, type, is_float && options.per_tensor ? "tensor" : "channel", true, false, nullptr,
                        nullptr);
    inputs = arguments(8, type, "token", true, true, nullptr, nullptr);
  }
  return {{"targets", targets},
          {"weights", std::move(weights)},
          {"input_activations", std::move(inputs)},
          {"output_activations", nullptr},
          {"format", compression_format(recipe)}};
}

}  // namespace quantier
