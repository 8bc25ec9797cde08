// Qwen2ForSequenceClassification. Source: Qwen team 2024, "Qwen2 technical report": pre-norm with RMSNorm,
// grouped-query causal attention with biased projections, SwiGLU; the score head reads the last token that is
// not padding, and there is no padding.
#include "quantier/engine/graph/graph.h"

namespace quantier {
namespace {

class Qwen2 final : public Graph {
 public:
  void after_embedding(Pass& /*pass*/, std::span<float> /*stream*/) const override {}

  std::span<const float> attention_input(Pass& pass, int layer,
                                         std::span<const float> stream) const override {
    return normed(pass, NormRole::kAttention, layer, stream);
  }

  void attend(Pass& pass, int layer, std::span<const float> input, bool pooled_only,
              std::span<float> attended) const override {
    const ModelSpec& spec = pass.weights.spec;
    const LayerSpec& shape = spec.layers[static_cast<std::size_t>(layer)];
    const std::size_t rows = pass.rows();
    const std::size_t all = pass.all_rows();
    const std::size_t query_width = spec.heads * spec.head_dim;
    const std::size_t key_width = spec.kv_heads * spec.head_dim;
    const auto projected = pass.projected(layer);
    const auto queries = projected.first(all * query_width);
    const auto keys = projected.subspan(all * query_width, all * key_width);
    const auto values = projected.subspan(all * (query_width + key_width), all * key_width);
    const auto own = [&](std::span<float> part, std::size_t width) {
      return part.subspan(pass.first_row * width, rows * width);
    };
    const auto own_queries = own(queries, query_width);
    const auto own_keys = own(keys, key_width);
    pass.ops.linear(pass.weights.linear(LinearRole::kAttentionQuery, layer), input, pass.scopes, own_queries);
    pass.ops.linear(pass.weights.linear(LinearRole::kAttentionKey, layer), input, pass.scopes, own_keys);
    pass.ops.linear(pass.weights.linear(LinearRole::kAttentionValue, layer), input, pass.scopes,
                    own(values, key_width));
    pass.ops.rope(own_queries, pass.batch, pass.first_row, query_width, 0, spec.heads, spec.head_dim,
                  shape.rope_theta);
    pass.ops.rope(own_keys, pass.batch, pass.first_row, key_width, 0, spec.kv_heads, spec.head_dim,
                  shape.rope_theta);
    if (pass.team != nullptr) pass.team->wait();
    const AttentionShape attention{spec.heads, spec.kv_heads, spec.head_dim,    query_width,
                                   key_width,  true,          shape.half_window};
    std::size_t answered = 0;
    for (std::size_t text = 0; text < pass.batch.size(); ++text) {
      const std::size_t begin = pass.batch.offsets[text];
      const std::size_t length = pass.batch.offsets[text + 1] - begin;
      const auto [first, count] = pass.queries_of(text, pooled_only);
      pass.ops.attention(attention, queries.data() + begin * query_width, keys.data() + begin * key_width,
                         values.data() + begin * key_width, length, first, count,
                         attended.subspan(answered * query_width, count * query_width));
      answered += count;
    }
  }

  std::span<const float> mlp_input(Pass& pass, int layer, std::span<const float> stream) const override {
    return normed(pass, NormRole::kMlp, layer, stream);
  }

  void gate(Pass& pass, int layer, std::span<const float> input, std::span<float> gated) const override {
    const ModelSpec& spec = pass.weights.spec;
    pass.ops.linear_gated(spec.mlp_activation, pass.weights.linear(LinearRole::kMlpGate, layer),
                          &pass.weights.linear(LinearRole::kMlpUp, layer), input, pass.scopes, pass.scratch(),
                          gated);
  }

  void final_norm(Pass& pass, std::span<float> rows) const override {
    pass.ops.rms_norm(pass.weights.norm(NormRole::kFinal), pass.weights.spec.norm_epsilon, rows, rows);
  }

  std::span<const float> head_input(Pass& /*pass*/, std::span<float> pooled) const override { return pooled; }

 private:
  static std::span<const float> normed(Pass& pass, NormRole role, int layer, std::span<const float> stream) {
    const auto out = pass.own(pass.workspace.normed, pass.weights.spec.hidden);
    pass.ops.rms_norm(pass.weights.norm(role, layer), pass.weights.spec.norm_epsilon, stream, out);
    return out;
  }
};

}  // namespace

const Graph& qwen2_graph() {
  static const Qwen2 graph;
  return graph;
}

}  // namespace quantier
