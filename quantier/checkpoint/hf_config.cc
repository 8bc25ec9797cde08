#include "quantier/checkpoint/hf_config.h"

#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace quantier {
namespace {

constexpr std::int64_t kMaxDimension = std::int64_t{1} << 24;  // products of two never overflow
constexpr std::int64_t kMaxLayers = 4096;
constexpr const char* kFull = "full_attention";
constexpr const char* kSliding = "sliding_attention";

class Reader {
 public:
  Reader(const Json& json, std::string_view source) : json_(json), source_(source) {}

  Result<std::uint64_t> size(std::string_view key, std::int64_t most = kMaxDimension) const {
    QT_TRY(const std::int64_t value, json_get<std::int64_t>(json_, key, source_));
    return in_range(key, value, most);
  }
  Result<std::optional<std::uint64_t>> optional_size(std::string_view key) const {
    QT_TRY(const std::optional<std::int64_t> value, json_find<std::int64_t>(json_, key, source_));
    if (!value) return std::nullopt;
    QT_TRY(const std::uint64_t checked, in_range(key, *value, kMaxDimension));
    return checked;
  }
  Result<bool> flag(std::string_view key) const {
    QT_TRY(const std::optional<bool> value, json_find<bool>(json_, key, source_));
    return value.value_or(false);
  }
  Result<double> positive(std::string_view key, double fallback) const {
    QT_TRY(const std::optional<double> value, json_find<double>(json_, key, source_));
    if (value && !(*value > 0 && std::isfinite(*value))) {
      return invalid(fmt::format("\"{}\" is {}", key, *value), "expected a positive number");
    }
    return value.value_or(fallback);
  }
  Result<Activation> activation(std::string_view key, const std::string& fallback) const {
    QT_TRY(const std::optional<std::string> name, json_find<std::string>(json_, key, source_));
    const std::string chosen = name.value_or(fallback);
    if (chosen == "gelu") return Activation::kGelu;
    if (chosen == "silu" || chosen == "swish") return Activation::kSilu;
    return unsupported(fmt::format("\"{}\": \"{}\" is not supported", key, chosen), "supported: gelu, silu");
  }
  [[nodiscard]] const Json* find(const char* key) const {
    const auto found = json_.find(key);
    return found == json_.end() ? nullptr : &*found;
  }
  [[nodiscard]] bool present(const char* key) const {
    const Json* value = find(key);
    return value != nullptr && !value->is_null();
  }
  [[nodiscard]] std::unexpected<Error> invalid(std::string what, std::string why) const {
    return fail(ErrorKind::kUserInput, std::move(what), std::string(source_), std::move(why));
  }
  [[nodiscard]] std::unexpected<Error> unsupported(std::string what, std::string why,
                                                   std::string hint = {}) const {
    return fail(ErrorKind::kUnsupported, std::move(what), std::string(source_), std::move(why),
                std::move(hint));
  }
  [[nodiscard]] const Json& json() const { return json_; }
  [[nodiscard]] std::string_view source() const { return source_; }

 private:
  Result<std::uint64_t> in_range(std::string_view key, std::int64_t value, std::int64_t most) const {
    if (value < 1 || value > most) {
      return invalid(fmt::format("\"{}\" is {}", key, value), fmt::format("expected 1 to {}", most));
    }
    return static_cast<std::uint64_t>(value);
  }

