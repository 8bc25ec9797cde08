// Four-bit weights times int8 inputs: a panel of codes becomes int8, less its zero points, in cache, and
// every group of inputs is one integer product with its own scale. formats/i4_group.h has the arithmetic.
#include <algorithm>
#include <array>

#include "quantier/base/check.h"
#include "quantier/base/half.h"
#include "quantier/engine/cpu/cpu_ops.h"
#include "quantier/formats/i4_group.h"

namespace quantier {
namespace {

std::size_t group_inputs(const I4Panels& weights, std::size_t inputs) {
  return weights.group == 0 ? inputs : weights.group;
}

}  // namespace

void CpuOps::expand_i4_panel(const CpuPanels& panels, std::size_t panel, std::size_t slot) {
  const Expanded wanted{&panels, panel};
  if (expanded_[slot] == wanted) return;
  expanded_[slot] = wanted;
  const auto& weights = std::get<I4Panels>(panels.weights);
  const std::size_t k_count = panels.in_features;
  const std::size_t groups = i4_groups(k_count, weights.group);
  const std::size_t step = group_inputs(weights, k_count);
  QT_CHECK((groups == 1 || step % 4 == 0) && weights.group_of_input.empty(), "groups are whole quads");
  i8_panel_[slot].ensure(I8Panels::quads(k_count) * 4 * kPanelWidth, MemoryOwner::kActivations);
  group_scale_[slot].ensure(groups * kPanelWidth, MemoryOwner::kActivations);
  surplus_[slot].ensure(groups * kPanelWidth, MemoryOwner::kActivations);
  const std::uint8_t* codes = weights.codes.data() + panel * k_count * (kPanelWidth / 2);
  std::array<std::uint8_t, kPanelWidth> zero{};
  zero.fill(kI4Middle);
  for (std::size_t group = 0; group < groups; ++group) {
    const std::size_t begin = group * step;
    const std::size_t at = (panel * groups + group) * kPanelWidth;
    kernels_.expand_half(weights.scales.data() + at, group_scale_[slot].data() + group * kPanelWidth,
                         kPanelWidth);
    if (!weights.zeros.empty()) std::copy_n(weights.zeros.data() + at, kPanelWidth, zero.data());
    kernels_.expand_i4_to_i8(codes + begin * (kPanelWidth / 2), std::min(step, k_count - begin), zero.data(),
                             i8_panel_[slot].data() + begin * kPanelWidth,
                             surplus_[slot].data() + group * kPanelWidth);
  }
}

void CpuOps::multiply_pair_i4(const PanelPair& pair, RowBlock rows, const cpu::Epilogue& epilogue) {
  const std::size_t k_count = pair.layers[0]->in_features;
  const std::size_t quads = I8Panels::quads(k_count);
  const auto& weights = std::get<I4Panels>(pair.layers[0]->weights);
  const std::size_t step = group_inputs(weights, k_count);
  cpu::Product product{at_hand_.codes + rows.first * 4 * quads, 4 * quads, rows.count, quads, {}};
  cpu::IntegerScales scales{.steps_per_group = I8Panels::quads(step),
                            .is_grouped = true,
                            .is_narrow = true,
                            .row_absmax = at_hand_.row_absmax + rows.first,
                            .scale = 1.0F / 127.0F};
  for (std::size_t slot = 0; slot < 2; ++slot) {
    if (pair.layers[slot] == nullptr) continue;
    expand_i4_panel(*pair.layers[slot], pair.panels[slot], slot);
    product.panels[slot] = i8_panel_[slot].data();
    scales.surplus[slot] = surplus_[slot].data();
    scales.column[slot] = group_scale_[slot].data();
  }
  kernels_.multiply_i8(product, scales, epilogue);
}

}  // namespace quantier
