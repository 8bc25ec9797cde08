// A model that is run over all calibration texts at once, one step after another, while its weights come and
// go.
//
// A classifier holds all weights and a few texts; this holds all texts and the weights of one layer. Between
// two steps stands the residual stream of every token and, inside a layer, what the next linear layer reads:
// tokens * (hidden + max(heads * head_dim, intermediate)) floats. At each place (InputPlace) the caller may
// look at the inputs, try weights, and set those with which the pass goes on, so that what is read further on
// comes from layers as they will be. The steps and the ops are those of the classifier (graph/), so a model
// whose weights are the classifier's gives its logits to the last bit, where rows do not depend on the batch.
//
// Order of calls: embed_rows for the whole table, the norms, begin(); then for each layer and each of
// kLayerPlaces: linears of the place, advance(); then kHeadDense and kClassifier in the same way, logits().
// Errors: those of check_batch. Not thread-safe; it uses the pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/input_place.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/engine/token_batch.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/formats/plan.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

class StagedModel {
 public:
  // Copies the batch. `pool` must outlive this.
  [[nodiscard]] static Result<std::unique_ptr<StagedModel>> create(const ModelSpec& spec, const Plan& plan,
                                                                   const TokenBatch& batch, ThreadPool& pool);
  virtual ~StagedModel() = default;

  // Rows [first_row, ...) of the embedding table: the tokens that have them take them, and nothing is kept.
  virtual void embed_rows(std::uint64_t first_row, const TensorView& rows) = 0;
  virtual void set_norm(const NormSpec& norm, const TensorView& weight, const TensorView* bias) = 0;
  virtual void begin() = 0;

  // Replaces what was set before.
  virtual void set_linear(const LinearSpec& linear, PackedLinear&& packed) = 0;
  virtual void drop_linears() = 0;

  // The inputs at a place, [rows, input_width], in parts: `part` < parts(). What a call returns is valid
  // until the next one. The current layer is the one that advance() has led to.
  [[nodiscard]] virtual std::size_t parts() const = 0;
  [[nodiscard]] virtual std::span<const float> inputs(InputPlace place, std::size_t part) = 0;
  // Rows at the current place: tokens, and in the head texts.
  [[nodiscard]] virtual std::size_t rows() const = 0;
  // Of the rows of a part those whose result the model reads, where it reads one of each text alone (behind
  // attention in the last layer); empty where it reads all.
  [[nodiscard]] virtual std::vector<std::size_t> rows_read(InputPlace place, std::size_t part) const = 0;

  // What the block gives that begins at the current place, before it is added to the stream: [rows, hidden]
  // for the first rows, of whole texts, at most `row_limit` of them or one text. kAttention: through
  // attention and its output layer; kMlp: through gate, up and down; kAttentionOutput, kMlpDown: that layer
  // alone.
  virtual void run_block(InputPlace place, std::size_t row_limit, std::vector<float>& out) = 0;

  virtual void advance(InputPlace place) = 0;

  // [texts, classes], when the head has been passed.
  virtual void logits(std::span<float> out) = 0;
};

}  // namespace quantier