  const Json& json_;
  std::string_view source_;
};

// rope_type, or type as it was spelled before: only "default" is implemented.
Status check_rope_type(const Reader& config, const Json& parameters, const char* key) {
  for (const char* type_key : {"rope_type", "type"}) {
    QT_TRY(const std::optional<std::string> type,
           json_find<std::string>(parameters, type_key, fmt::format("{}, {}", config.source(), key)));
    if (type && *type != "default") {
      return config.unsupported(fmt::format("rope_type \"{}\" is not supported", *type),
                                fmt::format("\"{}\" asks for it; only \"default\" is implemented", key));
    }
  }
  // A factor without a type is a scaling all the same.
  if (parameters.contains("factor")) {
    return config.unsupported("scaled rotary embeddings are not supported",
                              fmt::format("\"{}\" has a factor", key));
  }
  return {};
}

Status check_rope_scaling(const Reader& config) {
  if (!config.present("rope_scaling")) return {};
  return check_rope_type(config, *config.find("rope_scaling"), "rope_scaling");
}

Result<std::optional<double>> theta_in(const Reader& config, const Json& parameters, const char* key) {
  QT_TRY_STATUS(check_rope_type(config, parameters, key));
  const std::string source = fmt::format("{}, {}", config.source(), key);
  QT_TRY(const std::optional<double> theta, json_find<double>(parameters, "rope_theta", source));
  if (theta && !(*theta > 0 && std::isfinite(*theta))) {
    return fail(ErrorKind::kUserInput, fmt::format("\"rope_theta\" is {}", *theta), source,
                "expected a positive number");
  }
  // Only part of each head would be rotated.
  QT_TRY(const std::optional<double> partial, json_find<double>(parameters, "partial_rotary_factor", source));
  if (partial && !(*partial == 1.0)) {
    return config.unsupported("partial_rotary_factor is not supported", fmt::format("it is {}", *partial));
  }
  return theta;
}

// The value of transformers 5 if there is one, else that of 4, else the family's default; both must agree.
Result<double> agreed_theta(const Reader& config, std::optional<double> new_theta, const char* old_key,
                            double fallback) {
  QT_TRY(const double old_theta, config.positive(old_key, new_theta.value_or(fallback)));
  if (new_theta && !(old_theta == *new_theta)) {
    return config.invalid(fmt::format("\"{}\" and \"rope_parameters\" contradict each other", old_key),
                          fmt::format("{} and {}", old_theta, *new_theta));
  }
  return old_theta;
}

Result<std::optional<std::vector<bool>>> sliding_layers(const Reader& config, std::size_t layers) {
  if (!config.present("layer_types")) return std::nullopt;
  const Json& types = *config.find("layer_types");
  if (!types.is_array() || types.size() != layers) {
    return config.invalid("\"layer_types\" cannot be used",
                          fmt::format("expected a list of {} names, one for each layer", layers));
  }
  std::vector<bool> sliding;
  for (const Json& type : types) {
    if (type != kFull && type != kSliding) {
      return config.unsupported(
          "an attention type is not supported",
          fmt::format("\"layer_types\" has {}; supported: {}, {}", type.dump(), kFull, kSliding));
    }
    sliding.push_back(type == kSliding);
  }
  return sliding;
}

Status read_modernbert_layers(const Reader& config, std::size_t layers, ModelSpec& spec) {
  QT_TRY(const std::uint64_t window, [&]() -> Result<std::uint64_t> {
    QT_TRY(const auto given, config.optional_size("local_attention"));
    return given.value_or(128);
  }());
  QT_TRY(const auto every, config.optional_size("global_attn_every_n_layers"));
  QT_TRY(const auto listed, sliding_layers(config, layers));

  std::optional<double> full_theta;
  std::optional<double> sliding_theta;
  if (config.present("rope_parameters")) {
    const Json& parameters = *config.find("rope_parameters");
    if (!parameters.is_object() || parameters.contains("rope_theta") || parameters.contains("rope_type")) {
      return config.invalid("\"rope_parameters\" cannot be used",
                            fmt::format("ModernBERT needs one entry each for {} and {}", kFull, kSliding));
    }
    if (const auto found = parameters.find(kFull); found != parameters.end() && !found->is_null()) {
      QT_TRY(full_theta, theta_in(config, *found, "rope_parameters.full_attention"));
    }
    if (const auto found = parameters.find(kSliding); found != parameters.end() && !found->is_null()) {
      QT_TRY(sliding_theta, theta_in(config, *found, "rope_parameters.sliding_attention"));
    }
  }
  QT_TRY(const double global, agreed_theta(config, full_theta, "global_rope_theta", 160000.0));
  // In transformers 4 a local_rope_theta of null means "as the global one"; absent means 10000.
  const Json* old_local = config.find("local_rope_theta");
  const double local_default = old_local != nullptr && old_local->is_null() ? global : 10000.0;
  QT_TRY(const double local, agreed_theta(config, sliding_theta, "local_rope_theta", local_default));

  for (std::size_t i = 0; i < layers; ++i) {
    const bool by_period = i % every.value_or(3) != 0;
    const bool sliding = listed ? (*listed)[i] : by_period;
    LayerSpec layer;
    layer.rope_theta = sliding ? local : global;
    // local_attention counts both sides, so half of it is seen on each.
    if (sliding) layer.half_window = static_cast<std::uint32_t>(window / 2);
    layer.has_attention_norm = i != 0;  // the embedding's norm stands directly before the first layer
    spec.layers.push_back(layer);
  }
  return {};
}

Status read_modernbert(const Reader& config, std::size_t layers, HfConfig& out) {
  ModelSpec& spec = out.spec;
  spec.family = Family::kModernBert;
  spec.kv_heads = spec.heads;
  spec.causal = false;
  if (spec.hidden % spec.heads != 0) {
    return config.invalid("\"hidden_size\" and \"num_attention_heads\" do not fit together",
                          fmt::format("{} is not a multiple of {}", spec.hidden, spec.heads));
  }
  spec.head_dim = spec.hidden / spec.heads;
  QT_TRY(const auto head_dim, config.optional_size("head_dim"));
  if (head_dim.value_or(spec.head_dim) != spec.head_dim) {
    return config.unsupported(
        fmt::format("\"head_dim\": {} is not supported", *head_dim),
        fmt::format("ModernBERT has hidden_size / num_attention_heads = {}", spec.head_dim));
  }
  QT_TRY(spec.norm_epsilon, config.positive("norm_eps", 1e-5));
  QT_TRY(spec.mlp_activation, config.activation("hidden_activation", "gelu"));
  QT_TRY(spec.head_activation, config.activation("classifier_activation", "gelu"));
  QT_TRY(out.attention_bias, config.flag("attention_bias"));
  QT_TRY(out.mlp_bias, config.flag("mlp_bias"));
  QT_TRY(out.norm_bias, config.flag("norm_bias"));
  QT_TRY(out.head_bias, config.flag("classifier_bias"));

  QT_TRY(const std::optional<std::string> pooling,
         json_find<std::string>(config.json(), "classifier_pooling", config.source()));
  const std::string chosen = pooling.value_or("cls");
  if (chosen != "cls" && chosen != "mean") {
    return config.unsupported(fmt::format("\"classifier_pooling\": \"{}\" is not supported", chosen),
                              "supported: cls, mean");
  }
  spec.pooling = chosen == "cls" ? Pooling::kCls : Pooling::kMean;
  return read_modernbert_layers(config, layers, spec);
}

Status read_qwen2(const Reader& config, std::size_t layers, HfConfig& out) {
  ModelSpec& spec = out.spec;
  spec.family = Family::kQwen2;
  spec.causal = true;
  spec.pooling = Pooling::kLastToken;
  QT_TRY(const bool windowed, config.flag("use_sliding_window"));
  QT_TRY(const auto listed, sliding_layers(config, layers));
  bool any_sliding = windowed;
  if (listed) {
    for (const bool sliding : *listed) any_sliding = any_sliding || sliding;
  }
  if (any_sliding) {
    return config.unsupported("\"use_sliding_window\": true is not supported for Qwen2",
                              "every layer must see all earlier tokens");
  }
  QT_TRY(const auto kv_heads, config.optional_size("num_key_value_heads"));
  spec.kv_heads = kv_heads.value_or(spec.heads);
  if (spec.heads % spec.kv_heads != 0) {
    return config.invalid("\"num_attention_heads\" and \"num_key_value_heads\" do not fit together",
                          fmt::format("{} is not a multiple of {}", spec.heads, spec.kv_heads));
  }
  QT_TRY(const auto head_dim, config.optional_size("head_dim"));
  if (!head_dim && spec.hidden % spec.heads != 0) {
    return config.invalid("\"hidden_size\" and \"num_attention_heads\" do not fit together",
                          fmt::format("{} is not a multiple of {}", spec.hidden, spec.heads));
  }
  spec.head_dim = head_dim.value_or(spec.hidden / spec.heads);
  QT_TRY(spec.norm_epsilon, config.positive("rms_norm_eps", 1e-6));
  QT_TRY(spec.mlp_activation, config.activation("hidden_act", "silu"));

  std::optional<double> new_theta;
  if (config.present("rope_parameters")) {
    const Json& parameters = *config.find("rope_parameters");
    if (parameters.is_object() && (parameters.contains(kFull) || parameters.contains(kSliding))) {
      return config.unsupported("\"rope_parameters\" for each attention type are not supported for Qwen2",
                                "expected one rope_theta for all layers");
    }
    QT_TRY(new_theta, theta_in(config, parameters, "rope_parameters"));
  }
  QT_TRY(const double theta, agreed_theta(config, new_theta, "rope_theta", 10000.0));
  spec.layers.assign(layers, LayerSpec{theta, std::nullopt, true});
  return {};
}

constexpr const char* kSupported =
    "supported: ModernBertForSequenceClassification, Qwen2ForSequenceClassification";

// The sequence classifier of the family that a pretrained architecture belongs to.
std::optional<std::string> classifier_on(std::string_view architecture) {
  if (architecture == "ModernBertForMaskedLM" || architecture == "ModernBertModel") {
    return "ModernBertForSequenceClassification";
  }
  if (architecture == "Qwen2ForCausalLM" || architecture == "Qwen2Model") {
    return "Qwen2ForSequenceClassification";
  }
  return std::nullopt;
}

Result<std::string> read_architecture(const Reader& config, bool adapted) {
  const Json* list = config.find("architectures");
  QT_TRY(const std::optional<std::string> type,
         json_find<std::string>(config.json(), "model_type", config.source()));
  if (list == nullptr || !list->is_array() || list->size() != 1 || !list->front().is_string()) {
    // A config that was saved without its model names the family only.
    const bool absent = list == nullptr || list->is_null();
    if (adapted && absent && type == "modernbert") return "ModernBertForSequenceClassification";
    if (adapted && absent && type == "qwen2") return "Qwen2ForSequenceClassification";
    return config.unsupported("the architecture is not named",
                              fmt::format("\"architectures\" does not hold one name (model_type is {}); {}",
                                          type.value_or("absent"), kSupported),
                              "save the fine-tuned classifier with save_pretrained");
  }
  auto name = list->front().get<std::string>();
  if (adapted) name = classifier_on(name).value_or(name);
  if (name != "ModernBertForSequenceClassification" && name != "Qwen2ForSequenceClassification") {
    return config.unsupported(fmt::format("architecture {} is not supported", name), kSupported);
  }
  const std::string expected_type = name.starts_with("Modern") ? "modernbert" : "qwen2";
  if (type.value_or(expected_type) != expected_type) {
    return config.invalid("\"architectures\" and \"model_type\" contradict each other",
                          fmt::format("{} and {}", name, *type));
  }
  return name;
}

Status refuse_what_is_not_offered(const Reader& config, const HeadElsewhere* head) {
  if (config.present("quantization_config") && head != nullptr && !head->of_adapter) {
    return config.unsupported("the base of an adapter is already quantized",
                              "\"quantization_config\" is present",
                              "start from the full-precision checkpoint");
  }
  QT_TRY(const std::optional<std::string> problem,
         json_find<std::string>(config.json(), "problem_type", config.source()));
  if (problem && *problem != "single_label_classification") {
    return config.unsupported(fmt::format("\"problem_type\": \"{}\" is not supported", *problem),
                              "supported: single_label_classification");
  }
  return check_rope_scaling(config);
}

Result<HfConfig> parse(const Json& json, std::string_view source, const HeadElsewhere* head) {
  if (!json.is_object()) {
    return fail(ErrorKind::kCorruptData, "config.json is not a JSON object", std::string(source));
  }
  const Reader config(json, source);
  HfConfig out;
  if (head == nullptr && config.present("quantization_config")) {
    QT_TRY(out.quantization, parse_quantization(json["quantization_config"], source));
  }
  ModelSpec& spec = out.spec;
  QT_TRY(spec.architecture, read_architecture(config, head != nullptr));
  QT_TRY_STATUS(refuse_what_is_not_offered(config, head));
  QT_TRY(spec.hidden, config.size("hidden_size"));
  QT_TRY(spec.intermediate, config.size("intermediate_size"));
  QT_TRY(spec.heads, config.size("num_attention_heads"));
  QT_TRY(spec.vocabulary, config.size("vocab_size"));
  QT_TRY(spec.max_positions, config.size("max_position_embeddings"));
  QT_TRY(const std::uint64_t layers, config.size("num_hidden_layers", kMaxLayers));
  QT_TRY(spec.pad_token_id, json_find<std::int64_t>(json, "pad_token_id", source));
  if (spec.pad_token_id &&
      (*spec.pad_token_id < 0 || static_cast<std::uint64_t>(*spec.pad_token_id) >= spec.vocabulary)) {
    return config.invalid(fmt::format("\"pad_token_id\" is {}", *spec.pad_token_id),
                          fmt::format("the vocabulary has {} tokens", spec.vocabulary));
  }
  if (spec.architecture.starts_with("Modern")) {
    QT_TRY_STATUS(read_modernbert(config, layers, out));
  } else {
    QT_TRY_STATUS(read_qwen2(config, layers, out));
  }
  if (spec.head_dim % 2 != 0) {
    return config.invalid(fmt::format("the head dimension is {}", spec.head_dim),
                          "rotary embeddings turn pairs of numbers: it must be even");
  }
  QT_TRY(spec.label_names,
         head == nullptr ? parse_label_names(json, source) : parse_adapted_label_names(json, source, *head));
  spec.classes = spec.label_names.size();
  if (spec.classes < 2) {
    return config.unsupported("a model with one output is not supported",
                              "it is a regression; a classifier has at least 2 classes");
  }
  return out;
}

}  // namespace

Result<StoredQuantization> parse_quantization(const Json& json, std::string_view source) {
  if (!json.is_object()) {
    return fail(ErrorKind::kCorruptData, "\"quantization_config\" is not a JSON object", std::string(source));
  }
  QT_TRY(const std::optional<std::string> method, json_find<std::string>(json, "quant_method", source));
  if (!method) {
    return fail(ErrorKind::kUnsupported, "the checkpoint is already quantized, and does not say how",
                std::string(source), "\"quantization_config\" has no \"quant_method\"",
                "save it again with a current version of the program that quantized it");
  }
  return StoredQuantization{*method, json};
}

Result<HfConfig> parse_hf_config(const Json& json, std::string_view source) {
  return parse(json, source, nullptr);
}

Result<HfConfig> parse_adapted_hf_config(const Json& json, std::string_view source,
                                         const HeadElsewhere& head) {
  return parse(json, source, &head);
}

}  // namespace quantier
