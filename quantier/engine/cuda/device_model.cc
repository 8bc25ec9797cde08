#include "quantier/engine/cuda/device_model.h"

#include <algorithm>
#include <cstring>
#include <cuda_runtime_api.h>
#include <functional>
#include <iterator>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/base/half.h"
#include "quantier/engine/cuda/device.h"
#include "quantier/formats/i8_row.h"
#include "quantier/formats/rounding.h"

namespace quantier::cuda {
namespace {

constexpr std::uint32_t kOutputStep = 8;

std::uint16_t element_bits(Element element, float value) {
  return element == Element::kHalf ? to_half(value).bits : to_bfloat16(value).bits;
}

std::vector<std::uint16_t> element_bits(Element element, std::span<const float> values) {
  std::vector<std::uint16_t> bits(values.size());
  std::ranges::transform(values, bits.begin(), [&](float value) { return element_bits(element, value); });
  return bits;
}

Status upload(const void* target, const void* source, std::size_t bytes) {
  return check(cudaMemcpy(const_cast<void*>(target), source, bytes, cudaMemcpyHostToDevice),
               "copy weights to the device");
}

Status upload(const float* target, std::span<const float> source) {
  return upload(target, source.data(), source.size_bytes());
}

// Sizes first, pointers after the allocation.
class LayOut {
 public:
  template <class T>
  void reserve(const T*& pointer, std::size_t bytes) {
    const std::size_t at = total_;
    total_ += aligned_size(bytes);
    setters_.push_back([&pointer, at](std::byte* base) {
      pointer = static_cast<const T*>(static_cast<const void*>(base + at));
    });
  }
  [[nodiscard]] std::size_t total() const { return total_; }
  void set(std::byte* base) const {
    for (const auto& setter : setters_) setter(base);
  }

