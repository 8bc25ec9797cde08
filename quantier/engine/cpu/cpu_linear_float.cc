// Products in float: whatever is neither multiplied as integers nor as bfloat16 becomes float one panel at a
// time, in cache, and is used for all rows.
#include <algorithm>
#include <array>

#include "quantier/base/half.h"
#include "quantier/engine/cpu/cpu_ops.h"
#include "quantier/formats/fp8_row.h"
#include "quantier/formats/nf4_block.h"

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
  static const std::array<float, 256> table = [] {
    std::array<float, 256> values{};
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = to_float(Fp8E4M3{static_cast<std::uint8_t>(i)});
    return values;
  }();
  const std::uint8_t* codes = weights.codes.data() + panel * k_count * kPanelWidth;
  const float* scale = weights.row_scale.data() + panel * kPanelWidth;
  for (std::size_t k = 0; k < k_count; ++k) {
    for (std::size_t i = 0; i < kPanelWidth; ++i)
      out[k * kPanelWidth + i] = table[codes[k * kPanelWidth + i]] * scale[i];
  }
}

}  // namespace

const float* CpuOps::float_panel(const CpuPanels& panels, std::size_t panel, std::size_t slot) {
  const std::size_t size = panels.in_features * kPanelWidth;
  if (const auto* f32 = std::get_if<F32Panels>(&panels.weights)) return f32->values.data() + panel * size;
  const Expanded wanted{&panels, panel};
  if (expanded_[slot] == wanted) return panel_[slot].data();
  expanded_[slot] = wanted;
  panel_[slot].ensure(size, MemoryOwner::kActivations);
  if (const auto* f16 = std::get_if<F16Panels>(&panels.weights)) {
    kernels_.expand_half(f16->values.data() + panel * size, panel_[slot].data(), size);
  } else if (const auto* bf16 = std::get_if<BF16Panels>(&panels.weights)) {
    const std::size_t panel_size = BF16Panels::pairs(panels.in_features) * 2 * kPanelWidth;
    kernels_.expand_bfloat16_pairs(bf16->values.data() + panel * panel_size, panels.in_features,
                                   panel_[slot].data());
  } else if (const auto* i4 = std::get_if<I4Panels>(&panels.weights)) {
    expand_i4(kernels_, panels.in_features, *i4, panel, panel_[slot].data());
  } else if (const auto* fp8 = std::get_if<Fp8Panels>(&panels.weights)) {
    expand_fp8(panels.in_features, *fp8, panel, panel_[slot].data());
  } else {
    expand_nf4(kernels_, panels, std::get<Nf4Panels>(panels.weights), panel, panel_[slot].data());
  }
  return panel_[slot].data();
}

void CpuOps::multiply_pair_float(const PanelPair& pair, RowBlock rows, const cpu::Epilogue& epilogue) {
  const std::size_t k_count = pair.layers[0]->in_features;
  cpu::Product product{at_hand_.x + rows.first * k_count, k_count * sizeof(float), rows.count, k_count, {}};
  for (std::size_t slot = 0; slot < 2; ++slot) {
    if (pair.layers[slot] == nullptr) continue;
    product.panels[slot] = float_panel(*pair.layers[slot], pair.panels[slot], slot);
    const auto next = pair.next(slot);
    if (next && std::holds_alternative<F32Panels>(pair.layers[slot]->weights))
      product.next_panels[slot] = float_panel(*pair.layers[slot], *next, slot);
  }
  kernels_.multiply_f32(product, epilogue);
}

bool CpuOps::multiplies_bfloat16(const CpuPanels& panels) const {
  // Other inputs would have to be rounded first, which no plan asked for.
  return kernels_.multiply_bf16 != nullptr && rounding_ == cpu::Rounding::kBFloat16 &&
         std::holds_alternative<BF16Panels>(panels.weights);
}

void CpuOps::multiply_pair_bf16(const PanelPair& pair, RowBlock rows, const cpu::Epilogue& epilogue) {
  const std::size_t pairs = BF16Panels::pairs(pair.layers[0]->in_features);
  cpu::Product product{at_hand_.bf16 + rows.first * 2 * pairs, pairs * 4, rows.count, pairs, {}};
  for (std::size_t slot = 0; slot < 2; ++slot) {
    if (pair.layers[slot] == nullptr) continue;
    const std::uint16_t* values = std::get<BF16Panels>(pair.layers[slot]->weights).values.data();
    product.panels[slot] = values + pair.panels[slot] * pairs * 2 * kPanelWidth;
    if (const auto next = pair.next(slot))
      product.next_panels[slot] = values + *next * pairs * 2 * kPanelWidth;
  }
  kernels_.multiply_bf16(product, epilogue);
}

}  // namespace quantier
