#include "quantier/formats/recipe.h"

#include <array>
#include <charconv>
#include <functional>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/base/nearest_word.h"
#include "quantier/base/utf8.h"

namespace quantier {
namespace {

// One option of a recipe: its key, the values it takes, and what they do. `set` returns false for a value
// that is none of them.
struct Option {
  std::string key;
  std::string values;  // as shown
  std::function<bool(std::string_view, Recipe&)> set;
};

struct Entry {
  KnownRecipe known;
  Recipe recipe;
  std::vector<Option> options;
};

std::optional<bool> on_or_off(std::string_view value) {
  if (value == "on") return true;
  if (value == "off") return false;
  return std::nullopt;
}

// An option that is on or off, written into a field of the body.
Option flag(std::string key, std::function<void(bool, LayerRecipe&)> set) {
  return {std::move(key), "on|off", [set = std::move(set)](std::string_view value, Recipe& recipe) {
            const auto is_on = on_or_off(value);
            if (is_on) set(*is_on, recipe.body);
            return is_on.has_value();
          }};
}

Option group_option() {
  return {"group", "32|64|128|row", [](std::string_view value, Recipe& recipe) {
            for (const std::uint32_t group : {32U, 64U, 128U}) {
              if (value == std::to_string(group)) recipe.body.options.group = group;
            }
            if (value == "row") recipe.body.options.group = 0;
            return value == "row" || value == "32" || value == "64" || value == "128";
          }};
}

Option zero_option() {
  return flag("zero", [](bool is_on, LayerRecipe& body) { body.options.symmetric = !is_on; });
}

// Alone, or on|off.
Option published_option() {
  return {"published", "on|off", [](std::string_view value, Recipe& recipe) {
            const std::optional<bool> is_on = value.empty() ? true : on_or_off(value);
            if (is_on) recipe.body.published = *is_on;
            return is_on.has_value();
          }};
}

Option embedding_option() {
  return {"embedding", "int8|f16", [](std::string_view value, Recipe& recipe) {
            if (value == "int8") recipe.embedding = EmbeddingFormat::kI8Row;
            if (value == "f16") recipe.embedding = EmbeddingFormat::kF16;
            return value == "int8" || value == "f16";
          }};
}

// A recipe whose layers are quantized while head, embedding and activations are halves.
Entry quantized(const char* name, const char* summary, LayerRecipe body, std::vector<Option> options) {
  Entry entry;
  entry.known = {name, summary, {}};
  entry.recipe.body = body;
  entry.recipe.head.format = WeightFormat::kF16;
  entry.recipe.embedding = EmbeddingFormat::kF16;
  entry.recipe.rounding = ActivationRounding::kHalf;
  entry.options = std::move(options);
  entry.options.push_back(embedding_option());
  return entry;
}

Entry plain(const char* name, const char* summary, WeightFormat format, EmbeddingFormat embedding,
            ActivationRounding rounding) {
  Entry entry;
  entry.known = {name, summary, {}};
  entry.recipe.body.format = format;
  entry.recipe.head.format = format;
  entry.recipe.embedding = embedding;
  entry.recipe.rounding = rounding;
  return entry;
}

LayerRecipe layer(Method method, WeightFormat format, InputFormat input = InputFormat::kFloat,
                  FormatOptions options = {}) {
  return {.method = method, .format = format, .input = input, .options = options};
}

constexpr FormatOptions kGroup128{.group = 128};
constexpr FormatOptions kGroup128WithZeros{.group = 128, .symmetric = false};

std::vector<Entry> make_entries() {
  const auto i8 = WeightFormat::kI8Row;
  const auto i4 = WeightFormat::kI4Group;
  std::vector<Entry> entries;
  entries.push_back(plain("fp32", "single precision", WeightFormat::kF32, EmbeddingFormat::kF32,
                          ActivationRounding::kNone));
  entries.push_back(
      plain("fp16", "half precision", WeightFormat::kF16, EmbeddingFormat::kF16, ActivationRounding::kHalf));
  entries.push_back(
      plain("bf16", "bfloat16", WeightFormat::kBF16, EmbeddingFormat::kBF16, ActivationRounding::kBFloat16));
  entries.push_back(quantized("int8",
                              "LLM.int8(): int8 products, columns with large inputs in half precision",
                              layer(Method::kLlmInt8, i8, InputFormat::kI8Outliers),
                              {{"outliers", "dynamic|fixed", [](std::string_view value, Recipe& recipe) {
                                  if (value == "fixed") recipe.body.input = InputFormat::kI8FixedOutliers;
                                  if (value == "dynamic") recipe.body.input = InputFormat::kI8Outliers;
                                  return value == "fixed" || value == "dynamic";
                                }}}));
  entries.push_back(quantized("int8-rtn", "int8 weights by row and inputs by token, rounded to nearest",
                              layer(Method::kRtn, i8, InputFormat::kI8), {}));
  entries.push_back(quantized("int8-smooth", "int8 after SmoothQuant moved large inputs into the weights",
                              layer(Method::kSmoothQuant, i8, InputFormat::kI8), {}));
  entries.push_back(quantized(
      "int4", "NF4: four-bit normal-float codes in blocks of 64",
      layer(Method::kNf4, WeightFormat::kNf4Block),
      {flag("double", [](bool is_on, LayerRecipe& body) { body.options.double_quantized = is_on; })}));
  entries.push_back(quantized("int4-rtn", "four-bit integers by group, rounded to nearest",
                              layer(Method::kRtn, i4, InputFormat::kFloat, kGroup128),
                              {group_option(), zero_option()}));
  entries.push_back(
      quantized("int4-gptq", "four-bit integers by group, errors compensated (GPTQ)",
                layer(Method::kGptq, i4, InputFormat::kFloat, kGroup128WithZeros),
                {group_option(), zero_option(),
                 flag("order", [](bool is_on, LayerRecipe& body) { body.activation_order = is_on; }),
                 published_option()}));
  entries.push_back(quantized("int4-awq", "four-bit integers by group, inputs scaled first (AWQ)",
                              layer(Method::kAwq, i4, InputFormat::kFloat, kGroup128WithZeros),
                              {group_option(), zero_option(), published_option()}));
  entries.push_back(quantized(
      "int4-w4a8", "four-bit integers by group, multiplied with int8 inputs",
      layer(Method::kRtn, i4, InputFormat::kI8, kGroup128),
      {group_option(), zero_option(), {"method", "rtn|gptq", [](std::string_view value, Recipe& recipe) {
                                         if (value == "gptq") recipe.body.method = Method::kGptq;
                                         if (value == "rtn") recipe.body.method = Method::kRtn;
                                         return value == "gptq" || value == "rtn";
                                       }}}));
  entries.push_back(quantized("fp8", "E4M3 weights and inputs; on a CPU its quality only, not its speed",
                              layer(Method::kRtn, WeightFormat::kFp8Row, InputFormat::kFp8),
                              {{"scale", "row|tensor", [](std::string_view value, Recipe& recipe) {
                                  recipe.body.options.per_tensor = value == "tensor";
                                  return value == "row" || value == "tensor";
                                }}}));
  for (Entry& entry : entries) {
    for (const Option& option : entry.options) {
      entry.known.options.push_back(fmt::format("{}={}", option.key, option.values));
    }
  }
  return entries;
}

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = make_entries();
  return all;
}

Status set_option(const Entry& entry, std::string_view text, Recipe& recipe) {
  const std::string where = fmt::format("recipe {}", printable(recipe.name, 80));
  const std::size_t equals = text.find('=');
  const std::string_view key = text.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? "" : text.substr(equals + 1);
  std::vector<std::string> keys;
  for (const Option& option : entry.options) {
    if (option.key != key) {
      keys.push_back(option.key);
      continue;
    }
    if (option.set(value, recipe)) return {};
    return fail(ErrorKind::kUsage, fmt::format("\"{}\" is no value of {}", printable(value, 40), option.key),
                where, "", fmt::format("write {}={}", option.key, option.values));
  }
  return fail(ErrorKind::kUsage, fmt::format("{} has no option \"{}\"", entry.known.name, printable(key, 40)),
              where, "", keys.empty() ? "it has none" : suggestion(key, keys));
}

}  // namespace

