// Linear layers over panels of sixteen outputs. Whatever is not multiplied as integers becomes float one
// panel at a time, in cache, and is used for all rows.
#include <algorithm>
#include <array>
#include <cmath>

#include "quantier/engine/cpu/cpu_ops.h"
#include "quantier/formats/fp8_row.h"
#include "quantier/formats/nf4_block.h"
#include "quantier/formats/rounding.h"

namespace quantier {
namespace {

// The absmax of block `k / 64` of sixteen outputs at input k.
std::array<float, kPanelWidth> panel_absmax(const CpuPanels& panels, const Nf4Weights& scales,
                                            std::size_t panel, std::size_t k) {
  std::array<float, kPanelWidth> out{};
  for (std::size_t i = 0; i < kPanelWidth; ++i) {
    const std::size_t n = panel * kPanelWidth + i;
    if (n < panels.out_features)
      out[i] = nf4_absmax(scales, (n * panels.in_features + k) / kNf4BlockElements);
  }
  return out;
}

void expand_nf4(const cpu::Kernels& kernels, const CpuPanels& panels, const Nf4Panels& weights,
                std::size_t panel, float* out) {
  const std::size_t k_count = panels.in_features;
  const std::uint8_t* codes = weights.codes.data() + panel * k_count * (kPanelWidth / 2);
  // Where blocks straddle rows, sixteen outputs change block at sixteen different inputs.
  const std::size_t step = k_count % kNf4BlockElements == 0 ? kNf4BlockElements : 1;
  for (std::size_t k = 0; k < k_count; k += step) {
    const auto absmax = panel_absmax(panels, weights.scales, panel, k);
    kernels.expand_nf4(codes + k * (kPanelWidth / 2), step, nf4_table().data(), absmax.data(),
                       out + k * kPanelWidth);
  }
}

void expand_i4(const cpu::Kernels& kernels, std::size_t k_count, const I4Panels& weights, std::size_t panel,
               float* out) {
  const std::uint8_t* codes = weights.codes.data() + panel * k_count * (kPanelWidth / 2);
  const std::size_t groups = i4_groups(k_count, weights.group);
  const std::size_t step = weights.group == 0 ? k_count : weights.group;
  std::array<float, kPanelWidth> zero{};
  std::array<float, kPanelWidth> scale{};
  const auto take_group = [&](std::size_t group) {
    const std::size_t at = (panel * groups + group) * kPanelWidth;
    for (std::size_t i = 0; i < kPanelWidth; ++i) {
      scale[i] = to_float(Half{weights.scales[at + i]});
      zero[i] = weights.zeros.empty() ? 8.0F : static_cast<float>(weights.zeros[at + i]);
    }
  };
  const auto expand = [&](std::size_t k, std::size_t inputs) {
    kernels.expand_i4(codes + k * (kPanelWidth / 2), inputs, zero.data(), scale.data(),
                      out + k * kPanelWidth);
  };
  if (weights.group_of_input.empty()) {
    for (std::size_t k = 0; k < k_count; k += step) {
      take_group(k / step);
      expand(k, std::min(step, k_count - k));
    }
    return;
  }
  for (std::size_t k = 0; k < k_count; ++k) {
    take_group(weights.group_of_input[k]);
    expand(k, 1);
  }
}

void expand_fp8(std::size_t k_count, const Fp8Panels& weights, std::size_t panel, float* out) {
  static const std::array<float, 256> kValues = [] {
    std::array<float, 256> values{};
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = to_float(Fp8E4M3{static_cast<std::uint8_t>(i)});
    return values;
  }();
  const std::uint8_t* codes = weights.codes.data() + panel * k_count * kPanelWidth;
  const float* scale = weights.row_scale.data() + panel * kPanelWidth;
  for (std::size_t k = 0; k < k_count; ++k) {
    for (std::size_t i = 0; i < kPanelWidth; ++i)
      out[k * kPanelWidth + i] = kValues[codes[k * kPanelWidth + i]] * scale[i];
  }
}

}  // namespace

void CpuOps::linear(const LinearWeights& weights, std::span<const float> x,
                    std::span<const std::uint32_t> scopes, std::span<float> y) {
  const auto& panels = std::get<CpuPanels>(weights);
  const std::size_t rows = scopes.back();
  const auto given = x.first(rows * panels.in_features);
  const auto inputs = prepared(panels, given);
  const auto* i4 = std::get_if<I4Panels>(&panels.weights);
  if (const auto* i8 = std::get_if<I8Panels>(&panels.weights)) {
    multiply_int8(panels, *i8, inputs, scopes, y);
  } else if (i4 != nullptr && panels.input.format == InputFormat::kI8) {
    multiply_i4_i8(panels, *i4, inputs, rows, y);
  } else {
    multiply_float(panels, inputs, rows, y);
  }
  if (panels.low_rank.rank != 0) add_low_rank(panels, given, rows, y);
}

std::span<const float> CpuOps::prepared(const CpuPanels& panels, std::span<const float> x) {
  const auto& multiplier = panels.input.multiplier;
  const bool is_fp8 = panels.input.format == InputFormat::kFp8;
  if (multiplier.empty() && !is_fp8) return x;
  prepared_.ensure(x.size(), MemoryOwner::kActivations);
  const std::size_t columns = panels.in_features;
  for (std::size_t begin = 0; begin < x.size(); begin += columns) {
    const auto row = prepared_.span().subspan(begin, columns);
    std::copy_n(x.begin() + static_cast<std::ptrdiff_t>(begin), columns, row.begin());
    for (std::size_t k = 0; k < multiplier.size(); ++k)
      row[k] = rounded(row[k] * multiplier[k], plan_.rounding);
    if (is_fp8) fp8_round_row(row);
  }
  return prepared_.span().first(x.size());
}

cpu::Epilogue CpuOps::epilogue(const CpuPanels& panels, std::size_t panel) const {
  return {.bias = panels.bias.empty() ? nullptr : panels.bias.data() + panel * kPanelWidth,
          .rounding = rounding_};
}

const float* CpuOps::float_panel(const CpuPanels& panels, std::size_t panel) {
  const std::size_t size = panels.in_features * kPanelWidth;
  if (const auto* f32 = std::get_if<F32Panels>(&panels.weights)) return f32->values.data() + panel * size;
  panel_.ensure(size, MemoryOwner::kActivations);
  if (const auto* f16 = std::get_if<F16Panels>(&panels.weights)) {
    kernels_.expand_half(f16->values.data() + panel * size, panel_.data(), size);
  } else if (const auto* bf16 = std::get_if<BF16Panels>(&panels.weights)) {
    kernels_.expand_bfloat16(bf16->values.data() + panel * size, panel_.data(), size);
  } else if (const auto* i4 = std::get_if<I4Panels>(&panels.weights)) {
    expand_i4(kernels_, panels.in_features, *i4, panel, panel_.data());
  } else if (const auto* fp8 = std::get_if<Fp8Panels>(&panels.weights)) {
    expand_fp8(panels.in_features, *fp8, panel, panel_.data());
  } else {
    expand_nf4(kernels_, panels, std::get<Nf4Panels>(panels.weights), panel, panel_.data());
  }
  return panel_.data();
}

void CpuOps::multiply_float(const CpuPanels& panels, std::span<const float> x, std::size_t rows,
                            std::span<float> y) {
  const std::size_t n_count = panels.out_features;
  const std::size_t k_count = panels.in_features;
  for (std::size_t panel = 0; panel < panels.panel_count(); ++panel) {
    const std::size_t first = panel * kPanelWidth;
    kernels_.multiply_panel(x.data(), k_count, rows, k_count, float_panel(panels, panel),
                            epilogue(panels, panel), y.data() + first, n_count,
                            std::min(kPanelWidth, n_count - first));
  }
}

void CpuOps::multiply_halves(const AlignedBuffer<std::uint16_t>& panels, std::size_t outputs,
                             std::size_t inputs, const float* x, std::size_t rows, float* out) {
  panel_.ensure(inputs * kPanelWidth, MemoryOwner::kActivations);
  for (std::size_t first = 0; first < outputs; first += kPanelWidth) {
    kernels_.expand_half(panels.data() + first * inputs, panel_.data(), inputs * kPanelWidth);
    kernels_.multiply_panel(x, inputs, rows, inputs, panel_.data(), {.bias = nullptr, .rounding = rounding_},
                            out + first, outputs, std::min(kPanelWidth, outputs - first));
  }
}

void CpuOps::add_low_rank(const CpuPanels& panels, std::span<const float> x, std::size_t rows,
                          std::span<float> y) {
  const LowRankPanels& adapter = panels.low_rank;
  const std::size_t n_count = panels.out_features;
  low_rank_x_.ensure(rows * adapter.rank, MemoryOwner::kActivations);
  low_rank_y_.ensure(rows * n_count, MemoryOwner::kActivations);
  multiply_halves(adapter.a, adapter.rank, panels.in_features, x.data(), rows, low_rank_x_.data());
  multiply_halves(adapter.b, n_count, adapter.rank, low_rank_x_.data(), rows, low_rank_y_.data());
  for (float& value : low_rank_y_.span().first(rows * n_count))
    value = rounded(value * adapter.scaling, plan_.rounding);
  kernels_.add(y.data(), low_rank_y_.data(), rows * n_count, rounding_);
}

}  // namespace quantier
