// Four-bit weights times int8 inputs: a panel of codes becomes int8, less its zero points, in cache, and
// every group of inputs is one integer product with its own scale. formats/i4_group.h has the arithmetic.
#include <algorithm>
#include <array>

#include "quantier/base/check.h"
#include "quantier/base/half.h"
#include "quantier/engine/cpu/cpu_ops.h"
#include "quantier/formats/i4_group.h"
#include "quantier/formats/rounding.h"

namespace quantier {

void CpuOps::multiply_i4_i8(const CpuPanels& panels, const I4Panels& weights, std::span<const float> x,
                            std::size_t rows, std::span<float> y) {
  const std::size_t n_count = panels.out_features;
  const std::size_t k_count = panels.in_features;
  const std::size_t groups = i4_groups(k_count, weights.group);
  const std::size_t step = weights.group == 0 ? k_count : weights.group;
  QT_CHECK((groups == 1 || step % 4 == 0) && weights.group_of_input.empty(), "groups are whole quads");
  const std::size_t stride = 4 * I8Panels::quads(k_count);
  const std::array<std::uint32_t, 2> scope = {0, static_cast<std::uint32_t>(rows)};
  quantize_activations(panels.input, k_count, x, scope);
  i8_panel_.ensure(stride * kPanelWidth, MemoryOwner::kActivations);
  group_y_.ensure(rows * kPanelWidth, MemoryOwner::kActivations);

  for (std::size_t panel = 0; panel < panels.panel_count(); ++panel) {
    const std::size_t first = panel * kPanelWidth;
    const std::size_t count = std::min(kPanelWidth, n_count - first);
    const std::uint8_t* codes = weights.codes.data() + panel * k_count * (kPanelWidth / 2);
    for (std::size_t group = 0; group < groups; ++group) {
      const std::size_t begin = group * step;
      const std::size_t end = std::min(begin + step, k_count);
      const std::size_t at = (panel * groups + group) * kPanelWidth;
      std::array<float, kPanelWidth> scale{};
      std::array<int, kPanelWidth> zero{};
      std::array<std::int32_t, kPanelWidth> surplus{};
      for (std::size_t i = 0; i < kPanelWidth; ++i) {
        scale[i] = to_float(Half{weights.scales[at + i]});
        zero[i] = weights.zeros.empty() ? kI4Middle : weights.zeros[at + i];
      }
      const std::size_t quads = I8Panels::quads(end - begin);
      std::fill_n(i8_panel_.data(), quads * 4 * kPanelWidth, std::int8_t{0});
      for (std::size_t k = begin; k < end; ++k) {
        const std::uint8_t* pairs = codes + k * (kPanelWidth / 2);
        for (std::size_t i = 0; i < kPanelWidth; ++i) {
          const int code = i < 8 ? pairs[i] & 0xF : pairs[i - 8] >> 4;
          i8_panel_[I8Panels::index(k - begin, i)] = static_cast<std::int8_t>(code - zero[i]);
          surplus[i] += 128 * (code - zero[i]);
        }
      }
      kernels_.multiply_panel_i8(codes_.data() + begin, stride, rows, quads, i8_panel_.data(), surplus.data(),
                                 row_absmax_.data(), scale.data(), 1.0F / 127.0F, {}, group_y_.data(),
                                 kPanelWidth, kPanelWidth);
      for (std::size_t row = 0; row < rows; ++row) {
        float* out = y.data() + row * n_count + first;
        const float* sums = group_y_.data() + row * kPanelWidth;
        for (std::size_t i = 0; i < count; ++i) out[i] = group == 0 ? sums[i] : out[i] + sums[i];
      }
    }
    const float* bias = epilogue(panels, panel).bias;
    for (std::size_t row = 0; row < rows; ++row) {
      float* out = y.data() + row * n_count + first;
      for (std::size_t i = 0; i < count; ++i)
        out[i] = rounded(bias == nullptr ? out[i] : out[i] + bias[i], plan_.rounding);
    }
  }
}

}  // namespace quantier
