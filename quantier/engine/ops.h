// The table of operations that an architecture is written over (graph/). One implementation is the scalar
// reference, one is for the CPU's vector units; a graph never knows which it has.
//
// Activations are float, [tokens, features], row-major, texts one after another without padding. Where the
// plan rounds to half, every operation rounds its own output, so that what is passed on is what a
// half-precision framework would have stored. Spans are checked by the graph; an operation cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "quantier/engine/team.h"
#include "quantier/engine/token_batch.h"
#include "quantier/engine/weights.h"

namespace quantier {

struct AttentionShape {
  std::size_t heads = 0;
  std::size_t kv_heads = 0;
  std::size_t head_dim = 0;
  std::size_t query_stride = 0;  // floats from one token's queries to the next
  std::size_t key_stride = 0;    // the same for keys and for values
  bool causal = false;
  std::optional<std::uint32_t> half_window;
};

class Ops {
 public:
  virtual ~Ops() = default;

  // From now on this thread's rows are some of a text whose others belong to the team; null ends it. Only an
  // operation that looks at several rows has to know.
  virtual void join(Team* /*team*/, std::size_t /*member*/) {}

  // out[t] = table[ids[t]]
  virtual void embed(const ModelWeights& weights, std::span<const std::int32_t> ids,
                     std::span<float> out) = 0;
  // y = x W^T + b for the rows of x. `scopes` are offsets into the rows, [0, ..., rows], one scope after
  // another; only LLM.int8() looks at them: its outlier columns are found over the rows of a scope.
  virtual void linear(const LinearWeights& weights, std::span<const float> x,
                      std::span<const std::uint32_t> scopes, std::span<float> y) = 0;
  // y += x W^T + b, rounded as `linear` and `add` round one after the other. `scratch` has room for the
  // product.
  virtual void linear_add(const LinearWeights& weights, std::span<const float> x,
                          std::span<const std::uint32_t> scopes, std::span<float> scratch,
                          std::span<float> y) {
    const auto product = scratch.first(y.size());
    linear(weights, x, scopes, product);
    add(y, product);
  }
  // y = activation(gate(x)) * up(x), rounded as `linear` and `gated` round one after the other. One layer
  // holds both, the gate's outputs first, when `up` is null. `scratch` has room for both products.
  virtual void linear_gated(Activation activation, const LinearWeights& gate, const LinearWeights* up,
                            std::span<const float> x, std::span<const std::uint32_t> scopes,
                            std::span<float> scratch, std::span<float> y) {
    const std::size_t rows = scopes.back();
    const std::size_t features = y.size() / rows;
    if (up == nullptr) {
      linear(gate, x, scopes, scratch.first(2 * y.size()));
      return gated(activation, scratch.data(), scratch.data() + features, 2 * features, rows, features, y);
    }
    linear(gate, x, scopes, scratch.first(y.size()));
    linear(*up, x, scopes, scratch.subspan(y.size(), y.size()));
    gated(activation, scratch.data(), scratch.data() + y.size(), features, rows, features, y);
  }
  // (x - mean) / sqrt(variance + epsilon) * weight + bias, per row; y may be x. (Ba, Kiros, Hinton 2016.)
  virtual void layer_norm(const NormWeights& norm, double epsilon, std::span<const float> x,
                          std::span<float> y) = 0;
  // x / sqrt(mean(x^2) + epsilon) * weight, per row; y may be x. (Zhang, Sennrich 2019.)
  virtual void rms_norm(const NormWeights& norm, double epsilon, std::span<const float> x,
                        std::span<float> y) = 0;
  // Rotates pairs (i, i + head_dim / 2) of each head by position * theta^(-2i / head_dim), in place. `x`
  // holds the rows of the batch from `first_row` on, as many as fit; `first` is the offset of the first head
  // inside a row. (Su et al. 2021, in the half-split layout that Hugging Face checkpoints use.)
  virtual void rope(std::span<float> x, const TokenBatch& batch, std::size_t first_row, std::size_t stride,
                    std::size_t first, std::size_t heads, std::size_t head_dim, double theta) = 0;
  // Attention of one text. queries, keys, values point at the first token's first head. Only the queries of
  // tokens [first_query, first_query + query_count) are answered: out [query_count, heads * head_dim].
  virtual void attention(const AttentionShape& shape, const float* queries, const float* keys,
                         const float* values, std::size_t tokens, std::size_t first_query,
                         std::size_t query_count, std::span<float> out) = 0;
  // y[t] = activation(gate[t]) * up[t]; gate and up are `features` wide inside rows of `stride`.
  virtual void gated(Activation activation, const float* gate, const float* up, std::size_t stride,
                     std::size_t rows, std::size_t features, std::span<float> y) = 0;
  virtual void activate(Activation activation, std::span<float> x) = 0;
  // x += y
  virtual void add(std::span<float> x, std::span<const float> y) = 0;
  // Mean over the rows of one text.
  virtual void mean(std::span<const float> x, std::size_t rows, std::span<float> out) = 0;
};

}  // namespace quantier
