#include "quantier/engine/cpu/cpu_ops.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/base/half.h"

namespace quantier {

std::string cpu_kernel_name(WeightFormat format, const cpu::Kernels& kernels) {
  const char* product = "f32_panels";
  if (format == WeightFormat::kF16) product = "f16_panels_to_f32";
  if (format == WeightFormat::kI8Row) product = "i8_panels_i32_sums";
  if (format == WeightFormat::kNf4Block) product = "nf4_panels_to_f32";
  return fmt::format("{}/{}", kernels.name, product);
}

void CpuOps::embed(const ModelWeights& weights, std::span<const std::int32_t> ids, std::span<float> out) {
  const std::size_t width = weights.spec.hidden;
  const auto* f32 = std::get_if<AlignedBuffer<float>>(&weights.embedding);
  const auto* f16 = std::get_if<AlignedBuffer<std::uint16_t>>(&weights.embedding);
  for (std::size_t t = 0; t < ids.size(); ++t) {
    const std::size_t begin = static_cast<std::size_t>(ids[t]) * width;
    float* row = out.data() + t * width;
    if (f32 != nullptr) {
      std::copy_n(f32->data() + begin, width, row);
    } else {
      kernels_.expand_half(f16->data() + begin, row, width);
    }
  }
}

void CpuOps::layer_norm(const NormWeights& norm, double epsilon, std::span<const float> x,
                        std::span<float> y) {
  const std::size_t width = norm.weight.size();
  kernels_.layer_norm(x.data(), x.size() / width, width, norm.weight.data(),
                      norm.bias.empty() ? nullptr : norm.bias.data(), static_cast<float>(epsilon), half_,
                      y.data());
}

void CpuOps::rms_norm(const NormWeights& norm, double epsilon, std::span<const float> x, std::span<float> y) {
  const std::size_t width = norm.weight.size();
  kernels_.rms_norm(x.data(), x.size() / width, width, norm.weight.data(), static_cast<float>(epsilon), half_,
                    y.data());
}

const CpuOps::RotaryTable& CpuOps::rotary_table(double theta, std::size_t head_dim, std::size_t positions) {
  const auto found = std::find_if(
      rotary_tables_.begin(), rotary_tables_.end(),
      [&](const RotaryTable& table) { return table.theta == theta && table.head_dim == head_dim; });
  RotaryTable& table = found != rotary_tables_.end() ? *found : rotary_tables_.emplace_back();
  if (table.positions >= positions) return table;
  const std::size_t half = head_dim / 2;
  table.theta = theta;
  table.head_dim = head_dim;
  table.positions = std::max(positions, 2 * table.positions);
  table.cosine = AlignedBuffer<float>(table.positions * half, MemoryOwner::kActivations);
  table.sine = AlignedBuffer<float>(table.positions * half, MemoryOwner::kActivations);
  for (std::size_t i = 0; i < half; ++i) {
    const double frequency = std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(head_dim));
    for (std::size_t position = 0; position < table.positions; ++position) {
      const double angle = static_cast<double>(position) * frequency;
      table.cosine[position * half + i] = static_cast<float>(std::cos(angle));
      table.sine[position * half + i] = static_cast<float>(std::sin(angle));
    }
  }
  return table;
}

void CpuOps::rope(std::span<float> x, const TokenBatch& batch, std::size_t stride, std::size_t first,
                  std::size_t heads, std::size_t head_dim, double theta) {
  const std::size_t half = head_dim / 2;
  for (std::size_t text = 0; text < batch.size(); ++text) {
    const std::size_t begin = batch.offsets[text];
    const std::size_t length = batch.offsets[text + 1] - begin;
    const RotaryTable& table = rotary_table(theta, head_dim, length);
    for (std::size_t position = 0; position < length; ++position) {
      for (std::size_t head = 0; head < heads; ++head) {
        float* row = x.data() + (begin + position) * stride + first + head * head_dim;
        kernels_.rotate(row, row + half, table.cosine.data() + position * half,
                        table.sine.data() + position * half, half, half_);
      }
    }
  }
}

void CpuOps::gated(Activation activation, const float* gate, const float* up, std::size_t stride,
                   std::size_t rows, std::size_t features, std::span<float> y) {
  const auto apply = activation == Activation::kGelu ? kernels_.gelu_times : kernels_.silu_times;
  for (std::size_t row = 0; row < rows; ++row)
    apply(gate + row * stride, up + row * stride, y.data() + row * features, features, half_);
}

void CpuOps::activate(Activation activation, std::span<float> x) {
  (activation == Activation::kGelu ? kernels_.gelu : kernels_.silu)(x.data(), x.size(), half_);
}

void CpuOps::add(std::span<float> x, std::span<const float> y) {
  kernels_.add(x.data(), y.data(), x.size(), half_);
}

void CpuOps::mean(std::span<const float> x, std::size_t rows, std::span<float> out) {
  // Rounding once, at the end: the sum of many halves is not a half.
  std::fill(out.begin(), out.end(), 0.0F);
  for (std::size_t row = 0; row < rows; ++row)
    kernels_.add(out.data(), x.data() + row * out.size(), out.size(), false);
  for (float& value : out) value /= static_cast<float>(rows);
  if (half_) {
    for (float& value : out) value = round_to_half(value);
  }
}

}  // namespace quantier
