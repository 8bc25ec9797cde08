// ModernBertForSequenceClassification. Source: Warner et al. 2024, "Smarter, Better, Faster, Longer", and the
// layout of the published checkpoints: pre-norm layers without a norm before the first attention, fused q/k/v
// and gate/up projections, global attention in every third layer and a sliding window in the others, each
// with its own rotary base.
#include <algorithm>
#include <cstring>

#include "quantier/engine/graph/graph.h"

namespace quantier {

void run_modernbert(const ModelWeights& weights, const TokenBatch& batch, Ops& ops, Workspace& workspace,
                    std::span<float> logits) {
  const ModelSpec& spec = weights.spec;
  const std::size_t tokens = batch.tokens.size();
  const std::size_t texts = batch.size();
  const std::size_t hidden = spec.hidden;
  workspace.prepare(spec, tokens, texts);
  std::size_t rows = tokens;  // of the residual stream; the last layer keeps only what pooling reads
  std::span<const std::uint32_t> scopes = outlier_scopes(weights.plan, batch, workspace);
  const std::span<const std::uint32_t> one_each = workspace.one_each;
  const auto stream = [&] { return workspace.hidden.span().first(rows * hidden); };
  const auto normed = [&] { return workspace.normed.span().first(rows * hidden); };

  ops.embed(weights, batch.tokens, stream());
  ops.layer_norm(weights.norm(NormRole::kEmbedding), spec.norm_epsilon, stream(), stream());

  for (int layer = 0; layer < static_cast<int>(spec.layers.size()); ++layer) {
    const LayerSpec& shape = spec.layers[static_cast<std::size_t>(layer)];
    const bool first_token_only = spec.pooling == Pooling::kCls && rows_are_independent(weights.plan) &&
                                  layer + 1 == static_cast<int>(spec.layers.size());

    std::span<const float> input = stream();
    if (shape.has_attention_norm) {
      ops.layer_norm(weights.norm(NormRole::kAttention, layer), spec.norm_epsilon, stream(), normed());
      input = normed();
    }
    const std::size_t width = 3 * hidden;
    const auto qkv = workspace.projected.span().first(rows * width);
    ops.linear(weights.linear(LinearRole::kAttentionQkv, layer), input, scopes, qkv);
    ops.rope(qkv, batch, width, 0, spec.heads, spec.head_dim, shape.rope_theta);
    ops.rope(qkv, batch, width, hidden, spec.heads, spec.head_dim, shape.rope_theta);
    const AttentionShape attention{spec.heads, spec.heads, spec.head_dim,    width,
                                   width,      false,      shape.half_window};
    std::size_t answered = 0;
    for (std::size_t text = 0; text < texts; ++text) {
      const std::size_t begin = batch.offsets[text];
      const std::size_t length = batch.offsets[text + 1] - begin;
      const std::size_t queries = first_token_only ? 1 : length;
      const float* row = qkv.data() + begin * width;
      ops.attention(attention, row, row + hidden, row + 2 * hidden, length, 0, queries,
                    workspace.attended.span().subspan(answered * hidden, queries * hidden));
      if (first_token_only)
        std::memmove(&workspace.hidden[text * hidden], &workspace.hidden[begin * hidden],
                     hidden * sizeof(float));
      answered += queries;
    }
    rows = answered;
    if (first_token_only) scopes = one_each;
    ops.linear(weights.linear(LinearRole::kAttentionOutput, layer),
               workspace.attended.span().first(rows * hidden), scopes, normed());
    ops.add(stream(), normed());

    ops.layer_norm(weights.norm(NormRole::kMlp, layer), spec.norm_epsilon, stream(), normed());
    const auto gate_up = workspace.projected.span().first(rows * 2 * spec.intermediate);
    ops.linear(weights.linear(LinearRole::kMlpGateUp, layer), normed(), scopes, gate_up);
    const auto gated = workspace.gated.span().first(rows * spec.intermediate);
    ops.gated(spec.mlp_activation, gate_up.data(), gate_up.data() + spec.intermediate, 2 * spec.intermediate,
              rows, spec.intermediate, gated);
    ops.linear(weights.linear(LinearRole::kMlpDown, layer), gated, scopes, normed());
    ops.add(stream(), normed());
  }

  ops.layer_norm(weights.norm(NormRole::kFinal), spec.norm_epsilon, stream(), stream());
  const auto pooled = workspace.pooled.span().first(texts * hidden);
  const auto dense = workspace.pooled.span().subspan(texts * hidden, texts * hidden);
  for (std::size_t text = 0; text < texts; ++text) {
    const auto out = pooled.subspan(text * hidden, hidden);
    if (spec.pooling == Pooling::kCls) {
      const std::size_t first = rows == texts ? text : batch.offsets[text];
      const auto row = stream().subspan(first * hidden, hidden);
      std::copy(row.begin(), row.end(), out.begin());
    } else {
      const std::size_t begin = batch.offsets[text];
      const std::size_t length = batch.offsets[text + 1] - begin;
      ops.mean(stream().subspan(begin * hidden, length * hidden), length, out);
    }
  }
  ops.linear(weights.linear(LinearRole::kHeadDense), pooled, one_each, dense);
  ops.activate(spec.head_activation, dense);
  ops.layer_norm(weights.norm(NormRole::kHead), spec.norm_epsilon, dense, dense);
  ops.linear(weights.linear(LinearRole::kClassifier), dense, one_each, logits);
}

}  // namespace quantier