const char* method_name(Method method) {
  constexpr std::array<const char*, 7> kNames = {"none",        "rtn",  "llm-int8", "nf4",
                                                 "smoothquant", "gptq", "awq"};
  return kNames.at(static_cast<std::size_t>(method));
}

const char* activation_rounding_name(ActivationRounding rounding) {
  constexpr std::array<const char*, 3> kNames = {"none", "half", "bfloat16"};
  return kNames.at(static_cast<std::size_t>(rounding));
}

const char* embedding_format_name(EmbeddingFormat format) {
  constexpr std::array<const char*, 4> kNames = {"f32", "f16", "bf16", "i8-row"};
  return kNames.at(static_cast<std::size_t>(format));
}

std::optional<EmbeddingFormat> embedding_format_from_name(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(EmbeddingFormat::kI8Row); ++i) {
    const auto format = static_cast<EmbeddingFormat>(i);
    if (name == embedding_format_name(format)) return format;
  }
  return std::nullopt;
}

bool LayerRecipe::is_calibrated() const {
  return method == Method::kSmoothQuant || method == Method::kGptq || method == Method::kAwq ||
         input == InputFormat::kI8FixedOutliers;
}

std::string method_text(const LayerRecipe& recipe) {
  const std::string name = method_name(recipe.method);
  const bool has_published = recipe.method == Method::kGptq || recipe.method == Method::kAwq;
  if (has_published && recipe.published) return name + " (published)";
  return recipe.method == Method::kAwq ? name + " + gptq" : name;
}

