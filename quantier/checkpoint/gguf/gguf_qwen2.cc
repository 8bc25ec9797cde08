#include "quantier/checkpoint/gguf/gguf_qwen2.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/base/utf8.h"

namespace quantier {
namespace {

const char* linear_name(LinearRole role) {
  switch (role) {
    case LinearRole::kAttentionQuery:
      return "attn_q";
    case LinearRole::kAttentionKey:
      return "attn_k";
    case LinearRole::kAttentionValue:
      return "attn_v";
    case LinearRole::kAttentionOutput:
      return "attn_output";
    case LinearRole::kMlpGate:
      return "ffn_gate";
    case LinearRole::kMlpUp:
      return "ffn_up";
    case LinearRole::kMlpDown:
      return "ffn_down";
    case LinearRole::kClassifier:
      return "cls.output";
    default:
      QT_CHECK(false, "Qwen2 has no other linear layers");
  }
}

const char* norm_name(NormRole role) {
  switch (role) {
    case NormRole::kAttention:
      return "attn_norm";
    case NormRole::kMlp:
      return "ffn_norm";
    case NormRole::kFinal:
      return "output_norm";
    default:
      QT_CHECK(false, "Qwen2 has no other norms");
  }
}

std::string placed(int layer, const char* name) {
  return layer == kNoLayer ? std::string(name) : fmt::format("blk.{}.{}", layer, name);
}

class Metadata {
 public:
  Metadata(const GgufHeader& header, std::string_view source) : header_(header), source_(source) {}

  Result<std::uint64_t> size(const std::string& key) const {
    QT_TRY(const std::optional<std::uint64_t> value, optional_size(key));
    if (!value) return fail(ErrorKind::kUserInput, fmt::format("{} is missing", key), where());
    return *value;
  }
  Result<std::optional<std::uint64_t>> optional_size(const std::string& key) const {
    const GgufValue* value = header_.find(key);
    if (value == nullptr) return std::nullopt;
    const std::optional<std::uint64_t> number = value->as_unsigned();
    // What does not fit is also beyond what parse_hf_config takes.
    if (!number || *number > INT64_MAX) return wrong(key, "a whole number from 0 up", *value);
    return number;
  }
  Result<std::optional<double>> optional_number(const std::string& key) const {
    const GgufValue* value = header_.find(key);
    if (value == nullptr) return std::nullopt;
    if (const std::optional<double> number = value->as_number()) return number;
    return wrong(key, "a floating-point number", *value);
  }
  Result<std::optional<std::string_view>> optional_text(const std::string& key) const {
    const GgufValue* value = header_.find(key);
    if (value == nullptr) return std::nullopt;
    if (const std::optional<std::string_view> text = value->as_string()) return text;
    return wrong(key, "a string", *value);
  }
  [[nodiscard]] bool has(std::string_view key) const { return header_.find(key) != nullptr; }
  [[nodiscard]] const GgufHeader& header() const { return header_; }
  [[nodiscard]] std::string where() const { return fmt::format("{}, metadata", source_); }
  [[nodiscard]] std::unexpected<Error> wrong(std::string_view key, const char* expected,
                                             const GgufValue& value) const {
    return fail(ErrorKind::kUserInput, fmt::format("{} cannot be used", key), where(),
                fmt::format("{} is expected, its type is {}", expected, gguf_type_name(value.type)));
  }
  [[nodiscard]] std::unexpected<Error> unsupported(std::string what, std::string why = {}) const {
    return fail(ErrorKind::kUnsupported, std::move(what), where(), std::move(why));
  }

