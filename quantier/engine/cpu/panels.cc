#include "quantier/engine/cpu/panels.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "quantier/formats/i4_group.h"

namespace quantier {
namespace {

// out[P, K, 16] from in[N, K].
template <class T>
AlignedBuffer<T> side_by_side(const AlignedBuffer<T>& in, std::size_t n_count, std::size_t k_count) {
  const std::size_t panels = (n_count + kPanelWidth - 1) / kPanelWidth;
  AlignedBuffer<T> out(panels * k_count * kPanelWidth, MemoryOwner::kWeights);
  for (std::size_t n = 0; n < n_count; ++n) {
    T* column = out.data() + n / kPanelWidth * k_count * kPanelWidth + n % kPanelWidth;
    for (std::size_t k = 0; k < k_count; ++k) column[k * kPanelWidth] = in[n * k_count + k];
  }
  return out;
}

// out[P, groups, 16] from in[N, groups].
template <class T>
AlignedBuffer<T> groups_side_by_side(const AlignedBuffer<T>& in, std::size_t n_count, std::size_t groups) {
  return in.empty() ? AlignedBuffer<T>() : side_by_side(in, n_count, groups);
}

// out[P, ceil(K / 2), 16, 2] from in[N, K].
AlignedBuffer<std::uint16_t> pairs_side_by_side(const AlignedBuffer<std::uint16_t>& in, std::size_t n_count,
                                                std::size_t k_count) {
  const std::size_t panels = (n_count + kPanelWidth - 1) / kPanelWidth;
  const std::size_t panel_size = BF16Panels::pairs(k_count) * kPanelWidth * 2;
  AlignedBuffer<std::uint16_t> out(panels * panel_size, MemoryOwner::kWeights);
  for (std::size_t n = 0; n < n_count; ++n) {
    std::uint16_t* column = out.data() + n / kPanelWidth * panel_size + n % kPanelWidth * 2;
    for (std::size_t k = 0; k < k_count; ++k) column[k / 2 * 2 * kPanelWidth + k % 2] = in[n * k_count + k];
  }
  return out;
}

AlignedBuffer<float> padded(std::span<const float> values, std::size_t panels) {
  if (values.empty()) return {};
  AlignedBuffer<float> out(panels * kPanelWidth, MemoryOwner::kWeights);
  std::copy(values.begin(), values.end(), out.data());
  return out;
}

I8Panels arrange(const I8RowWeights& in, std::size_t n_count, std::size_t k_count, std::size_t panels) {
  const std::size_t panel_bytes = I8Panels::quads(k_count) * kPanelWidth * 4;
  I8Panels out{AlignedBuffer<std::int8_t>(panels * panel_bytes, MemoryOwner::kWeights),
               AlignedBuffer<std::int32_t>(panels * kPanelWidth, MemoryOwner::kWeights),
               padded(in.row_absmax.span(), panels),
               {}};
  for (std::size_t n = 0; n < n_count; ++n) {
    std::int8_t* panel = out.codes.data() + n / kPanelWidth * panel_bytes;
    std::int32_t sum = 0;
    for (std::size_t k = 0; k < k_count; ++k) {
      const std::int8_t code = in.codes[n * k_count + k];
      panel[I8Panels::index(k, n % kPanelWidth)] = code;
      sum += code;
    }
    out.surplus[n] = 128 * sum;
  }
  if (!in.outlier_f16.empty()) out.outlier_f16 = side_by_side(in.outlier_f16, n_count, k_count);
  return out;
}

Nf4Panels arrange(Nf4Weights&& in, std::size_t n_count, std::size_t k_count, std::size_t panels) {
  constexpr std::size_t kBytes = kPanelWidth / 2;
  Nf4Panels out{AlignedBuffer<std::uint8_t>(panels * k_count * kBytes, MemoryOwner::kWeights), {}};
  for (std::size_t n = 0; n < n_count; ++n) {
    std::uint8_t* column = out.codes.data() + n / kPanelWidth * k_count * kBytes + n % kBytes;
    const int shift = n % kPanelWidth < kBytes ? 0 : 4;
    for (std::size_t k = 0; k < k_count; ++k) {
      const std::size_t element = n * k_count + k;
      const int code = in.packed[element / 2] >> (element % 2 == 0 ? 4 : 0) & 0xF;
      column[k * kBytes] = static_cast<std::uint8_t>(column[k * kBytes] | code << shift);
    }
  }
  in.packed = {};
  out.scales = std::move(in);
  return out;
}

I4Panels arrange(I4GroupWeights&& in, std::size_t n_count, std::size_t k_count, std::size_t panels) {
  constexpr std::size_t kBytes = kPanelWidth / 2;
  const std::size_t groups = i4_groups(k_count, in.group);
  I4Panels out{in.group, AlignedBuffer<std::uint8_t>(panels * k_count * kBytes, MemoryOwner::kWeights),
               groups_side_by_side(in.scales, n_count, groups),
               groups_side_by_side(in.zeros, n_count, groups), std::move(in.group_of_input)};
  // Rows j and j + 8 of a panel share bytes; a stored byte holds two inputs of one row.
  const std::size_t row_bytes = (k_count + 1) / 2;
  const std::vector<std::uint8_t> nothing(row_bytes, 0);
  for (std::size_t row = 0; row < panels * kPanelWidth; ++row) {
    const std::size_t at = row % kPanelWidth;
    if (at >= kBytes) continue;
    const auto stored = [&](std::size_t n) {
      return n < n_count ? in.codes.data() + n * row_bytes : nothing.data();
    };
    const std::uint8_t* low = stored(row);
    const std::uint8_t* high = stored(row + kBytes);
    std::uint8_t* column = out.codes.data() + row / kPanelWidth * k_count * kBytes + at;
    for (std::size_t pair = 0; pair < k_count / 2; ++pair, column += 2 * kBytes) {
      column[0] = static_cast<std::uint8_t>((low[pair] & 0x0FU) | (high[pair] & 0x0FU) << 4U);
      column[kBytes] = static_cast<std::uint8_t>(low[pair] >> 4U | (high[pair] & 0xF0U));
    }
    if (k_count % 2 == 1)
      column[0] =
          static_cast<std::uint8_t>((low[row_bytes - 1] & 0x0FU) | (high[row_bytes - 1] & 0x0FU) << 4U);
  }
  in.codes = {};
  return out;
}

LowRankPanels arrange(const LowRank& in, std::size_t n_count, std::size_t k_count) {
  if (in.rank == 0) return {};
  return {in.rank, in.scaling, side_by_side(in.a, in.rank, k_count), side_by_side(in.b, n_count, in.rank)};
}

}  // namespace

CpuPanels arrange_in_panels(PackedLinear&& packed) {
  CpuPanels out;
  out.out_features = packed.out_features;
  out.in_features = packed.in_features;
  const std::size_t n_count = packed.out_features;
  const std::size_t k_count = packed.in_features;
  out.bias = padded(packed.bias, out.panel_count());
  out.input = std::move(packed.input);
  out.low_rank = arrange(packed.low_rank, n_count, k_count);
  if (const auto* f32 = std::get_if<F32Weights>(&packed.weights)) {
    out.weights = F32Panels{side_by_side(f32->values, n_count, k_count)};
  } else if (const auto* f16 = std::get_if<F16Weights>(&packed.weights)) {
    out.weights = F16Panels{side_by_side(f16->values, n_count, k_count)};
  } else if (const auto* bf16 = std::get_if<BF16Weights>(&packed.weights)) {
    out.weights = BF16Panels{pairs_side_by_side(bf16->values, n_count, k_count)};
  } else if (const auto* i8 = std::get_if<I8RowWeights>(&packed.weights)) {
    out.weights = arrange(*i8, n_count, k_count, out.panel_count());
  } else if (auto* nf4 = std::get_if<Nf4Weights>(&packed.weights)) {
    out.weights = arrange(std::move(*nf4), n_count, k_count, out.panel_count());
  } else if (auto* i4 = std::get_if<I4GroupWeights>(&packed.weights)) {
    out.weights = arrange(std::move(*i4), n_count, k_count, out.panel_count());
  } else {
    const auto& fp8 = std::get<Fp8RowWeights>(packed.weights);
    out.weights =
        Fp8Panels{side_by_side(fp8.codes, n_count, k_count), padded(fp8.row_scale.span(), out.panel_count())};
  }
  return out;
}

}  // namespace quantier
