// Linear layers over pairs of panels of sixteen outputs. What follows a product, a residual sum or a gate,
// happens to a tile of it while the tile is in cache.
#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

#include "quantier/engine/cpu/cpu_ops.h"
#include "quantier/formats/fp8_row.h"
#include "quantier/formats/rounding.h"

namespace quantier {
namespace {

constexpr std::size_t kLeastRows = 16;  // of a block
// When a team shares panels. With many rows for each member products take longer than their weights to come,
// and the rows would come from other processors' caches; small layers are in everybody's cache anyway.
constexpr std::size_t kMostSharedRows = 32;  // for each member
constexpr std::size_t kLeastSharedBytes = std::size_t{256} << 10;

std::size_t weight_bytes(const CpuPanels& panels) {
  const std::size_t count = panels.out_features * panels.in_features;
  return std::visit(
      [&](const auto& weights) -> std::size_t {
        using Weights = std::decay_t<decltype(weights)>;
        if constexpr (std::is_same_v<Weights, F32Panels>) return 4 * count;
        if constexpr (std::is_same_v<Weights, F16Panels> || std::is_same_v<Weights, BF16Panels>)
          return 2 * count;
        if constexpr (std::is_same_v<Weights, Nf4Panels> || std::is_same_v<Weights, I4Panels>)
          return count / 2;
        return count;
      },
      panels.weights);
}

std::uint32_t group_of(const CpuPanels& panels) {
  const auto* i4 = std::get_if<I4Panels>(&panels.weights);
  return i4 != nullptr ? i4->group : 0;
}

// Whether two panels can be multiplied together: whether the inputs of one layer, once in the form that its
// product takes, are those of the other.
bool take_the_same_inputs(const CpuPanels& a, const CpuPanels& b) {
  return a.in_features == b.in_features && a.weights.index() == b.weights.index() &&
         a.input.format == b.input.format && a.input.multiplier == b.input.multiplier &&
         a.input.outlier_columns == b.input.outlier_columns && group_of(a) == group_of(b);
}

}  // namespace

void CpuOps::linear(const LinearWeights& weights, std::span<const float> x,
                    std::span<const std::uint32_t> scopes, std::span<float> y) {
  const auto& panels = std::get<CpuPanels>(weights);
  multiply_layer(panels, x, scopes, cpu::Then::kStore, y);
  if (panels.low_rank.rank != 0) add_low_rank(panels, x, scopes.back(), y);
}

void CpuOps::linear_add(const LinearWeights& weights, std::span<const float> x,
                        std::span<const std::uint32_t> scopes, std::span<float> scratch, std::span<float> y) {
  const auto& panels = std::get<CpuPanels>(weights);
  if (panels.low_rank.rank != 0) return Ops::linear_add(weights, x, scopes, scratch, y);
  multiply_layer(panels, x, scopes, cpu::Then::kAdd, y);
}

void CpuOps::linear_gated(Activation activation, const LinearWeights& gate, const LinearWeights* up,
                          std::span<const float> x, std::span<const std::uint32_t> scopes,
                          std::span<float> scratch, std::span<float> y) {
  const auto& first = std::get<CpuPanels>(gate);
  const auto& second = up != nullptr ? std::get<CpuPanels>(*up) : first;
  const std::size_t features = up != nullptr ? first.out_features : first.out_features / 2;
  const bool is_paired = up != nullptr ? take_the_same_inputs(first, second) : features % kPanelWidth == 0;
  if (!is_paired || first.low_rank.rank != 0 || second.low_rank.rank != 0)
    return Ops::linear_gated(activation, gate, up, x, scopes, scratch, y);
  take_inputs(first, x, scopes, y);
  const std::size_t offset = up != nullptr ? 0 : features / kPanelWidth;
  const cpu::Then then = activation == Activation::kGelu ? cpu::Then::kGelu : cpu::Then::kSilu;
  const std::size_t pairs = (features + kPanelWidth - 1) / kPanelWidth;
  for_pairs(first, pairs, features, [&](std::size_t panel, bool fetches, RowBlock rows) {
    const std::size_t begin = panel * kPanelWidth;
    const std::size_t count = std::min(kPanelWidth, features - begin);
    multiply_pair({{&first, &second}, {panel, panel + offset}, fetches ? 1U : 0U}, rows,
                  {.rounding = rounding_,
                   .then = then,
                   .y = at_hand_.y + rows.first * features + begin,
                   .y_stride = features,
                   .counts = {count, count}});
  });
}

void CpuOps::multiply_layer(const CpuPanels& panels, std::span<const float> x,
                            std::span<const std::uint32_t> scopes, cpu::Then then, std::span<float> y) {
  take_inputs(panels, x, scopes, y);
  const std::size_t n_count = panels.out_features;
  for_pairs(
      panels, (panels.panel_count() + 1) / 2, n_count, [&](std::size_t pair, bool fetches, RowBlock rows) {
        const std::size_t panel = 2 * pair;
        const std::size_t begin = panel * kPanelWidth;
        const std::size_t middle = std::min(begin + kPanelWidth, n_count);
        const std::size_t end = std::min(begin + 2 * kPanelWidth, n_count);
        multiply_pair({{&panels, middle < end ? &panels : nullptr}, {panel, panel + 1}, fetches ? 2U : 0U},
                      rows,
                      {.rounding = rounding_,
                       .then = then,
                       .y = at_hand_.y + rows.first * n_count + begin,
                       .y_stride = n_count,
                       .counts = {middle - begin, end - middle}});
      });
}

bool CpuOps::shares_panels(const CpuPanels& panels) const {
  if (team_ == nullptr || team_->rows() > kMostSharedRows * team_->members()) return false;
  const bool has_outliers =
      panels.input.format == InputFormat::kI8Outliers || panels.input.format == InputFormat::kI8FixedOutliers;
  return !has_outliers && weight_bytes(panels) >= kLeastSharedBytes;
}

template <class Multiply>
void CpuOps::for_pairs(const CpuPanels& panels, std::size_t pairs, std::size_t outputs,
                       const Multiply& multiply) {
  expanded_ = {};
  const bool shares = shares_panels(panels);
  const std::size_t members = shares ? team_->members() : 1;
  const auto inputs_of = [&](std::size_t member) {
    return shares ? *static_cast<const Inputs*>(team_->posted(member)) : own_;
  };
  if (shares) {
    team_->post(member_, &own_);
    team_->wait();
  }
  std::size_t most_rows = 0;
  for (std::size_t member = 0; member < members; ++member)
    most_rows = std::max(most_rows, inputs_of(member).rows);
  const std::size_t begin = shares ? pairs * member_ / members : 0;
  const std::size_t end = shares ? pairs * (member_ + 1) / members : pairs;
  const std::size_t step = rows_of_block(panels, outputs, most_rows);
  for (std::size_t row = 0; row < most_rows; row += step) {
    for (std::size_t pair = begin; pair < end; ++pair) {
      bool fetches = pair + 1 < end;
      for (std::size_t member = 0; member < members; ++member) {
        at_hand_ = inputs_of(member);
        if (row >= at_hand_.rows) continue;
        multiply(pair, fetches, RowBlock{row, std::min(step, at_hand_.rows - row)});
        fetches = false;
      }
    }
  }
  // Others read this thread's inputs, and make its outputs.
  if (shares) team_->wait();
}

std::size_t CpuOps::rows_of_block(const CpuPanels& panels, std::size_t outputs, std::size_t rows) const {
  const bool is_read_as_it_is = std::holds_alternative<I8Panels>(panels.weights) ||
                                std::holds_alternative<F32Panels>(panels.weights) ||
                                multiplies_bfloat16(panels);
  // Every block would expand the panels again where they are not.
  if (!is_read_as_it_is || kernels_.block_output_bytes == 0) return rows;
  const std::size_t most = kernels_.block_output_bytes / sizeof(float) / outputs;
  return std::max(kLeastRows, most / kLeastRows * kLeastRows);
}

void CpuOps::take_inputs(const CpuPanels& panels, std::span<const float> x,
                         std::span<const std::uint32_t> scopes, std::span<float> y) {
  const std::size_t columns = panels.in_features;
  const std::size_t rows = scopes.back();
  own_ = {.rows = rows, .y = y.data()};
  const std::span<const float> inputs = prepared(panels, x.first(rows * columns));
  const bool is_i4 =
      std::holds_alternative<I4Panels>(panels.weights) && panels.input.format == InputFormat::kI8;
  if (is_i4 || std::holds_alternative<I8Panels>(panels.weights)) {
    quantize_activations(panels.input, columns, inputs, scopes);
  } else if (multiplies_bfloat16(panels)) {
    const std::size_t stride = 2 * BF16Panels::pairs(columns);
    bf16_.ensure(rows * stride, MemoryOwner::kActivations);
    for (std::size_t row = 0; row < rows; ++row) {
      kernels_.pack_bfloat16(inputs.data() + row * columns, columns, bf16_.data() + row * stride);
      std::fill(bf16_.data() + row * stride + columns, bf16_.data() + (row + 1) * stride, std::uint16_t{0});
    }
  }
  own_.x = inputs.data();
  own_.bf16 = bf16_.data();
  own_.codes = codes_.data();
  own_.row_absmax = row_absmax_.data();
}

void CpuOps::multiply_pair(const PanelPair& pair, RowBlock rows, cpu::Epilogue epilogue) {
  for (std::size_t slot = 0; slot < 2; ++slot) {
    const CpuPanels* layer = pair.layers[slot];
    if (layer != nullptr && !layer->bias.empty())
      epilogue.bias[slot] = layer->bias.data() + pair.panels[slot] * kPanelWidth;
  }
  const CpuPanels& first = *pair.layers[0];
  if (std::holds_alternative<I8Panels>(first.weights)) return multiply_pair_i8(pair, rows, epilogue);
  if (std::holds_alternative<I4Panels>(first.weights) && first.input.format == InputFormat::kI8)
    return multiply_pair_i4(pair, rows, epilogue);
  if (multiplies_bfloat16(first)) return multiply_pair_bf16(pair, rows, epilogue);
  multiply_pair_float(pair, rows, epilogue);
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

void CpuOps::multiply_halves(const AlignedBuffer<std::uint16_t>& panels, std::size_t outputs,
                             std::size_t inputs, const float* x, std::size_t rows, float* out) {
  panel_[0].ensure(inputs * kPanelWidth, MemoryOwner::kActivations);
  for (std::size_t first = 0; first < outputs; first += kPanelWidth) {
    kernels_.expand_half(panels.data() + first * inputs, panel_[0].data(), inputs * kPanelWidth);
    kernels_.multiply_f32({x, inputs * sizeof(float), rows, inputs, {panel_[0].data(), nullptr}},
                          {.rounding = rounding_,
                           .y = out + first,
                           .y_stride = outputs,
                           .counts = {std::min(kPanelWidth, outputs - first), 0}});
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
