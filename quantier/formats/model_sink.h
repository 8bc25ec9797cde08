// What takes a quantized model, tensor by tensor: the engine, which runs it, or a file.
//
// The source and the quantized form never stand in memory together: whoever makes the tensors reads one,
// quantizes it, hands it over and goes on. Norms come with the values they have in the quantized model, in
// any floating dtype: methods may have folded scales into them.
#pragma once

#include <cstdint>

#include "quantier/base/error.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

class ModelSink {
 public:
  virtual ~ModelSink() = default;
  // Some rows of the embedding table [vocabulary, hidden], in order, in any floating dtype; kept in the
  // plan's embedding format.
  virtual Status set_embedding_rows(std::uint64_t first_row, const TensorView& rows) = 0;
  virtual Status set_norm(const NormSpec& norm, const TensorView& weight, const TensorView* bias) = 0;
  virtual Status set_linear(const LinearSpec& linear, PackedLinear&& packed) = 0;
  // Whether the sink has this layer already, from an earlier run: it need not be made again.
  [[nodiscard]] virtual bool has_linear(const LinearSpec& /*linear*/) const { return false; }
};

}  // namespace quantier
