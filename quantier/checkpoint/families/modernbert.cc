// ModernBERT. Source: Warner et al. 2024, "Smarter, Better, Faster, Longer"; tensor names and order of the
// forward pass from modeling_modernbert.py of transformers 5.23.
#include <fmt/format.h>

#include "quantier/checkpoint/families/family.h"

namespace quantier {

FamilyModel modernbert_model(const HfConfig& config) {
  const ModelSpec& spec = config.spec;
  FamilyBuilder builder(config);
  builder.embedding("model.embeddings.tok_embeddings.weight");
  builder.norm(NormRole::kEmbedding, kNoLayer, "model.embeddings.norm", config.norm_bias);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const int layer = static_cast<int>(i);
    const std::string path = fmt::format("model.layers.{}.", i);
    const std::string name = fmt::format("layers.{}.", i);
    if (spec.layers[i].has_attention_norm) {
      builder.norm(NormRole::kAttention, layer, path + "attn_norm", config.norm_bias);
    }
    builder.linear(name + "attention.qkv", LinearRole::kAttentionQkv, layer, path + "attn.Wqkv",
                   3 * spec.hidden, spec.hidden, config.attention_bias);
    builder.linear(name + "attention.output", LinearRole::kAttentionOutput, layer, path + "attn.Wo",
                   spec.hidden, spec.hidden, config.attention_bias);
    builder.norm(NormRole::kMlp, layer, path + "mlp_norm", config.norm_bias);
    builder.linear(name + "mlp.gate_up", LinearRole::kMlpGateUp, layer, path + "mlp.Wi",
                   2 * spec.intermediate, spec.hidden, config.mlp_bias);
    builder.linear(name + "mlp.down", LinearRole::kMlpDown, layer, path + "mlp.Wo", spec.hidden,
                   spec.intermediate, config.mlp_bias);
  }
  builder.norm(NormRole::kFinal, kNoLayer, "model.final_norm", config.norm_bias);
  builder.linear("head.dense", LinearRole::kHeadDense, kNoLayer, "head.dense", spec.hidden, spec.hidden,
                 config.head_bias);
  builder.norm(NormRole::kHead, kNoLayer, "head.norm", config.norm_bias);
  // classifier_bias speaks of head.dense only; the classifier itself always has a bias.
  builder.linear("classifier", LinearRole::kClassifier, kNoLayer, "classifier", spec.classes, spec.hidden,
                 true);
  return builder.finish();
}

}  // namespace quantier
