// The forward passes, one file per architecture, each written once over the ops.
//
// A pass is a sequence of steps, because two callers want it: the classifier runs them one after another for
// a batch, and calibration stops between them to look at what the linear layers read and to exchange weights
// (staged_model.h). A step reads and writes the spans it is given and keeps its scratch in the workspace.
// Activations are [rows, features], row-major; rows are the tokens of the batch, until only those are left
// that pooling reads.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "quantier/engine/ops.h"
#include "quantier/engine/token_batch.h"
#include "quantier/engine/weights.h"

namespace quantier {

// Scratch of one forward pass. Grows to the largest batch seen and is then reused: nothing is allocated after
// warm-up.
struct Workspace {
  AlignedBuffer<float> hidden;              // [tokens, hidden] the residual stream
  AlignedBuffer<float> normed;              // [tokens, hidden]
  AlignedBuffer<float> projected;           // [tokens, widest projection]
  AlignedBuffer<float> attended;            // [tokens, heads * head_dim]
  AlignedBuffer<float> gated;               // [tokens, intermediate]
  AlignedBuffer<float> pooled;              // [texts, hidden] twice
  std::vector<std::uint32_t> one_each;      // [texts + 1] 0, 1, 2, ...: scopes of one row
  std::array<std::uint32_t, 2> whole = {};  // 0, tokens: one scope of all rows
  // With `is_shared` for a team: `projected` is then three of its kind (Pass::projected).
  void prepare(const ModelSpec& spec, std::size_t tokens, std::size_t texts, bool is_shared = false);
  std::size_t projected_width = 0;
};

// Queries of a text that are answered, counted from its first token.
struct QueryRange {
  std::size_t first = 0;
  std::size_t count = 0;
};

// What every step needs. The workspace has been prepared for the batch, and the batch validated.
struct Pass {
  const ModelWeights& weights;
  TokenBatch batch;
  Ops& ops;
  Workspace& workspace;
  std::span<const std::uint32_t> scopes;  // of the rows: where linear layers look for outliers
  // A member of a team has the rows [first_row, first_row + rows()) of the only text; others have them all.
  std::size_t first_row = 0;
  Team* team = nullptr;

  [[nodiscard]] std::size_t rows() const { return scopes.back(); }
  [[nodiscard]] std::size_t all_rows() const { return team != nullptr ? batch.tokens.size() : rows(); }
  // Those of this pass, or of them the one that pooling reads.
  [[nodiscard]] QueryRange queries_of(std::size_t text, bool pooled_only) const;
  // This pass's rows of a buffer of the workspace.
  [[nodiscard]] std::span<float> own(AlignedBuffer<float>& buffer, std::size_t width) const {
    return buffer.span().subspan(first_row * width, rows() * width);
  }
  // What queries, keys and values of all rows are written to. A member may be one layer ahead of another that
  // still reads: layers take turns.
  [[nodiscard]] std::span<float> projected(int layer) const {
    const std::size_t size = all_rows() * workspace.projected_width;
    return workspace.projected.span().subspan(team != nullptr && layer % 2 != 0 ? size : 0, size);
  }
  // Room for products of this pass's rows, where nobody else writes.
  [[nodiscard]] std::span<float> scratch() const {
    const std::size_t width = workspace.projected_width;
    const std::size_t begin = team != nullptr ? (2 * all_rows() + first_row) * width : 0;
    return workspace.projected.span().subspan(begin, rows() * width);
  }
};

// The pass over a batch, at its beginning.
[[nodiscard]] Pass start_pass(const ModelWeights& weights, const TokenBatch& batch, Ops& ops,
                              Workspace& workspace);

// What differs between architectures.
class Graph {
 public:
  virtual ~Graph() = default;
  // What follows the embedding before the first layer.
  virtual void after_embedding(Pass& pass, std::span<float> stream) const = 0;
  // What queries, keys and values are made of; in the workspace, or the stream itself.
  [[nodiscard]] virtual std::span<const float> attention_input(Pass& pass, int layer,
                                                               std::span<const float> stream) const = 0;
  // Attention up to its output projection, [rows, heads * head_dim]; with `pooled_only` for the queries alone
  // that pooling reads, [texts, heads * head_dim].
  virtual void attend(Pass& pass, int layer, std::span<const float> input, bool pooled_only,
                      std::span<float> attended) const = 0;
  // What gate and up are made of.
  [[nodiscard]] virtual std::span<const float> mlp_input(Pass& pass, int layer,
                                                         std::span<const float> stream) const = 0;
  // activation(gate) * up, [rows, intermediate].
  virtual void gate(Pass& pass, int layer, std::span<const float> input, std::span<float> gated) const = 0;
  // The last norm, of rows of the stream, in place.
  virtual void final_norm(Pass& pass, std::span<float> rows) const = 0;
  // Pooled rows to what the classifier reads; `rows` may be changed.
  [[nodiscard]] virtual std::span<const float> head_input(Pass& pass, std::span<float> pooled) const = 0;
};

[[nodiscard]] const Graph& graph_of(Family family);
[[nodiscard]] const Graph& modernbert_graph();
[[nodiscard]] const Graph& qwen2_graph();

// Rows that pooling reads, normed, and for means averaged: [texts, hidden]. `stream` holds the rows of the
// pass, or only the pooled ones already; it is changed.
void pool_rows(const Graph& graph, Pass& pass, std::span<float> stream, std::span<float> pooled);

// The row of the stream that stands for a text, where pooling takes one.
[[nodiscard]] std::size_t pooled_row(const ModelSpec& spec, const TokenBatch& batch, std::size_t text);

// All steps: logits [batch.size(), classes].
void run_graph(const ModelWeights& weights, const TokenBatch& batch, Ops& ops, Workspace& workspace,
               std::span<float> logits);

// The same by the members of a team for a batch of one text, each for its rows [rows[0], rows[1]).
// `workspace`, the same for all, has been prepared as shared; one of the members writes the logits.
void run_graph_shared(const ModelWeights& weights, const TokenBatch& batch, Ops& ops, Workspace& workspace,
                      Team& team, std::size_t member, std::span<const std::uint32_t> rows,
                      std::span<float> logits);

// Whether a row's result depends on that row alone. Then the last layer needs only the rows that pooling
// reads; LLM.int8() looks for outliers over all rows of a scope and needs every one.
[[nodiscard]] bool rows_are_independent(const Plan& plan);

// Over which rows the linear layers look for outliers: each text, or all of the batch.
[[nodiscard]] std::span<const std::uint32_t> outlier_scopes(const Plan& plan, const TokenBatch& batch,
                                                            const Workspace& workspace);

}  // namespace quantier
