#include "quantier/engine/graph/graph.h"

#include <algorithm>
#include <cstring>

#include "quantier/base/check.h"

namespace quantier {

const Graph& graph_of(Family family) {
  switch (family) {
    case Family::kModernBert:
      return modernbert_graph();
    case Family::kQwen2:
      return qwen2_graph();
  }
  QT_CHECK(false, "every family has a graph");
  std::abort();
}

Pass start_pass(const ModelWeights& weights, const TokenBatch& batch, Ops& ops, Workspace& workspace) {
  workspace.prepare(weights.spec, batch.tokens.size(), batch.size());
  return {weights, batch, ops, workspace, outlier_scopes(weights.plan, batch, workspace)};
}

std::size_t pooled_row(const ModelSpec& spec, const TokenBatch& batch, std::size_t text) {
  return spec.pooling == Pooling::kLastToken ? batch.offsets[text + 1] - 1 : batch.offsets[text];
}

void pool_rows(const Graph& graph, Pass& pass, std::span<float> stream, std::span<float> pooled) {
  const ModelSpec& spec = pass.weights.spec;
  const std::size_t hidden = spec.hidden;
  if (spec.pooling == Pooling::kMean) {
    graph.final_norm(pass, stream);
    for (std::size_t text = 0; text < pass.batch.size(); ++text) {
      const std::size_t begin = pass.batch.offsets[text];
      const std::size_t length = pass.batch.offsets[text + 1] - begin;
      pass.ops.mean(stream.subspan(begin * hidden, length * hidden), length,
                    pooled.subspan(text * hidden, hidden));
    }
    return;
  }
  const bool is_pooled = stream.size() == pooled.size();
  for (std::size_t text = 0; text < pass.batch.size(); ++text) {
    const std::size_t row = is_pooled ? text : pooled_row(spec, pass.batch, text);
    const auto values = stream.subspan(row * hidden, hidden);
    std::ranges::copy(values, pooled.begin() + static_cast<std::ptrdiff_t>(text * hidden));
  }
  graph.final_norm(pass, pooled);
}

void run_graph(const ModelWeights& weights, const TokenBatch& batch, Ops& ops, Workspace& workspace,
               std::span<float> logits) {
  const ModelSpec& spec = weights.spec;
  const Graph& graph = graph_of(spec.family);
  Pass pass = start_pass(weights, batch, ops, workspace);
  const std::size_t hidden = spec.hidden;
  const std::size_t width = spec.heads * spec.head_dim;
  const std::span<const std::uint32_t> one_each = workspace.one_each;
  const auto stream = [&] { return workspace.hidden.span().first(pass.rows() * hidden); };
  const auto output = [&] { return workspace.normed.span().first(pass.rows() * hidden); };

  ops.embed(weights, batch.tokens, stream());
  graph.after_embedding(pass, stream());
  const int layers = static_cast<int>(spec.layers.size());
  for (int layer = 0; layer < layers; ++layer) {
    const bool pooled_only =
        spec.pooling != Pooling::kMean && rows_are_independent(weights.plan) && layer + 1 == layers;
    const std::size_t queries = pooled_only ? batch.size() : pass.rows();
    const auto attended = workspace.attended.span().first(queries * width);
    graph.attend(pass, layer, graph.attention_input(pass, layer, stream()), pooled_only, attended);
    if (pooled_only) {
      for (std::size_t text = 0; text < batch.size(); ++text) {
        std::memmove(&workspace.hidden[text * hidden],
                     &workspace.hidden[pooled_row(spec, batch, text) * hidden], hidden * sizeof(float));
      }
      pass.scopes = one_each;
    }
    ops.linear_add(weights.linear(LinearRole::kAttentionOutput, layer), attended, pass.scopes, output(), stream());

    const auto gated = workspace.gated.span().first(pass.rows() * spec.intermediate);
    graph.gate(pass, layer, graph.mlp_input(pass, layer, stream()), gated);
    ops.linear_add(weights.linear(LinearRole::kMlpDown, layer), gated, pass.scopes, output(), stream());
  }

  const auto pooled = workspace.pooled.span().first(batch.size() * hidden);
  pool_rows(graph, pass, stream(), pooled);
  pass.scopes = one_each;
  ops.linear(weights.linear(LinearRole::kClassifier), graph.head_input(pass, pooled), one_each, logits);
}

}  // namespace quantier
