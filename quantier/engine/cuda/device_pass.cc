#include "quantier/engine/cuda/device_pass.h"

#include <algorithm>

#include "quantier/engine/cuda/device.h"

namespace quantier::cuda {
namespace {

constexpr std::size_t kElementBytes = 2;
// Products that are wider are made some rows at a time: at these sizes that costs nothing.
constexpr std::size_t kWidestProductBytes = std::size_t{64} << 20;

Gate gate_of(Activation activation) { return activation == Activation::kGelu ? Gate::kGelu : Gate::kSilu; }

}  // namespace

Status DevicePass::prepare(const PassInput& input) {
  const ModelSpec& spec = model_.spec();
  QT_TRY_STATUS(rotations_.ensure(spec, input.longest, stream_));
  const std::size_t rows = whole_steps(input.tokens);
  const std::size_t attended = spec.heads * spec.head_dim;
  const std::size_t qkv = attended + 2 * spec.kv_heads * spec.head_dim;
  std::size_t code_width = 0;
  bool gates_apart = false;  // products of gates and ups are stored before they are multiplied
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const DeviceLayer& layer = model_.layer(i);
    for (const DeviceLinear* linear : {&layer.qkv, &layer.attention_output, &layer.gate_up, &layer.down})
      if (linear->is_i8) code_width = std::max<std::size_t>(code_width, linear->inputs);
    gates_apart = gates_apart || !gates(layer.gate_up);
  }
  const std::size_t gate_up_bytes = gates_apart ? 2 * spec.intermediate * kElementBytes : 0;
  const std::size_t parts = (rows * gate_up_bytes + kWidestProductBytes - 1) / kWidestProductBytes;
  mlp_rows_ = whole_steps(static_cast<std::uint32_t>(rows / std::max<std::size_t>(parts, 1)));
  std::size_t total = 0;
  const auto reserve = [&](std::size_t bytes) {
    const std::size_t at = total;
    total += aligned_size(bytes);
    return at;
  };
  const std::size_t stream_at = reserve(rows * spec.hidden * kElementBytes);
  const std::size_t inputs_at = reserve(rows * std::max<std::size_t>(spec.hidden, attended) * kElementBytes);
  const std::size_t codes_at = reserve(rows * code_width);
  const std::size_t absmax_at = reserve(code_width == 0 ? 0 : rows * sizeof(float));
  // Behind the last attention, pooled rows stand in both: of texts that may be as many as tokens, and with
  // more classes than anything else is wide.
  const std::size_t texts = whole_steps(input.texts);
  const std::size_t wide_at = reserve(std::max({rows * qkv * kElementBytes, mlp_rows_ * gate_up_bytes,
                                                texts * (attended + spec.hidden) * kElementBytes}));
  const std::size_t gated_at =
      reserve(std::max(mlp_rows_ * spec.intermediate, texts * model_.classifier().outputs) * kElementBytes);
  if (total > activations_.size()) {
    QT_TRY_STATUS(check(cudaStreamSynchronize(stream_), "wait for the device"));
    activations_.ensure(total, MemoryOwner::kActivations);
  }
  stream_rows_ = activations_.data() + stream_at;
  inputs_ = activations_.data() + inputs_at;
  codes_ = activations_.data() + codes_at;
  absmax_ = static_cast<float*>(static_cast<void*>(activations_.data() + absmax_at));
  wide_ = activations_.data() + wide_at;
  gated_ = activations_.data() + gated_at;
  return {};
}

void DevicePass::norm(const DeviceNorm& weights, const void* x, void* out, std::uint32_t rows) const {
  const ModelSpec& spec = model_.spec();
  kernels_.norm({.element = model_.element(),
                 .subtract_mean = spec.family == Family::kModernBert,
                 .x = x,
                 .weight = weights.weight,
                 .bias = weights.bias,
                 .epsilon = static_cast<float>(spec.norm_epsilon),
                 .out = out,
                 .quantized = {},
                 .rows = rows,
                 .width = static_cast<std::uint32_t>(spec.hidden)},
                stream_);
}

void DevicePass::quantize_for(const DeviceLinear& linear, const void* x, std::uint32_t rows) const {
  if (!linear.is_i8) return;
  kernels_.quantize({.element = model_.element(),
                     .x = x,
                     .out = {reinterpret_cast<std::int8_t*>(codes_), absmax_, linear.multiplier},
                     .rows = rows,
                     .width = linear.inputs},
                    stream_);
}