std::string format_text(const LayerRecipe& recipe) {
  std::string text = weight_format_name(recipe.format);
  const FormatOptions& options = recipe.options;
  if (recipe.format == WeightFormat::kI4Group) {
    text += options.group == 0 ? "/row" : fmt::format("/{}", options.group);
    if (!options.symmetric) text += "+zeros";
  }
  if (recipe.format == WeightFormat::kNf4Block && !options.double_quantized) text += "/f32-scales";
  if (recipe.format == WeightFormat::kFp8Row && options.per_tensor) text += "/tensor";
  // i8-row with outlier columns is what the name has always meant.
  const bool is_usual = recipe.input == InputFormat::kFloat || recipe.input == InputFormat::kI8Outliers;
  return is_usual ? text : fmt::format("{} x {}", text, input_format_name(recipe.input));
}

const std::vector<KnownRecipe>& recipe_table() {
  static const std::vector<KnownRecipe> table = [] {
    std::vector<KnownRecipe> known;
    for (const Entry& entry : entries()) known.push_back(entry.known);
    return known;
  }();
  return table;
}

std::vector<std::string> known_recipes() {
  std::vector<std::string> names;
  for (const KnownRecipe& known : recipe_table()) names.push_back(known.name);
  return names;
}

Result<Recipe> parse_recipe(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  for (const Entry& entry : entries()) {
    if (entry.known.name != name) continue;
    Recipe recipe = entry.recipe;
    recipe.name = text;
    if (colon == std::string_view::npos) return recipe;
    std::string_view rest = text.substr(colon + 1);
    while (true) {
      const std::size_t comma = rest.find(',');
      QT_TRY_STATUS(set_option(entry, rest.substr(0, comma), recipe));
      if (comma == std::string_view::npos) return recipe;
      rest = rest.substr(comma + 1);
    }
  }
  return fail(ErrorKind::kUsage, fmt::format("unknown recipe \"{}\"", printable(text, 80)), "", "",
              suggestion(name, known_recipes()));
}

}  // namespace quantier
