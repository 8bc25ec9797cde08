// ModernBertForSequenceClassification. Source: Warner et al. 2024, "Smarter, Better, Faster, Longer", and the
// layout of the published checkpoints: pre-norm layers without a norm before the first attention, fused q/k/v
// and gate/up projections, global attention in every third layer and a sliding window in the others, each
// with its own rotary base.
#include "quantier/engine/graph/graph.h"

namespace quantier {
namespace {

class ModernBert final : public Graph {
 public:
  void after_embedding(Pass& pass, std::span<float> stream) const override {
    norm(pass, NormRole::kEmbedding, kNoLayer, stream, stream);
  }

  std::span<const float> attention_input(Pass& pass, int layer,
                                         std::span<const float> stream) const override {
    if (!pass.weights.spec.layers[static_cast<std::size_t>(layer)].has_attention_norm) return stream;
    return normed(pass, NormRole::kAttention, layer, stream);
  }

  void attend(Pass& pass, int layer, std::span<const float> input, bool pooled_only,
              std::span<float> attended) const override {
    const ModelSpec& spec = pass.weights.spec;
    const LayerSpec& shape = spec.layers[static_cast<std::size_t>(layer)];
    const std::size_t hidden = spec.hidden;
    const std::size_t width = 3 * hidden;
    const auto qkv = pass.projected(layer).first(pass.all_rows() * width);
    const auto own = qkv.subspan(pass.first_row * width, pass.rows() * width);
    pass.ops.linear(pass.weights.linear(LinearRole::kAttentionQkv, layer), input, pass.scopes, own);
    // Heads of queries and of keys stand side by side.
    pass.ops.rope(own, pass.batch, pass.first_row, width, 0, 2 * spec.heads, spec.head_dim, shape.rope_theta);
    if (pass.team != nullptr) pass.team->wait();
    const AttentionShape attention{spec.heads, spec.heads, spec.head_dim,    width,
                                   width,      false,      shape.half_window};
    std::size_t answered = 0;
    for (std::size_t text = 0; text < pass.batch.size(); ++text) {
      const std::size_t begin = pass.batch.offsets[text];
      const std::size_t length = pass.batch.offsets[text + 1] - begin;
      const QueryRange queries = pass.queries_of(text, pooled_only);
      const float* row = qkv.data() + begin * width;
      pass.ops.attention(attention, row, row + hidden, row + 2 * hidden, length, queries.first, queries.count,
                         attended.subspan(answered * hidden, queries.count * hidden));
      answered += queries.count;
    }
  }

  std::span<const float> mlp_input(Pass& pass, int layer, std::span<const float> stream) const override {
    return normed(pass, NormRole::kMlp, layer, stream);
  }

  void gate(Pass& pass, int layer, std::span<const float> input, std::span<float> gated) const override {
    const ModelSpec& spec = pass.weights.spec;
    pass.ops.linear_gated(spec.mlp_activation, pass.weights.linear(LinearRole::kMlpGateUp, layer), nullptr,
                          input, pass.scopes, pass.scratch(), gated);
  }

  void final_norm(Pass& pass, std::span<float> rows) const override {
    norm(pass, NormRole::kFinal, kNoLayer, rows, rows);
  }

  std::span<const float> head_input(Pass& pass, std::span<float> pooled) const override {
    const auto dense = pass.workspace.pooled.span().subspan(pooled.size(), pooled.size());
    pass.ops.linear(pass.weights.linear(LinearRole::kHeadDense), pooled, pass.workspace.one_each, dense);
    pass.ops.activate(pass.weights.spec.head_activation, dense);
    norm(pass, NormRole::kHead, kNoLayer, dense, dense);
    return dense;
  }

 private:
  static void norm(Pass& pass, NormRole role, int layer, std::span<const float> x, std::span<float> y) {
    pass.ops.layer_norm(pass.weights.norm(role, layer), pass.weights.spec.norm_epsilon, x, y);
  }

  static std::span<const float> normed(Pass& pass, NormRole role, int layer, std::span<const float> stream) {
    const auto out = pass.own(pass.workspace.normed, pass.weights.spec.hidden);
    norm(pass, role, layer, stream, out);
    return out;
  }
};

}  // namespace

const Graph& modernbert_graph() {
  static const ModernBert graph;
  return graph;
}

}  // namespace quantier