void DevicePass::norm_for(const DeviceNorm* weights, const DeviceLinear& linear, const void* x,
                          std::uint32_t rows) const {
  if (weights == nullptr) return quantize_for(linear, x, rows);
  if (!linear.is_i8) return norm(*weights, x, inputs_, rows);
  const ModelSpec& spec = model_.spec();
  kernels_.norm({.element = model_.element(),
                 .subtract_mean = spec.family == Family::kModernBert,
                 .x = x,
                 .weight = weights->weight,
                 .bias = weights->bias,
                 .epsilon = static_cast<float>(spec.norm_epsilon),
                 .out = nullptr,
                 .quantized = {reinterpret_cast<std::int8_t*>(codes_), absmax_, linear.multiplier},
                 .rows = rows,
                 .width = linear.inputs},
                stream_);
}

bool DevicePass::rotates() const {
  constexpr std::uint64_t kRotatedHead = 64;
  return kernels_.float_product != nullptr && model_.spec().head_dim == kRotatedHead;
}

Status DevicePass::product(const DeviceLinear& linear, const void* x, Finish finish, void* out,
                           std::uint32_t rows, double rope_theta) const {
  const bool is_plain = finish == Finish::kStore || finish == Finish::kAdd;
  if (!linear.is_i8 && is_plain) {
    return products_.product({.element = model_.element(),
                              .x = x,
                              .weights = linear.weights,
                              .bias = linear.bias_elements,
                              .adds = finish == Finish::kAdd,
                              .out = out,
                              .rows = rows,
                              .outputs = linear.outputs,
                              .inputs = linear.inputs},
                             stream_);
  }
  const ModelSpec& spec = model_.spec();
  ProductTask task{.element = model_.element(),
                   .x = linear.is_i8 ? codes_ : x,
                   .x_absmax = linear.is_i8 ? absmax_ : nullptr,
                   .weights = linear.weights,
                   .weight_absmax = linear.absmax,
                   .bias = linear.bias,
                   .finish = finish,
                   .out = out,
                   .rows = rows,
                   .outputs = linear.outputs,
                   .inputs = linear.inputs};
  if (finish == Finish::kRotate) {
    task.rotations = rotations_.table(rope_theta);
    task.positions =
        static_cast<const std::uint32_t*>(static_cast<const void*>(device_input_ + input_.positions_at));
    task.rotated = static_cast<std::uint32_t>((spec.heads + spec.kv_heads) * spec.head_dim);
  }
  return check(linear.is_i8 ? kernels_.i8_product(task, stream_) : kernels_.float_product(task, stream_),
               "start a product on the device");
}

Status DevicePass::run_mlp(const DeviceLayer& layer, std::uint32_t rows) {
  const ModelSpec& spec = model_.spec();
  const bool is_gelu = spec.mlp_activation == Activation::kGelu;
  for (std::uint32_t first = 0; first < rows; first += mlp_rows_) {
    const std::uint32_t count = std::min(mlp_rows_, rows - first);
    std::byte* stream = stream_rows_ + first * spec.hidden * kElementBytes;
    norm_for(&layer.mlp_norm, layer.gate_up, stream, count);
    if (gates(layer.gate_up)) {
      QT_TRY_STATUS(
          product(layer.gate_up, inputs_, is_gelu ? Finish::kGateGelu : Finish::kGateSilu, gated_, count));
    } else {
      QT_TRY_STATUS(product(layer.gate_up, inputs_, Finish::kStore, wide_, count));
      kernels_.gate({.element = model_.element(),
                     .gate = gate_of(spec.mlp_activation),
                     .x = wide_,
                     .out = gated_,
                     .rows = count,
                     .width = static_cast<std::uint32_t>(spec.intermediate)},
                    stream_);
    }
    quantize_for(layer.down, gated_, count);
    QT_TRY_STATUS(product(layer.down, gated_, Finish::kAdd, stream, count));
  }
  return {};
}

