#include "quantier/checkpoint/random_checkpoint.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <numbers>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/base/file.h"
#include "quantier/base/half.h"
#include "quantier/base/rng.h"
#include "quantier/checkpoint/families/family.h"
#include "quantier/checkpoint/hf_config.h"
#include "quantier/checkpoint/safetensors_writer.h"

namespace quantier {
namespace {

constexpr double kStandardDeviation = 0.02;
constexpr std::size_t kPieceBytes = std::size_t{256} << 10;

void store(float value, DType dtype, std::byte* out) {
  switch (dtype) {
    case DType::kF16: {
      const std::uint16_t bits = to_half(value).bits;
      std::memcpy(out, &bits, sizeof bits);
      return;
    }
    case DType::kBF16: {
      const std::uint16_t bits = to_bfloat16(value).bits;
      std::memcpy(out, &bits, sizeof bits);
      return;
    }
    default:
      std::memcpy(out, &value, sizeof value);
  }
}

// Normal numbers around `mean`, two at a time, by Box and Muller (1958).
Status append_normal(const AppendFunction& append, Philox random, double mean, DType dtype,
                     std::uint64_t count) {
  const std::size_t element = dtype_bytes(dtype);
  std::vector<std::byte> piece;
  while (count > 0) {
    const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(count, kPieceBytes / element));
    piece.resize(take * element);
    for (std::size_t i = 0; i < take; i += 2) {
      const double radius = kStandardDeviation * std::sqrt(-2.0 * std::log(random.next_open_uniform()));
      const double angle = 2.0 * std::numbers::pi * random.next_uniform();
      store(static_cast<float>(mean + radius * std::cos(angle)), dtype, &piece[i * element]);
      if (i + 1 < take) {
        store(static_cast<float>(mean + radius * std::sin(angle)), dtype, &piece[(i + 1) * element]);
      }
    }
    QT_TRY_STATUS(append(piece));
    count -= take;
  }
  return {};
}

std::uint64_t element_count(const ExpectedTensor& tensor) {
  std::uint64_t count = 1;
  for (const std::uint64_t size : tensor.shape) count *= size;
  return count;
}

TensorToWrite random_tensor(const ExpectedTensor& tensor, std::uint64_t stream, double mean,
                            const RandomCheckpointOptions& options) {
  const std::uint64_t count = element_count(tensor);
  return {tensor.name, options.dtype, tensor.shape,
          [count, stream, mean, dtype = options.dtype, seed = options.seed](const AppendFunction& append) {
            return append_normal(append, Philox(seed, stream), mean, dtype, count);
          }};
}

Status write_text(const std::filesystem::path& path, const Json& json) {
  return write_file_atomically(path, json.dump(2) + "\n");
}

}  // namespace

RandomGeometry modernbert_base_geometry(std::uint64_t classes) {
  return {.family = Family::kModernBert,
          .hidden = 768,
          .intermediate = 1152,
          .layers = 22,
          .heads = 12,
          .kv_heads = 12,
          .vocabulary = 50368,
          .max_positions = 8192,
          .local_attention = 128,
          .global_every = 3,
          .classes = classes};
}

RandomGeometry qwen2_half_billion_geometry(std::uint64_t classes) {
  return {.family = Family::kQwen2,
          .hidden = 896,
          .intermediate = 4864,
          .layers = 24,
          .heads = 14,
          .kv_heads = 2,
          .vocabulary = 151936,
          .max_positions = 32768,
          .classes = classes};
}

