// The forward pass on the device: from token ids to logits, all of it enqueued, nothing waited for.
//
// One text for both families, because what differs between them is in the spec: which norms there are, how
// many heads have keys, what is causal, which activation. The order of operations, and where values are
// rounded, is that of graph/: an element is stored wherever a half-precision framework would store one. What
// is fused differs: rotary embedding happens inside attention, scales, bias, residual and gate inside an int8
// product, quantization inside the norm before it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/engine/cuda/cublas_lt.h"
#include "quantier/engine/cuda/device_memory.h"
#include "quantier/engine/cuda/device_model.h"
#include "quantier/engine/cuda/rotations.h"
#include "quantier/engine/token_batch.h"

namespace quantier::cuda {

// What a pass reads besides the model, packed on the host and copied at once.
struct PassInput {
  std::uint32_t tokens = 0;
  std::uint32_t texts = 0;
  std::uint32_t longest = 0;
  std::uint32_t items = 0;
  // Offsets in bytes of: ids, offsets [texts + 1], the row that pooling reads [texts], attention's items,
  // each row's position in its text [tokens].
  std::size_t ids_at = 0;
  std::size_t offsets_at = 0;
  std::size_t pooled_at = 0;
  std::size_t items_at = 0;
  std::size_t positions_at = 0;
  std::size_t bytes = 0;
};
[[nodiscard]] PassInput measure_input(const TokenBatch& batch);
void pack_input(const ModelSpec& spec, const TokenBatch& batch, const PassInput& input, std::byte* to);

class DevicePass {
 public:
  DevicePass(const DeviceModel& model, const Kernels& kernels, CublasLt& products, cudaStream_t stream)
      : model_(model), kernels_(kernels), products_(products), stream_(stream) {}

  // `device_input` holds what pack_input packed, `logits` [texts, classes] is written. Grows the buffers
  // first, which may throw std::bad_alloc or wait for the device.
  [[nodiscard]] Status enqueue(const PassInput& input, const std::byte* device_input, float* logits);

 private:
  [[nodiscard]] Status prepare(const PassInput& input);
  [[nodiscard]] Status run_layer(std::size_t layer, bool is_last);
  [[nodiscard]] Status run_mlp(const DeviceLayer& layer, std::uint32_t rows);
  [[nodiscard]] Status run_head(float* logits);
  void norm(const DeviceNorm& weights, const void* x, void* out, std::uint32_t rows) const;
  // Rows in front of a layer: normed, and quantized where it wants codes.
  void norm_for(const DeviceNorm* weights, const DeviceLinear& linear, const void* x,
                std::uint32_t rows) const;
  void quantize_for(const DeviceLinear& linear, const void* x, std::uint32_t rows) const;
  // out = finish(linear(what norm_for or quantize_for left, or x)); kRotate and gates where rotates() and
  // gates() say so.
  [[nodiscard]] Status product(const DeviceLinear& linear, const void* x, Finish finish, void* out,
                               std::uint32_t rows, double rope_theta = 0) const;
  // Whether products can rotate or gate what they make.
  [[nodiscard]] bool rotates() const;
  [[nodiscard]] bool gates(const DeviceLinear& linear) const {
    return linear.is_i8 || kernels_.float_product != nullptr;
  }
  [[nodiscard]] bool pools_one_row() const { return model_.spec().pooling != Pooling::kMean; }

  const DeviceModel& model_;
  const Kernels& kernels_;
  CublasLt& products_;
  cudaStream_t stream_;
  Rotations rotations_;
  DeviceBuffer activations_;
  // In activations_: the residual stream; what a layer reads (normed rows, or what attention gave); codes and
  // their maxima of it; products; gated rows.
  std::byte* stream_rows_ = nullptr;
  std::byte* inputs_ = nullptr;
  std::byte* codes_ = nullptr;
  float* absmax_ = nullptr;
  std::byte* wide_ = nullptr;
  std::byte* gated_ = nullptr;
  std::uint32_t mlp_rows_ = 0;  // at a time
  PassInput input_;
  const std::byte* device_input_ = nullptr;
};

}  // namespace quantier::cuda