Status DevicePass::run_layer(std::size_t index, bool is_last) {
  const ModelSpec& spec = model_.spec();
  const DeviceLayer& layer = model_.layer(index);
  const LayerSpec& shape = spec.layers[index];
  const DeviceNorm* attention_norm = layer.attention_norm ? &*layer.attention_norm : nullptr;
  norm_for(attention_norm, layer.qkv, stream_rows_, input_.tokens);
  const bool rotated = rotates();
  QT_TRY_STATUS(product(layer.qkv, attention_norm != nullptr ? inputs_ : stream_rows_,
                        rotated ? Finish::kRotate : Finish::kStore, wide_, input_.tokens, shape.rope_theta));
  const std::size_t query_width = spec.heads * spec.head_dim;
  const std::size_t key_width = spec.kv_heads * spec.head_dim;
  kernels_.attention(
      {.element = model_.element(),
       .queries = wide_,
       .keys = wide_ + query_width * kElementBytes,
       .values = wide_ + (query_width + key_width) * kElementBytes,
       .stride = layer.qkv.outputs,
       .heads = static_cast<std::uint32_t>(spec.heads),
       .kv_heads = static_cast<std::uint32_t>(spec.kv_heads),
       .head_dim = static_cast<std::uint32_t>(spec.head_dim),
       .causal = spec.causal,
       .half_window = shape.half_window ? static_cast<std::int32_t>(*shape.half_window) : -1,
       .rotations = rotated ? nullptr : rotations_.table(shape.rope_theta),
       .items = static_cast<const AttentionItem*>(static_cast<const void*>(device_input_ + input_.items_at)),
       .query_tile = query_tile_for(input_.longest),
       .item_count = input_.items,
       .out = inputs_},
      stream_);
  std::uint32_t rows = input_.tokens;
  std::byte* attended = inputs_;
  if (is_last && pools_one_row()) {
    // Behind attention the last layer is needed for the rows alone that pooling reads. They stand in `wide_`
    // until the stream has been read.
    rows = input_.texts;
    const auto* row_of =
        static_cast<const std::uint32_t*>(static_cast<const void*>(device_input_ + input_.pooled_at));
    const auto gather = [&](const std::byte* from, std::byte* to, std::size_t width) {
      kernels_.gather(
          {.x = from, .row_of = row_of, .out = to, .rows = rows, .width = static_cast<std::uint32_t>(width)},
          stream_);
    };
    std::byte* pooled_stream = wide_ + whole_steps(rows) * query_width * kElementBytes;
    gather(inputs_, wide_, query_width);
    gather(stream_rows_, pooled_stream, spec.hidden);
    attended = wide_;
    QT_TRY_STATUS(check(cudaMemcpyAsync(stream_rows_, pooled_stream, rows * spec.hidden * kElementBytes,
                                        cudaMemcpyDeviceToDevice, stream_),
                        "move rows on the device"));
  }
  quantize_for(layer.attention_output, attended, rows);
  QT_TRY_STATUS(product(layer.attention_output, attended, Finish::kAdd, stream_rows_, rows));
  return run_mlp(layer, rows);
}

Status DevicePass::run_head(float* logits) {
  const ModelSpec& spec = model_.spec();
  const auto hidden = static_cast<std::uint32_t>(spec.hidden);
  std::byte* pooled = stream_rows_;
  if (pools_one_row()) {
    norm(*model_.norm(NormRole::kFinal), stream_rows_, stream_rows_, input_.texts);
  } else {
    norm(*model_.norm(NormRole::kFinal), stream_rows_, stream_rows_, input_.tokens);
    pooled = inputs_;
    kernels_.mean({.element = model_.element(),
                   .x = stream_rows_,
                   .offsets = static_cast<const std::uint32_t*>(
                       static_cast<const void*>(device_input_ + input_.offsets_at)),
                   .out = pooled,
                   .texts = input_.texts,
                   .width = hidden},
                  stream_);
  }
  if (const DeviceLinear* dense = model_.head_dense()) {
    QT_TRY_STATUS(product(*dense, pooled, Finish::kStore, wide_, input_.texts));
    kernels_.activate({.element = model_.element(),
                       .activation = gate_of(spec.head_activation),
                       .x = wide_,
                       .count = input_.texts * hidden},
                      stream_);
    norm(*model_.norm(NormRole::kHead), wide_, wide_, input_.texts);
    pooled = wide_;
  }
  const DeviceLinear& classifier = model_.classifier();
  std::byte* scores = gated_;
  QT_TRY_STATUS(product(classifier, pooled, Finish::kStore, scores, input_.texts));
  kernels_.widen({.element = model_.element(),
                  .x = scores,
                  .out = logits,
                  .rows = input_.texts,
                  .width = classifier.outputs,
                  .columns = static_cast<std::uint32_t>(spec.classes)},
                 stream_);
  return {};
}

Status DevicePass::enqueue(const PassInput& input, const std::byte* device_input, float* logits) {
  QT_TRY_STATUS(prepare(input));
  input_ = input;
  device_input_ = device_input;
  const ModelSpec& spec = model_.spec();
  kernels_.embed(
      {.element = model_.element(),
       .ids = static_cast<const std::int32_t*>(static_cast<const void*>(device_input + input.ids_at)),
       .table = model_.embedding().table,
       .table_absmax = model_.embedding().absmax,
       .out = stream_rows_,
       .rows = input.tokens,
       .width = static_cast<std::uint32_t>(spec.hidden)},
      stream_);
  if (const DeviceNorm* first = model_.norm(NormRole::kEmbedding))
    norm(*first, stream_rows_, stream_rows_, input.tokens);
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer)
    QT_TRY_STATUS(run_layer(layer, layer + 1 == spec.layers.size()));
  QT_TRY_STATUS(run_head(logits));
  return check(cudaGetLastError(), "start kernels on the device");
}

}  // namespace quantier::cuda