Json random_checkpoint_config(const RandomGeometry& geometry, DType dtype) {
  const bool encoder = geometry.family == Family::kModernBert;
  Json config;
  config["architectures"] =
      Json::array({encoder ? "ModernBertForSequenceClassification" : "Qwen2ForSequenceClassification"});
  config["model_type"] = encoder ? "modernbert" : "qwen2";
  config["dtype"] = dtype == DType::kF16 ? "float16" : dtype == DType::kBF16 ? "bfloat16" : "float32";
  config["hidden_size"] = geometry.hidden;
  config["intermediate_size"] = geometry.intermediate;
  config["num_hidden_layers"] = geometry.layers;
  config["num_attention_heads"] = geometry.heads;
  config["vocab_size"] = geometry.vocabulary;
  config["max_position_embeddings"] = geometry.max_positions;
  config["pad_token_id"] = 0;
  Json names = Json::object();
  Json ids = Json::object();
  for (std::uint64_t id = 0; id < geometry.classes; ++id) {
    const std::string name = fmt::format("LABEL_{}", id);
    names[std::to_string(id)] = name;
    ids[name] = id;
  }
  config["id2label"] = names;
  config["label2id"] = ids;
  if (!encoder) {
    config["num_key_value_heads"] = geometry.kv_heads;
    config["hidden_act"] = "silu";
    config["rms_norm_eps"] = 1e-6;
    config["rope_parameters"] = {{"rope_theta", 1e6}, {"rope_type", "default"}};
    config["use_sliding_window"] = false;
    return config;
  }
  config["hidden_activation"] = "gelu";
  config["norm_eps"] = 1e-5;
  config["classifier_pooling"] = "mean";
  config["local_attention"] = geometry.local_attention;
  Json types = Json::array();
  for (std::uint64_t i = 0; i < geometry.layers; ++i) {
    types.push_back(i % geometry.global_every == 0 ? "full_attention" : "sliding_attention");
  }
  config["layer_types"] = types;
  config["rope_parameters"]["full_attention"] = {{"rope_theta", 160000.0}, {"rope_type", "default"}};
  config["rope_parameters"]["sliding_attention"] = {{"rope_theta", 10000.0}, {"rope_type", "default"}};
  return config;
}

Status write_random_checkpoint(const std::filesystem::path& directory, const RandomGeometry& geometry,
                               const RandomCheckpointOptions& options) {
  QT_CHECK(options.dtype == DType::kF32 || options.dtype == DType::kF16 || options.dtype == DType::kBF16,
           "random weights are F32, F16 or BF16");
  QT_CHECK(geometry.global_every > 0, "a period of global layers is at least 1");
  const Json config = random_checkpoint_config(geometry, options.dtype);
  // The reader's own checks decide whether the geometry makes sense.
  QT_TRY(const HfConfig parsed, parse_hf_config(config, "random geometry"));
  const FamilyModel model = family_model(parsed);
  std::set<std::string_view> norm_weights;
  for (const NormSpec& norm : model.spec.norms) norm_weights.insert(norm.weight);

  std::vector<std::vector<TensorToWrite>> shards(1);
  std::uint64_t shard_bytes = 0;
  std::uint64_t total_bytes = 0;
  for (std::size_t i = 0; i < model.tensors.size(); ++i) {
    const ExpectedTensor& tensor = model.tensors[i];
    if (tensor.optional) continue;
    const std::uint64_t bytes = element_count(tensor) * dtype_bytes(options.dtype);
    if (!shards.back().empty() &&
        bytes > options.max_shard_bytes - std::min(shard_bytes, options.max_shard_bytes)) {
      shards.emplace_back();
      shard_bytes = 0;
    }
    shards.back().push_back(
        random_tensor(tensor, i, norm_weights.contains(tensor.name) ? 1.0 : 0.0, options));
    shard_bytes += bytes;
    total_bytes += bytes;
  }

  QT_TRY_STATUS(create_folders(directory));
  QT_TRY_STATUS(write_text(directory / "config.json", config));
  const std::map<std::string, std::string> metadata = {{"format", "pt"}};
  if (shards.size() == 1) {
    return write_safetensors(directory / "model.safetensors", std::move(shards[0]), metadata);
  }
  Json index;
  index["metadata"]["total_size"] = total_bytes;
  for (std::size_t s = 0; s < shards.size(); ++s) {
    const std::string name = fmt::format("model-{:05}-of-{:05}.safetensors", s + 1, shards.size());
    for (const TensorToWrite& tensor : shards[s]) index["weight_map"][tensor.name] = name;
    QT_TRY_STATUS(write_safetensors(directory / name, std::move(shards[s]), metadata));
  }
  return write_text(directory / "model.safetensors.index.json", index);
}

}  // namespace quantier
