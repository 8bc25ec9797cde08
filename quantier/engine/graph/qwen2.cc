// Qwen2ForSequenceClassification. Source: Qwen team 2024, "Qwen2 technical report": pre-norm with RMSNorm,
// grouped-query causal attention with biased projections, SwiGLU; the score head reads the last token that is
// not padding, and there is no padding.
#include <algorithm>
#include <cstring>

#include "quantier/engine/graph/graph.h"

namespace quantier {

void run_qwen2(const ModelWeights& weights, const TokenBatch& batch, Ops& ops, Workspace& workspace,
               std::span<float> logits) {
  const ModelSpec& spec = weights.spec;
  const std::size_t texts = batch.size();
  const std::size_t hidden = spec.hidden;
  const std::size_t query_width = spec.heads * spec.head_dim;
  const std::size_t key_width = spec.kv_heads * spec.head_dim;
  std::size_t rows = batch.tokens.size();
  workspace.prepare(spec, rows, texts);
  std::span<const std::uint32_t> scopes = outlier_scopes(weights.plan, batch, workspace);
  const std::span<const std::uint32_t> one_each = workspace.one_each;
  const auto stream = [&] { return workspace.hidden.span().first(rows * hidden); };
  const auto normed = [&] { return workspace.normed.span().first(rows * hidden); };

  ops.embed(weights, batch.tokens, stream());
  for (int layer = 0; layer < static_cast<int>(spec.layers.size()); ++layer) {
    const LayerSpec& shape = spec.layers[static_cast<std::size_t>(layer)];
    const bool last_token_only =
        rows_are_independent(weights.plan) && layer + 1 == static_cast<int>(spec.layers.size());

    ops.rms_norm(weights.norm(NormRole::kAttention, layer), spec.norm_epsilon, stream(), normed());
    const auto queries = workspace.projected.span().first(rows * query_width);
    const auto keys = workspace.projected.span().subspan(rows * query_width, rows * key_width);
    const auto values =
        workspace.projected.span().subspan(rows * (query_width + key_width), rows * key_width);
    ops.linear(weights.linear(LinearRole::kAttentionQuery, layer), normed(), scopes, queries);
    ops.linear(weights.linear(LinearRole::kAttentionKey, layer), normed(), scopes, keys);
    ops.linear(weights.linear(LinearRole::kAttentionValue, layer), normed(), scopes, values);
    ops.rope(queries, batch, query_width, 0, spec.heads, spec.head_dim, shape.rope_theta);
    ops.rope(keys, batch, key_width, 0, spec.kv_heads, spec.head_dim, shape.rope_theta);
    const AttentionShape attention{spec.heads, spec.kv_heads, spec.head_dim,    query_width,
                                   key_width,  true,          shape.half_window};
    std::size_t answered = 0;
    for (std::size_t text = 0; text < texts; ++text) {
      const std::size_t begin = batch.offsets[text];
      const std::size_t length = batch.offsets[text + 1] - begin;
      const std::size_t first = last_token_only ? length - 1 : 0;
      const std::size_t count = length - first;
      ops.attention(attention, queries.data() + begin * query_width, keys.data() + begin * key_width,
                    values.data() + begin * key_width, length, first, count,
                    workspace.attended.span().subspan(answered * query_width, count * query_width));
      if (last_token_only) {
        std::memmove(&workspace.hidden[text * hidden], &workspace.hidden[(begin + first) * hidden],
                     hidden * sizeof(float));
      }
      answered += count;
    }
    rows = answered;
    if (last_token_only) scopes = one_each;
    ops.linear(weights.linear(LinearRole::kAttentionOutput, layer),
               workspace.attended.span().first(rows * query_width), scopes, normed());
    ops.add(stream(), normed());

    ops.rms_norm(weights.norm(NormRole::kMlp, layer), spec.norm_epsilon, stream(), normed());
    const auto gate = workspace.projected.span().first(rows * spec.intermediate);
    const auto up = workspace.projected.span().subspan(rows * spec.intermediate, rows * spec.intermediate);
    ops.linear(weights.linear(LinearRole::kMlpGate, layer), normed(), scopes, gate);
    ops.linear(weights.linear(LinearRole::kMlpUp, layer), normed(), scopes, up);
    const auto gated = workspace.gated.span().first(rows * spec.intermediate);
    ops.gated(spec.mlp_activation, gate.data(), up.data(), spec.intermediate, rows, spec.intermediate, gated);
    ops.linear(weights.linear(LinearRole::kMlpDown, layer), gated, scopes, normed());
    ops.add(stream(), normed());
  }
  if (rows != texts) {
    for (std::size_t text = 0; text < texts; ++text) {
      const std::size_t last = batch.offsets[text + 1] - 1;
      std::memmove(&workspace.hidden[text * hidden], &workspace.hidden[last * hidden],
                   hidden * sizeof(float));
    }
    rows = texts;
  }
  ops.rms_norm(weights.norm(NormRole::kFinal), spec.norm_epsilon, stream(), stream());
  ops.linear(weights.linear(LinearRole::kClassifier), stream(), one_each, logits);
}

}  // namespace quantier