 private:
  const GgufHeader& header_;
  std::string_view source_;
};

Status refuse_what_changes_the_numbers(const Metadata& metadata) {
  QT_TRY(const auto splits, metadata.optional_size("split.count"));
  if (splits.value_or(1) > 1) {
    return metadata.unsupported("models split over several GGUF files are not read",
                                fmt::format("split.count is {}", *splits));
  }
  QT_TRY(const auto scaling, metadata.optional_text("qwen2.rope.scaling.type"));
  if (scaling.value_or("none") != "none" || metadata.has("qwen2.rope.scaling.factor")) {
    return metadata.unsupported("scaled rotary embeddings are not supported",
                                "qwen2.rope.scaling.type or .factor asks for it");
  }
  for (const char* key : {"qwen2.attention.sliding_window", "qwen2.attention.causal"}) {
    if (metadata.has(key)) {
      return metadata.unsupported(fmt::format("{} is not supported", key),
                                  "every layer must see all earlier tokens and no later ones");
    }
  }
  QT_TRY(const auto pooling, metadata.optional_size("qwen2.pooling_type"));
  if (pooling && *pooling != kGgufPoolingLast && *pooling != kGgufPoolingRank) {
    return metadata.unsupported(fmt::format("pooling type {} is not supported", *pooling),
                                fmt::format("supported: {} (last token), {} (classification head on it)",
                                            kGgufPoolingLast, kGgufPoolingRank));
  }
  return {};
}

// Of the token table, whose rows are tokens: the metadata need not count them.
Result<std::uint64_t> vocabulary_size(const Metadata& metadata) {
  const auto& tensors = metadata.header().tensors;
  const auto found = std::ranges::find(tensors, std::string_view("token_embd.weight"), &GgufTensor::name);
  if (found == tensors.end() || found->shape.size() != 2) {
    return fail(ErrorKind::kCorruptData, "a tensor is missing", metadata.where(),
                "there is no matrix token_embd.weight");
  }
  return std::min<std::uint64_t>(found->shape[0], INT64_MAX);
}

Result<Json> labels(const Metadata& metadata) {
  const GgufValue* value = metadata.header().find(kGgufLabelsKey);
  if (value == nullptr) {
    return fail(ErrorKind::kUserInput, "the file does not name the classes", metadata.where(),
                fmt::format("{} is missing", kGgufLabelsKey),
                "export the classifier again; names of classes are never guessed");
  }
  if (value->type != GgufType::kArray || value->element != GgufType::kString) {
    return metadata.wrong(kGgufLabelsKey, "an array of strings", *value);
  }
  Json names = Json::object();
  std::set<std::string_view> seen;
  std::string problem;
  if (value->count > kMaxGgufEntries) problem = fmt::format("it names {} classes", value->count);
  value->for_each([&](const GgufValue& element) {
    const std::string_view name = *element.as_string();
    if (find_invalid_utf8(name)) problem = fmt::format("\"{}\" is not UTF-8", printable(name));
    if (!seen.insert(name).second) problem = fmt::format("two classes are called \"{}\"", printable(name));
    // Straight to the end: an ordered object would look for each key among all before it.
    names.get_ref<Json::object_t&>().emplace_back(std::to_string(seen.size() - 1), std::string(name));
    return problem.empty();
  });
  if (!problem.empty()) {
    return fail(ErrorKind::kUserInput, fmt::format("{} cannot be used", kGgufLabelsKey), metadata.where(),
                std::move(problem));
  }
  return names;
}

// Head sizes are written where they do not follow from the others.
Result<std::optional<std::uint64_t>> head_dimension(const Metadata& metadata) {
  std::optional<std::uint64_t> agreed;
  for (const char* key :
       {"qwen2.attention.key_length", "qwen2.attention.value_length", "qwen2.rope.dimension_count"}) {
    QT_TRY(const auto given, metadata.optional_size(key));
    if (given && agreed && *given != *agreed) {
      return metadata.unsupported(fmt::format("{} is {}", key, *given),
                                  fmt::format("the other sizes of a head are {}", *agreed));
    }
    if (given) agreed = given;
  }
  return agreed;
}

}  // namespace

std::vector<GgufName> qwen2_gguf_names(const ModelSpec& spec) {
  QT_CHECK(spec.family == Family::kQwen2, "these are the names of Qwen2");
  std::vector<std::pair<int, GgufName>> placed_names;
  const auto add = [&](int layer, const std::string& tensor, const char* name, const char* suffix) {
    placed_names.push_back({layer, {tensor, placed(layer, name) + suffix}});
  };
  for (const NormSpec& norm : spec.norms) add(norm.layer, norm.weight, norm_name(norm.role), ".weight");
  for (const LinearSpec& linear : spec.linears) {
    add(linear.layer, linear.weight, linear_name(linear.role), ".weight");
    if (linear.bias) add(linear.layer, *linear.bias, linear_name(linear.role), ".bias");
  }
  // Layer by layer; what stands outside comes last.
  std::ranges::stable_sort(placed_names, {}, [](const auto& item) {
    return item.first == kNoLayer ? std::numeric_limits<int>::max() : item.first;
  });
  std::vector<GgufName> names{{spec.embedding, "token_embd.weight"}};
  for (auto& [layer, name] : placed_names) names.push_back(std::move(name));
  return names;
}

Result<Json> qwen2_config_of(const GgufHeader& header, std::string_view source) {
  const Metadata metadata(header, source);
  QT_TRY(const auto architecture, metadata.optional_text("general.architecture"));
  if (architecture.value_or("") != "qwen2") {
    return metadata.unsupported(
        architecture ? fmt::format("architecture {} is not read from GGUF", printable(*architecture))
                     : std::string("general.architecture is missing"),
        "supported: qwen2, with a classification head");
  }
  QT_TRY_STATUS(refuse_what_changes_the_numbers(metadata));
  Json config{{"architectures", {"Qwen2ForSequenceClassification"}}, {"model_type", "qwen2"}};
  QT_TRY(config["num_hidden_layers"], metadata.size("qwen2.block_count"));
  QT_TRY(config["hidden_size"], metadata.size("qwen2.embedding_length"));
  QT_TRY(config["intermediate_size"], metadata.size("qwen2.feed_forward_length"));
  QT_TRY(config["max_position_embeddings"], metadata.size("qwen2.context_length"));
  QT_TRY(config["num_attention_heads"], metadata.size("qwen2.attention.head_count"));
  QT_TRY(const auto kv_heads, metadata.optional_size("qwen2.attention.head_count_kv"));
  if (kv_heads) config["num_key_value_heads"] = *kv_heads;
  QT_TRY(const auto head_dim, head_dimension(metadata));
  if (head_dim) config["head_dim"] = *head_dim;
  QT_TRY(const auto epsilon, metadata.optional_number("qwen2.attention.layer_norm_rms_epsilon"));
  if (!epsilon) {
    return fail(ErrorKind::kUserInput, "qwen2.attention.layer_norm_rms_epsilon is missing", metadata.where());
  }
  config["rms_norm_eps"] = *epsilon;
  QT_TRY(const auto theta, metadata.optional_number("qwen2.rope.freq_base"));
  if (theta) config["rope_theta"] = *theta;
  QT_TRY(config["vocab_size"], vocabulary_size(metadata));
  QT_TRY(const auto padding, metadata.optional_size("tokenizer.ggml.padding_token_id"));
  if (padding) config["pad_token_id"] = *padding;
  QT_TRY(config["id2label"], labels(metadata));
  return config;
}

}  // namespace quantier
