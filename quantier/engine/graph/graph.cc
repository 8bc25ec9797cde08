#include "quantier/engine/graph/graph.h"

#include <algorithm>
#include <array>
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

QueryRange Pass::queries_of(std::size_t text, bool pooled_only) const {
  const std::size_t begin = batch.offsets[text];
  const std::size_t end = batch.offsets[text + 1];
  std::size_t first = std::max(begin, first_row);
  std::size_t last = std::min(end, first_row + rows());
  if (pooled_only) {
    first = std::max(first, pooled_row(weights.spec, batch, text));
    last = std::min(last, pooled_row(weights.spec, batch, text) + 1);
  }
  return {first - begin, last > first ? last - first : 0};
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
    const std::size_t row = is_pooled ? text : pooled_row(spec, pass.batch, text) - pass.first_row;
    const auto values = stream.subspan(row * hidden, hidden);
    std::ranges::copy(values, pooled.begin() + static_cast<std::ptrdiff_t>(text * hidden));
  }
  graph.final_norm(pass, pooled);
}

namespace {

// Whether this pass has the row that stands for the only text; without a team it has them all.
bool has_pooled_row(const Pass& pass) {
  if (pass.team == nullptr) return true;
  const std::size_t row = pooled_row(pass.weights.spec, pass.batch, 0);
  return row >= pass.first_row && row < pass.first_row + pass.rows();
}

void run_layer(const Graph& graph, Pass& pass, int layer) {
  const ModelWeights& weights = pass.weights;
  const ModelSpec& spec = weights.spec;
  const std::size_t hidden = spec.hidden;
  const std::size_t width = spec.heads * spec.head_dim;
  Workspace& workspace = pass.workspace;
  const bool pooled_only = spec.pooling != Pooling::kMean && rows_are_independent(weights.plan) &&
                           layer + 1 == static_cast<int>(spec.layers.size());
  auto attended = pass.own(workspace.attended, width);
  if (pooled_only) attended = attended.first((has_pooled_row(pass) ? pass.batch.size() : 0) * width);
  graph.attend(pass, layer, graph.attention_input(pass, layer, pass.own(workspace.hidden, hidden)),
               pooled_only, attended);
  if (pooled_only) {
    if (!has_pooled_row(pass)) return;
    pass.ops.join(nullptr, 0);  // what is left is one member's
    const auto stream = pass.own(workspace.hidden, hidden);
    for (std::size_t text = 0; text < pass.batch.size(); ++text) {
      std::memmove(&stream[text * hidden],
                   &stream[(pooled_row(spec, pass.batch, text) - pass.first_row) * hidden],
                   hidden * sizeof(float));
    }
    pass.scopes = workspace.one_each;
  }
  const auto stream = pass.own(workspace.hidden, hidden);
  const auto product = pass.own(workspace.normed, hidden);
  pass.ops.linear_add(weights.linear(LinearRole::kAttentionOutput, layer), attended, pass.scopes, product,
                      stream);
  const auto gated = pass.own(workspace.gated, spec.intermediate);
  graph.gate(pass, layer, graph.mlp_input(pass, layer, stream), gated);
  pass.ops.linear_add(weights.linear(LinearRole::kMlpDown, layer), gated, pass.scopes, product, stream);
}

void run_pass(Pass& pass, bool is_first_member, std::span<float> logits) {
  const ModelWeights& weights = pass.weights;
  const ModelSpec& spec = weights.spec;
  const Graph& graph = graph_of(spec.family);
  Workspace& workspace = pass.workspace;
  const auto stream = pass.own(workspace.hidden, spec.hidden);
  const bool has_result = has_pooled_row(pass);  // before only that row is left
  pass.ops.embed(weights, pass.batch.tokens.subspan(pass.first_row, pass.rows()), stream);
  graph.after_embedding(pass, stream);
  for (int layer = 0; layer < static_cast<int>(spec.layers.size()); ++layer) run_layer(graph, pass, layer);

  if (pass.team != nullptr && spec.pooling == Pooling::kMean) {
    pass.team->wait();
    if (!is_first_member) return;
    pass.scopes = workspace.whole;
    pass.first_row = 0;
  } else if (!has_result) {
    return;
  }
  pass.ops.join(nullptr, 0);  // likewise, where the layers were everybody's
  const auto pooled = workspace.pooled.span().first(pass.batch.size() * spec.hidden);
  pool_rows(graph, pass, pass.own(workspace.hidden, spec.hidden), pooled);
  pass.scopes = workspace.one_each;
  pass.ops.linear(weights.linear(LinearRole::kClassifier), graph.head_input(pass, pooled), workspace.one_each,
                  logits);
}

}  // namespace

void run_graph(const ModelWeights& weights, const TokenBatch& batch, Ops& ops, Workspace& workspace,
               std::span<float> logits) {
  Pass pass = start_pass(weights, batch, ops, workspace);
  run_pass(pass, true, logits);
}

void run_graph_shared(const ModelWeights& weights, const TokenBatch& batch, Ops& ops, Workspace& workspace,
                      Team& team, std::size_t member, std::span<const std::uint32_t> rows,
                      std::span<float> logits) {
  const std::array<std::uint32_t, 2> scope = {0, rows[1] - rows[0]};
  Pass pass{weights, batch, ops, workspace, scope, rows[0], &team};
  ops.join(&team, member);
  run_pass(pass, member == 0, logits);
  ops.join(nullptr, 0);
}

}  // namespace quantier
