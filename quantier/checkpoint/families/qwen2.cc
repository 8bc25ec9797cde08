// Qwen2. Source: Yang et al. 2024, "Qwen2 Technical Report"; tensor names and order of the forward pass from
// modeling_qwen2.py and modeling_layers.py of transformers 5.23.
#include <fmt/format.h>

#include "quantier/checkpoint/families/family.h"

namespace quantier {

FamilyModel qwen2_model(const HfConfig& config) {
  const ModelSpec& spec = config.spec;
  const std::uint64_t query_size = spec.heads * spec.head_dim;
  const std::uint64_t key_size = spec.kv_heads * spec.head_dim;
  FamilyBuilder builder(config);
  builder.embedding("model.embed_tokens.weight");
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const int layer = static_cast<int>(i);
    const std::string path = fmt::format("model.layers.{}.", i);
    const std::string name = fmt::format("layers.{}.", i);
    builder.norm(NormRole::kAttention, layer, path + "input_layernorm", false);
    builder.linear(name + "attention.query", LinearRole::kAttentionQuery, layer, path + "self_attn.q_proj",
                   query_size, spec.hidden, true);
    builder.linear(name + "attention.key", LinearRole::kAttentionKey, layer, path + "self_attn.k_proj",
                   key_size, spec.hidden, true);
    builder.linear(name + "attention.value", LinearRole::kAttentionValue, layer, path + "self_attn.v_proj",
                   key_size, spec.hidden, true);
    builder.linear(name + "attention.output", LinearRole::kAttentionOutput, layer, path + "self_attn.o_proj",
                   spec.hidden, query_size, false);
    builder.norm(NormRole::kMlp, layer, path + "post_attention_layernorm", false);
    builder.linear(name + "mlp.gate", LinearRole::kMlpGate, layer, path + "mlp.gate_proj", spec.intermediate,
                   spec.hidden, false);
    builder.linear(name + "mlp.up", LinearRole::kMlpUp, layer, path + "mlp.up_proj", spec.intermediate,
                   spec.hidden, false);
    builder.linear(name + "mlp.down", LinearRole::kMlpDown, layer, path + "mlp.down_proj", spec.hidden,
                   spec.intermediate, false);
    // A table that transformers once stored and now computes.
    builder.ignorable(path + "self_attn.rotary_emb.inv_freq", {spec.head_dim / 2});
  }
  builder.norm(NormRole::kFinal, kNoLayer, "model.norm", false);
  builder.linear("classifier", LinearRole::kClassifier, kNoLayer, "score", spec.classes, spec.hidden, false);
  builder.ignorable("lm_head.weight", {spec.vocabulary, spec.hidden});
  return builder.finish();
}

}  // namespace quantier
