// What a Hugging Face config says, typed: the architecture of a sequence classifier and a role for each of
// its tensors.
//
// The role comes from the family's own list of tensors, never from a substring of a name: a missing, extra or
// misshapen tensor is an error. Shapes are as stored: a linear layer's weight is [out_features, in_features],
// row-major.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quantier {

enum class Family : std::uint8_t { kModernBert, kQwen2 };
enum class Pooling : std::uint8_t { kCls, kMean, kLastToken };
enum class Activation : std::uint8_t { kGelu, kSilu };  // exact (erf) GELU; SiLU

// Linear layers of one transformer layer, and of the head. Only kLayer* are quantized by default.
enum class LinearRole : std::uint8_t {
  kAttentionQkv,    // ModernBERT: [3 * hidden, hidden], rows q then k then v
  kAttentionQuery,  // Qwen2
  kAttentionKey,
  kAttentionValue,
  kAttentionOutput,
  kMlpGateUp,  // ModernBERT Wi: [2 * intermediate, hidden], first half goes through the activation, second
               // multiplies
  kMlpGate,    // Qwen2
  kMlpUp,
  kMlpDown,
  kHeadDense,   // ModernBERT head.dense: [hidden, hidden]
  kClassifier,  // [classes, hidden]
};
[[nodiscard]] const char* linear_role_name(LinearRole role);
[[nodiscard]] constexpr bool is_head(LinearRole role) {
  return role == LinearRole::kHeadDense || role == LinearRole::kClassifier;
}

enum class NormRole : std::uint8_t { kEmbedding, kAttention, kMlp, kFinal, kHead };

inline constexpr int kNoLayer = -1;  // tensors outside the stack of layers

struct LinearSpec {
  std::string name;  // short and stable: "layers.0.attention.qkv", "classifier"
  LinearRole role = LinearRole::kClassifier;
  int layer = kNoLayer;
  std::string weight;               // tensor name in the checkpoint
  std::optional<std::string> bias;  // tensor name, when the layer has one
  std::uint64_t out_features = 0;
  std::uint64_t in_features = 0;
};

struct NormSpec {
  NormRole role = NormRole::kFinal;
  int layer = kNoLayer;
  std::string weight;
  std::optional<std::string> bias;
};

struct LayerSpec {
  double rope_theta = 10000.0;
  // Keys j with |i - j| <= half_window are seen; nullopt: all (subject to causality).
  std::optional<std::uint32_t> half_window;
  bool has_attention_norm = true;  // ModernBERT's first layer has none
};

struct ModelSpec {
  Family family = Family::kModernBert;
  std::string architecture;  // "ModernBertForSequenceClassification"
  std::uint64_t hidden = 0;
  std::uint64_t intermediate = 0;
  std::uint64_t heads = 0;
  std::uint64_t kv_heads = 0;
  std::uint64_t head_dim = 0;
  std::uint64_t vocabulary = 0;
  std::uint64_t max_positions = 0;
  std::uint64_t classes = 0;
  double norm_epsilon = 1e-5;
  Activation mlp_activation = Activation::kGelu;
  Activation head_activation = Activation::kGelu;
  Pooling pooling = Pooling::kCls;
  bool causal = false;
  std::optional<std::int64_t> pad_token_id;
  std::vector<std::string> label_names;  // [classes], in id order
  std::vector<LayerSpec> layers;

  std::string embedding;            // tensor name, [vocabulary, hidden]
  std::vector<LinearSpec> linears;  // in the order of the forward pass; the head's come last
  std::vector<NormSpec> norms;      // likewise
  std::vector<std::string>
      ignored;  // tensors known to the family and not needed (a tied language-model head)
};

// Parameters that take part in the forward pass (embedding included).
struct ParameterCounts {
  std::uint64_t embedding = 0;
  std::uint64_t linear = 0;  // linear layers that recipes quantize
  std::uint64_t head = 0;
  std::uint64_t other = 0;  // norms and biases
  [[nodiscard]] std::uint64_t total() const { return embedding + linear + head + other; }
};
[[nodiscard]] ParameterCounts count_parameters(const ModelSpec& spec);

}  // namespace quantier
