#include "quantier/checkpoint/adapter/adapter_config.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/checkpoint/adapter/adapter_kind.h"

namespace quantier {
namespace {

constexpr std::int64_t kMaxRank = 1 << 20;
constexpr std::size_t kMaxEntries = 1 << 16;  // of a list or a pattern table

class ConfigReader {
 public:
  ConfigReader(const Json& json, std::string_view source) : json_(json), source_(source) {}

  [[nodiscard]] const Json* find(const char* key) const {
    const auto found = json_.find(key);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  }
  [[nodiscard]] std::unexpected<Error> wrong_type(std::string_view key, const Json& value,
                                                  std::string_view expected) const {
    return fail(ErrorKind::kCorruptData, fmt::format("\"{}\" has the wrong type", key), std::string(source_),
                fmt::format("it is {}, expected {}", value.type_name(), expected));
  }
  [[nodiscard]] std::unexpected<Error> invalid(std::string what, std::string why) const {
    return fail(ErrorKind::kUserInput, std::move(what), std::string(source_), std::move(why));
  }

  Result<std::uint64_t> rank(std::string_view key, const Json& value) const {
    if (!value.is_number_integer()) return wrong_type(key, value, "a whole number");
    // A number beyond 63 bits is a large unsigned one.
    const bool huge =
        value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(kMaxRank);
    if (huge || value.get<std::int64_t>() < 1) {
      return invalid(fmt::format("the rank \"{}\" is {}", printable(key, 80), value.dump()),
                     fmt::format("expected 1 to {}", kMaxRank));
    }
    return value.get<std::uint64_t>();
  }
  Result<double> alpha(std::string_view key, const Json& value) const {
    if (!value.is_number()) return wrong_type(key, value, "a number");
    const auto alpha = value.get<double>();
    if (!(alpha > 0) || alpha > static_cast<double>(std::numeric_limits<float>::max())) {
      return invalid(fmt::format("the alpha \"{}\" is {}", printable(key, 80), value.dump()),
                     "expected a positive number that float can hold");
    }
    return alpha;
  }

  Result<std::vector<std::string>> names(const char* key) const {
    std::vector<std::string> out;
    const Json* value = find(key);
    if (value == nullptr) return out;
    if (!value->is_array() || value->size() > kMaxEntries) return wrong_type(key, *value, "a list of names");
    for (const Json& item : *value) {
      if (!item.is_string()) return wrong_type(key, item, "a list of names");
      out.push_back(item.get<std::string>());
      if (out.back().empty()) return invalid(fmt::format("\"{}\" holds an empty name", key), "");
    }
    return out;
  }
  Result<ModuleNames> names_or_pattern(const char* key) const {
    ModuleNames out;
    const Json* value = find(key);
    if (value != nullptr && value->is_string()) {
      out.pattern = value->get<std::string>();
      if (out.pattern->empty()) out.pattern.reset();
      return out;
    }
    QT_TRY(out.names, names(key));
    return out;
  }

  Result<std::vector<std::uint64_t>> token_ids(const char* key, const Json& list) const {
    if (!list.is_array() || list.size() > (std::size_t{1} << 22)) {
      return wrong_type(key, list, "a list of token ids");
    }
    std::vector<std::uint64_t> ids;
    ids.reserve(list.size());
    for (const Json& id : list) {
      if (!id.is_number_unsigned()) return wrong_type(key, id, "a list of token ids");
      ids.push_back(id.get<std::uint64_t>());
    }
    return ids;
  }

  template <class T, class Read>
  Result<std::vector<std::pair<std::string, T>>> table(const char* key, const Read& read) const {
    std::vector<std::pair<std::string, T>> out;
    const Json* value = find(key);
    if (value == nullptr) return out;
    if (!value->is_object() || value->size() > kMaxEntries) return wrong_type(key, *value, "an object");
    for (const auto& [pattern, item] : value->items()) {
      QT_TRY(T number, read(fmt::format("{}: {}", key, pattern), item));
      out.emplace_back(pattern, number);
    }
    return out;
  }