 private:
  std::size_t total_ = 0;
  std::vector<std::function<void(std::byte*)>> setters_;
};

}  // namespace

DeviceModel::DeviceModel(const ModelSpec& spec, const Plan& plan)
    : spec_(spec),
      plan_(plan),
      element_(plan.rounding == ActivationRounding::kBFloat16 ? Element::kBFloat16 : Element::kHalf),
      layers_(spec.layers.size()) {
  lay_out();
}

DeviceModel::Place DeviceModel::place_of(const LinearSpec& linear) {
  const auto outputs = static_cast<std::uint32_t>(linear.out_features);
  const auto queries = static_cast<std::uint32_t>(spec_.heads * spec_.head_dim);
  const auto keys = static_cast<std::uint32_t>(spec_.kv_heads * spec_.head_dim);
  DeviceLayer* layer = linear.layer == kNoLayer ? nullptr : &layers_[static_cast<std::size_t>(linear.layer)];
  switch (linear.role) {
    case LinearRole::kAttentionQkv:
    case LinearRole::kAttentionQuery:
      return {&layer->qkv, {{0, outputs, 0, false}}};
    case LinearRole::kAttentionKey:
      return {&layer->qkv, {{0, outputs, queries, false}}};
    case LinearRole::kAttentionValue:
      return {&layer->qkv, {{0, outputs, queries + keys, false}}};
    case LinearRole::kAttentionOutput:
      return {&layer->attention_output, {{0, outputs, 0, false}}};
    case LinearRole::kMlpGateUp:
      return {&layer->gate_up, {{0, outputs / 2, 0, true}, {outputs / 2, outputs / 2, kGateBlock, true}}};
    case LinearRole::kMlpGate:
      return {&layer->gate_up, {{0, outputs, 0, true}}};
    case LinearRole::kMlpUp:
      return {&layer->gate_up, {{0, outputs, kGateBlock, true}}};
    case LinearRole::kMlpDown:
      return {&layer->down, {{0, outputs, 0, false}}};
    case LinearRole::kHeadDense:
      if (!head_dense_) head_dense_.emplace();
      return {&*head_dense_, {{0, outputs, 0, false}}};
    case LinearRole::kClassifier:
      break;
  }
  return {&classifier_, {{0, outputs, 0, false}}};
}

void DeviceModel::lay_out() {
  LayOut lay_out;
  const std::size_t table = spec_.vocabulary * spec_.hidden;
  if (plan_.embedding == EmbeddingFormat::kI8Row) {
    lay_out.reserve(embedding_.table, table);
    lay_out.reserve(embedding_.absmax, spec_.vocabulary * sizeof(float));
  } else {
    lay_out.reserve(embedding_.table, table * sizeof(std::uint16_t));
  }
  struct Extra {
    bool has_bias = false;
    bool is_smooth = false;
  };
  std::map<DeviceLinear*, Extra> matrices;
  std::vector<DeviceLinear*> in_order;
  for (std::size_t i = 0; i < spec_.linears.size(); ++i) {
    const LinearSpec& linear = spec_.linears[i];
    DeviceLinear* matrix = place_of(linear).matrix;
    if (!matrices.contains(matrix)) in_order.push_back(matrix);
    Extra& extra = matrices[matrix];
    extra.has_bias = extra.has_bias || linear.bias.has_value();
    extra.is_smooth = extra.is_smooth || plan_.layers[i].recipe.method == Method::kSmoothQuant;
    matrix->is_i8 = plan_.layers[i].recipe.format == WeightFormat::kI8Row;
    matrix->inputs = static_cast<std::uint32_t>(linear.in_features);
    matrix->outputs += static_cast<std::uint32_t>(linear.out_features);
  }
  for (DeviceLinear* matrix : in_order) {
    matrix->outputs = (matrix->outputs + kOutputStep - 1) / kOutputStep * kOutputStep;
    const std::size_t size = std::size_t{matrix->outputs} * matrix->inputs;
    lay_out.reserve(matrix->weights, size * (matrix->is_i8 ? 1 : sizeof(std::uint16_t)));
    if (matrix->is_i8) lay_out.reserve(matrix->absmax, matrix->outputs * sizeof(float));
    if (matrices[matrix].has_bias) {
      lay_out.reserve(matrix->bias, matrix->outputs * sizeof(float));
      if (!matrix->is_i8) lay_out.reserve(matrix->bias_elements, matrix->outputs * sizeof(std::uint16_t));
    }
    if (matrices[matrix].is_smooth) lay_out.reserve(matrix->multiplier, matrix->inputs * sizeof(float));
  }
  for (const NormSpec& norm : spec_.norms) {
    DeviceNorm* place = nullptr;
    if (norm.role == NormRole::kAttention) {
      place = &layers_[static_cast<std::size_t>(norm.layer)].attention_norm.emplace();
    } else if (norm.role == NormRole::kMlp) {
      place = &layers_[static_cast<std::size_t>(norm.layer)].mlp_norm;
    } else {
      place = &norms_[norm.role];
    }
    lay_out.reserve(place->weight, spec_.hidden * sizeof(float));
    if (norm.bias) lay_out.reserve(place->bias, spec_.hidden * sizeof(float));
  }
  memory_ = DeviceBuffer(lay_out.total(), MemoryOwner::kWeights);
  lay_out.set(memory_.data());
  // Outputs beyond the classes, biases that only some of gathered layers have.
  (void)cudaMemset(memory_.data(), 0, memory_.size());
}

const DeviceNorm* DeviceModel::norm(NormRole role) const {
  const auto found = norms_.find(role);
  return found == norms_.end() ? nullptr : &found->second;
}

Status DeviceModel::set_embedding_rows(std::uint64_t first_row, const TensorView& rows) {
  const std::uint64_t width = spec_.hidden;
  const std::uint64_t count = rows.element_count() / width;
  std::vector<float> values(count * width);
  copy_as_float(rows, 0, values);
  const auto* table = static_cast<const std::byte*>(embedding_.table);
  if (embedding_.absmax == nullptr) {
    const std::vector<std::uint16_t> bits = element_bits(element_, values);
    return upload(table + first_row * width * sizeof(std::uint16_t), bits.data(),
                  bits.size() * sizeof(std::uint16_t));
  }
  std::vector<float> absmax(count);
  std::vector<std::int8_t> codes(values.size());
  std::ranges::transform(values, values.begin(), round_to_half);
  for (std::uint64_t row = 0; row < count; ++row) {
    const auto of_row = std::span(values).subspan(row * width, width);
    absmax[row] = i8_row_absmax(of_row);
    i8_quantize_row(of_row, absmax[row], std::span(codes).subspan(row * width, width));
  }
  QT_TRY_STATUS(upload(table + first_row * width, codes.data(), codes.size()));
  return upload(embedding_.absmax + first_row, absmax);
}

Status DeviceModel::set_norm(const NormSpec& norm, const TensorView& weight, const TensorView* bias) {
  const DeviceNorm* place = nullptr;
  if (norm.role == NormRole::kAttention) {
    place = &*layers_[static_cast<std::size_t>(norm.layer)].attention_norm;
  } else if (norm.role == NormRole::kMlp) {
    place = &layers_[static_cast<std::size_t>(norm.layer)].mlp_norm;
  } else {
    place = &norms_.at(norm.role);
  }
  std::vector<float> values(spec_.hidden);
  const auto read = [&](const TensorView& tensor) {
    copy_as_float(tensor, 0, values);
    for (float& value : values) value = rounded(value, plan_.rounding);
  };
  read(weight);
  QT_TRY_STATUS(upload(place->weight, values));
  if (bias == nullptr) return {};
  QT_CHECK(place->bias != nullptr, "a norm has the bias that its spec names");
  read(*bias);
  return upload(place->bias, values);
}

Status DeviceModel::put_rows(const void* target, const void* source, std::size_t row_bytes,
                             const Place& place) const {
  auto* to = static_cast<std::byte*>(const_cast<void*>(target));
  const auto* from = static_cast<const std::byte*>(source);
  for (const Placement& part : place.placements) {
    const std::size_t block = part.alternates ? kGateBlock : part.rows;
    QT_TRY_STATUS(check(cudaMemcpy2D(to + part.target_row * row_bytes, 2 * block * row_bytes,
                                     from + part.source_row * row_bytes, block * row_bytes, block * row_bytes,
                                     part.rows / block, cudaMemcpyHostToDevice),
                        "copy weights to the device"));
  }
  return {};
}

Status DeviceModel::set_linear(const LinearSpec& linear, const PackedLinear& packed) {
  const Place place = place_of(linear);
  DeviceLinear& matrix = *place.matrix;
  if (const auto* i8 = std::get_if<I8RowWeights>(&packed.weights)) {
    QT_TRY_STATUS(put_rows(matrix.weights, i8->codes.data(), packed.in_features, place));
    QT_TRY_STATUS(put_rows(matrix.absmax, i8->row_absmax.data(), sizeof(float), place));
  } else {
    const auto* f16 = std::get_if<F16Weights>(&packed.weights);
    const std::uint16_t* bits =
        f16 != nullptr ? f16->values.data() : std::get<BF16Weights>(packed.weights).values.data();
    QT_TRY_STATUS(put_rows(matrix.weights, bits, packed.in_features * sizeof(std::uint16_t), place));
    if (!packed.bias.empty()) {
      const std::vector<std::uint16_t> bias = element_bits(element_, packed.bias);
      QT_TRY_STATUS(put_rows(matrix.bias_elements, bias.data(), sizeof(std::uint16_t), place));
    }
  }
  if (!packed.bias.empty()) QT_TRY_STATUS(put_rows(matrix.bias, packed.bias.data(), sizeof(float), place));
  return set_multiplier(linear, packed.input.multiplier, matrix);
}

Status DeviceModel::set_multiplier(const LinearSpec& linear, const std::vector<float>& multiplier,
                                   const DeviceLinear& matrix) {
  if (matrix.multiplier == nullptr && multiplier.empty()) return {};
  // Nothing is multiplied where the scales were folded into what comes before.
  const std::vector<float> values = multiplier.empty() ? std::vector<float>(matrix.inputs, 1.0F) : multiplier;
  const auto [before, is_first] = multipliers_.emplace(&matrix, values);
  if (matrix.multiplier == nullptr || (!is_first && before->second != values)) {
    return fail(ErrorKind::kUnsupported, "these weights do not run on a CUDA device", linear.name,
                "its inputs have a multiplier that its neighbours' do not have", "use --device cpu");
  }
  return is_first ? upload(matrix.multiplier, values) : Status();
}

}  // namespace quantier::cuda
