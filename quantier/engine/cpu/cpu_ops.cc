#include "quantier/engine/cpu/cpu_ops.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/formats/rounding.h"

namespace quantier {

std::string cpu_kernel_name(const LayerRecipe& recipe, ActivationRounding rounding,
                            const cpu::Kernels& kernels) {
  const char* product = "f32_panels";
  switch (recipe.format) {
    case WeightFormat::kF32:
      break;
    case WeightFormat::kF16:
      product = "f16_panels_to_f32";
      break;
    case WeightFormat::kBF16:
      product = kernels.multiply_bf16 != nullptr && rounding == ActivationRounding::kBFloat16
                    ? "bf16_pairs"
                    : "bf16_pairs_to_f32";
      break;
    case WeightFormat::kI8Row:
      product = "i8_panels_i32_sums";
      break;
    case WeightFormat::kNf4Block:
      product = "nf4_panels_to_f32";
      break;
    case WeightFormat::kI4Group:
      product = recipe.input == InputFormat::kI8 ? "i4_panels_to_i8_i32_sums" : "i4_panels_to_f32";
      break;
    case WeightFormat::kFp8Row:
      product = "fp8_panels_to_f32";
      break;
  }
  return fmt::format("{}/{}", kernels.name, product);
}

cpu::Rounding CpuOps::kernel_rounding(ActivationRounding rounding) {
  switch (rounding) {
    case ActivationRounding::kHalf:
      return cpu::Rounding::kHalf;
    case ActivationRounding::kBFloat16:
      return cpu::Rounding::kBFloat16;
    case ActivationRounding::kNone:
      break;
  }
  return cpu::Rounding::kNone;
}

void CpuOps::embed(const ModelWeights& weights, std::span<const std::int32_t> ids, std::span<float> out) {
  const std::size_t width = weights.spec.hidden;
  const Embedding::Table& table = weights.embedding.table();
  const auto* f16 = std::get_if<F16Embedding>(&table);
  const auto* bf16 = std::get_if<BF16Embedding>(&table);
  for (std::size_t t = 0; t < ids.size(); ++t) {
    const auto index = static_cast<std::size_t>(ids[t]);
    float* row = out.data() + t * width;
    if (f16 != nullptr) {
      kernels_.expand_half(f16->bits.data() + index * width, row, width);
    } else if (bf16 != nullptr) {
      kernels_.expand_bfloat16(bf16->bits.data() + index * width, row, width);
    } else {
      weights.embedding.row(index, std::span(row, width));
    }
  }
}

void CpuOps::layer_norm(const NormWeights& norm, double epsilon, std::span<const float> x,
                        std::span<float> y) {
  const std::size_t width = norm.weight.size();
  kernels_.layer_norm(x.data(), x.size() / width, width, norm.weight.data(),
                      norm.bias.empty() ? nullptr : norm.bias.data(), static_cast<float>(epsilon), rounding_,
                      y.data());
}

void CpuOps::rms_norm(const NormWeights& norm, double epsilon, std::span<const float> x, std::span<float> y) {
  const std::size_t width = norm.weight.size();
  kernels_.rms_norm(x.data(), x.size() / width, width, norm.weight.data(), static_cast<float>(epsilon),
                    rounding_, y.data());
}

const CpuOps::RotaryTable& CpuOps::rotary_table(double theta, std::size_t head_dim, std::size_t positions) {
  const auto found = std::find_if(
      rotary_tables_.begin(), rotary_tables_.end(),
      [&](const RotaryTable& table) { return table.theta == theta && table.head_dim == head_dim; });
  if (found != rotary_tables_.end() && found->positions >= positions) return *found;
  // Complete before it takes the place of the shorter one: memory may end on the way.
  RotaryTable table;
  const std::size_t half = head_dim / 2;
  table.theta = theta;
  table.head_dim = head_dim;
  table.positions = found != rotary_tables_.end() ? std::max(positions, 2 * found->positions) : positions;
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
  if (found == rotary_tables_.end()) return rotary_tables_.emplace_back(std::move(table));
  *found = std::move(table);
  return *found;
}

void CpuOps::rope(std::span<float> x, const TokenBatch& batch, std::size_t first_row, std::size_t stride,
                  std::size_t first, std::size_t heads, std::size_t head_dim, double theta) {
  const std::size_t half = head_dim / 2;
  for (std::size_t text = 0; text < batch.size(); ++text) {
    const std::size_t begin = batch.offsets[text];
    const std::size_t end = std::min<std::size_t>(batch.offsets[text + 1], first_row + x.size() / stride);
    if (end <= first_row) continue;
    const RotaryTable& table = rotary_table(theta, head_dim, end - begin);
    for (std::size_t row = std::max(begin, first_row); row < end; ++row) {
      const std::size_t position = row - begin;
      kernels_.rotate(x.data() + (row - first_row) * stride + first, heads, half,
                      table.cosine.data() + position * half, table.sine.data() + position * half, rounding_);
    }
  }
}

void CpuOps::gated(Activation activation, const float* gate, const float* up, std::size_t stride,
                   std::size_t rows, std::size_t features, std::span<float> y) {
  const auto apply = activation == Activation::kGelu ? kernels_.gelu_times : kernels_.silu_times;
  for (std::size_t row = 0; row < rows; ++row)
    apply(gate + row * stride, up + row * stride, y.data() + row * features, features, rounding_);
}

void CpuOps::activate(Activation activation, std::span<float> x) {
  (activation == Activation::kGelu ? kernels_.gelu : kernels_.silu)(x.data(), x.size(), rounding_);
}

void CpuOps::add(std::span<float> x, std::span<const float> y) {
  kernels_.add(x.data(), y.data(), x.size(), rounding_);
}

void CpuOps::mean(std::span<const float> x, std::size_t rows, std::span<float> out) {
  // Rounding once, at the end: the sum of many halves is not a half.
  std::fill(out.begin(), out.end(), 0.0F);
  for (std::size_t row = 0; row < rows; ++row)
    kernels_.add(out.data(), x.data() + row * out.size(), out.size(), cpu::Rounding::kNone);
  for (float& value : out) value = rounded(value / static_cast<float>(rows), plan_.rounding);
}

}  // namespace quantier