 private:
  const Json& json_;
  std::string_view source_;
};

Status read_targets(const ConfigReader& reader, AdapterConfig& config) {
  QT_TRY(config.targets, reader.names_or_pattern("target_modules"));
  QT_TRY(config.excluded, reader.names_or_pattern("exclude_modules"));
  std::string lower = config.targets.pattern.value_or("");
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (lower == "all-linear") {
    config.all_linear = true;
    config.targets = {};
  }
  if (const Json* layers = reader.find("layers_to_transform")) {
    const bool one = layers->is_number_integer();
    if (!one && !layers->is_array()) {
      return reader.wrong_type("layers_to_transform", *layers, "a layer or a list of layers");
    }
    const auto add = [&](const Json& layer) -> Status {
      if (!layer.is_number_unsigned())
        return reader.wrong_type("layers_to_transform", layer, "layer numbers");
      config.layers.push_back(layer.get<std::int64_t>());
      return {};
    };
    if (one) QT_TRY_STATUS(add(*layers));
    if (!one) {
      for (const Json& layer : *layers) QT_TRY_STATUS(add(layer));
    }
  }
  const Json* pattern = reader.find("layers_pattern");
  if (pattern != nullptr && pattern->is_string()) {
    if (!pattern->get_ref<const std::string&>().empty())
      config.layers_pattern = {pattern->get<std::string>()};
  } else {
    QT_TRY(config.layers_pattern, reader.names("layers_pattern"));
  }
  if (config.targets.pattern && !config.layers.empty()) {
    return reader.invalid("\"layers_to_transform\" goes with a list in \"target_modules\"",
                          "\"target_modules\" is a regular expression");
  }
  return {};
}

Status read_trained_tokens(const ConfigReader& reader, AdapterConfig& config) {
  const Json* value = reader.find("trainable_token_indices");
  if (value == nullptr) return {};
  if (value->is_object()) {
    for (const auto& [name, list] : value->items()) {
      QT_TRY(auto ids, reader.token_ids("trainable_token_indices", list));
      config.trained_tokens.emplace_back(name, std::move(ids));
    }
    return {};
  }
  QT_TRY(auto ids, reader.token_ids("trainable_token_indices", *value));
  config.trained_tokens.emplace_back("", std::move(ids));
  return {};
}

}  // namespace

Result<AdapterConfig> parse_adapter_config(const Json& json, std::string_view source) {
  QT_TRY_STATUS(check_adapter_kind(json, source));
  const ConfigReader reader(json, source);
  AdapterConfig config;
  if (const Json* rank = reader.find("r")) {
    QT_TRY(config.rank, reader.rank("r", *rank));
  }
  if (const Json* alpha = reader.find("lora_alpha")) {
    QT_TRY(config.alpha, reader.alpha("lora_alpha", *alpha));
  }
  QT_TRY(const auto rank_stabilized, json_find<bool>(json, "use_rslora", source));
  config.rank_stabilized = rank_stabilized.value_or(false);
  QT_TRY(config.rank_pattern,
         reader.table<std::uint64_t>("rank_pattern",
                                     [&](const auto& key, const Json& v) { return reader.rank(key, v); }));
  QT_TRY(config.alpha_pattern, reader.table<double>("alpha_pattern", [&](const auto& key, const Json& v) {
    return reader.alpha(key, v);
  }));
  QT_TRY_STATUS(read_targets(reader, config));
  QT_TRY(config.saved_modules, reader.names("modules_to_save"));
  QT_TRY_STATUS(read_trained_tokens(reader, config));

  QT_TRY(const auto bias, json_find<std::string>(json, "bias", source));
  const std::string kind = bias.value_or("none");
  if (kind != "none" && kind != "all" && kind != "lora_only") {
    return reader.invalid(fmt::format("\"bias\" is \"{}\"", printable(kind, 40)),
                          "expected none, all or lora_only");
  }
  if (kind == "all") config.bias = AdapterBias::kAll;
  if (kind == "lora_only") config.bias = AdapterBias::kLoraOnly;
  QT_TRY(config.base_name, json_find<std::string>(json, "base_model_name_or_path", source));
  if (config.base_name && config.base_name->empty()) config.base_name.reset();
  QT_TRY(config.revision, json_find<std::string>(json, "revision", source));
  QT_TRY(const auto task, json_find<std::string>(json, "task_type", source));
  config.for_classification = task == "SEQ_CLS";
  return config;
}

}  // namespace quantier
