// Linear layers with int8 weights and inputs: integer products, and outlier columns beside them in float.
// formats/i8_row.h has the arithmetic, step by step.
#include <algorithm>
#include <cmath>

#include "quantier/engine/cpu/cpu_ops.h"
#include "quantier/formats/i8_row.h"

namespace quantier {
namespace {

constexpr std::uint8_t kZeroCode = 128;  // of an activation: codes stand 128 higher than they are

}  // namespace

void CpuOps::multiply_pair_i8(const PanelPair& pair, RowBlock rows, cpu::Epilogue epilogue) {
  const std::size_t quads = I8Panels::quads(pair.layers[0]->in_features);
  cpu::Product product{at_hand_.codes + rows.first * 4 * quads, 4 * quads, rows.count, quads, {}};
  cpu::IntegerScales scales{.steps_per_group = quads,
                            .row_absmax = at_hand_.row_absmax + rows.first,
                            .scale = 1.0F / (kI8Steps * kI8Steps)};
  for (std::size_t slot = 0; slot < 2; ++slot) {
    if (pair.layers[slot] == nullptr) continue;
    const auto& weights = std::get<I8Panels>(pair.layers[slot]->weights);
    const std::size_t first = pair.panels[slot] * kPanelWidth;
    product.panels[slot] = weights.codes.data() + first * quads * 4;
    if (const auto next = pair.next(slot))
      product.next_panels[slot] = weights.codes.data() + *next * kPanelWidth * quads * 4;
    scales.surplus[slot] = weights.surplus.data() + first;
    scales.column[slot] = weights.row_absmax.data() + first;
  }
  epilogue.addend = outlier_products(pair, rows);
  kernels_.multiply_i8(product, scales, epilogue);
}

void CpuOps::quantize_activations(const LinearInput& input, std::size_t columns, std::span<const float> x,
                                  std::span<const std::uint32_t> scopes) {
  const std::size_t rows = scopes.back();
  codes_.ensure(rows * 4 * I8Panels::quads(columns), MemoryOwner::kActivations);
  row_absmax_.ensure(rows, MemoryOwner::kActivations);
  outlier_scopes_.clear();
  outlier_columns_.clear();
  if (input.format == InputFormat::kI8Outliers) {
    quantize_with_outliers(columns, x, scopes);
    return gather_outliers(x, columns);
  }
  if (input.format == InputFormat::kI8FixedOutliers && !input.outlier_columns.empty()) {
    quantize_with_fixed_outliers(input.outlier_columns, columns, x, rows);
    return gather_outliers(x, columns);
  }
  for (std::size_t row = 0; row < rows; ++row) {
    const float* values = x.data() + row * columns;
    quantize_row(values, columns, row, kernels_.largest(values, columns));
  }
}

void CpuOps::quantize_row(const float* values, std::size_t columns, std::size_t row, float absmax) {
  const std::size_t stride = 4 * I8Panels::quads(columns);
  std::uint8_t* codes = codes_.data() + row * stride;
  row_absmax_[row] = absmax;
  kernels_.quantize(values, columns, absmax > 0.0F ? i8_scale(absmax) : 0.0F, codes);
  std::fill(codes + columns, codes + stride, kZeroCode);
}

void CpuOps::quantize_with_outliers(std::size_t columns, std::span<const float> x,
                                    std::span<const std::uint32_t> scopes) {
  const std::size_t stride = 4 * I8Panels::quads(columns);
  for (std::size_t scope = 0; scope + 1 < scopes.size(); ++scope) {
    const std::size_t begin = scopes[scope];
    const std::size_t end = scopes[scope + 1];
    rows_with_outliers_.clear();
    for (std::size_t row = begin; row < end; ++row) {
      const float* values = x.data() + row * columns;
      float absmax = kernels_.largest(values, columns);
      if (absmax >= plan_.outlier_threshold) {
        rows_with_outliers_.push_back(row);
        absmax = kernels_.largest_below(values, columns, plan_.outlier_threshold);
      }
      quantize_row(values, columns, row, absmax);
    }
    if (rows_with_outliers_.empty() && team_ == nullptr) continue;
    OutlierScopeRows found{begin, end, {}, 0};
    is_outlier_.assign(columns, 0);
    for (const std::size_t row : rows_with_outliers_) {
      const float* values = x.data() + row * columns;
      for (std::size_t k = 0; k < columns; ++k)
        is_outlier_[k] |= static_cast<std::uint8_t>(std::abs(values[k]) >= plan_.outlier_threshold);
    }
    for (std::size_t k = 0; k < columns; ++k) {
      if (is_outlier_[k] != 0) found.columns.push_back(static_cast<std::uint32_t>(k));
    }
    if (team_ != nullptr) {
      own_columns_ = found.columns;
      team_->unite(member_, own_columns_, found.columns);
      if (found.columns.empty()) continue;
    }
    for (std::size_t row = begin; row < end; ++row) {
      for (const std::uint32_t column : found.columns) codes_[row * stride + column] = kZeroCode;
    }
    outlier_columns_.insert(outlier_columns_.end(), found.columns.begin(), found.columns.end());
    outlier_scopes_.push_back(std::move(found));
  }
  // Texts share most of their outlier columns: each is dequantized once for all of them.
  std::sort(outlier_columns_.begin(), outlier_columns_.end());
  outlier_columns_.erase(std::unique(outlier_columns_.begin(), outlier_columns_.end()),
                         outlier_columns_.end());
}

void CpuOps::quantize_with_fixed_outliers(std::span<const std::uint32_t> outliers, std::size_t columns,
                                          std::span<const float> x, std::size_t rows) {
  prepared_row_.ensure(columns, MemoryOwner::kActivations);
  for (std::size_t row = 0; row < rows; ++row) {
    std::copy_n(x.data() + row * columns, columns, prepared_row_.data());
    for (const std::uint32_t column : outliers) prepared_row_[column] = 0.0F;
    quantize_row(prepared_row_.data(), columns, row, kernels_.largest(prepared_row_.data(), columns));
  }
  outlier_columns_.assign(outliers.begin(), outliers.end());
  outlier_scopes_.push_back({0, rows, outlier_columns_, 0});
}

void CpuOps::gather_outliers(std::span<const float> x, std::size_t columns) {
  if (outlier_scopes_.empty()) return;
  std::size_t size = 0;
  for (OutlierScopeRows& scope : outlier_scopes_) {
    scope.first_input = size;
    size += (scope.end - scope.begin) * scope.columns.size();
  }
  outlier_x_.ensure(size, MemoryOwner::kActivations);
  float* next = outlier_x_.data();
  for (const OutlierScopeRows& scope : outlier_scopes_) {
    for (std::size_t row = scope.begin; row < scope.end; ++row) {
      for (const std::uint32_t column : scope.columns) *next++ = x[row * columns + column];
    }
  }
  // Rows of scopes without outliers get none.
  outlier_y_.ensure(own_.rows * 2 * kPanelWidth, MemoryOwner::kActivations);
  std::ranges::fill(outlier_y_.span().first(own_.rows * 2 * kPanelWidth), 0.0F);
}

void CpuOps::outlier_weights(const CpuPanels& panels, std::size_t panel, std::size_t slot) {
  const auto& weights = std::get<I8Panels>(panels.weights);
  outlier_panel_[slot].ensure(outlier_columns_.size() * kPanelWidth, MemoryOwner::kActivations);
  const std::size_t k_count = panels.in_features;
  const std::int8_t* codes = weights.codes.data() + panel * I8Panels::quads(k_count) * 4 * kPanelWidth;
  const float* absmax = weights.row_absmax.data() + panel * kPanelWidth;
  for (std::size_t c = 0; c < outlier_columns_.size(); ++c) {
    const std::size_t k = outlier_columns_[c];
    float* out = outlier_panel_[slot].data() + c * kPanelWidth;
    if (!weights.outlier_f16.empty()) {
      kernels_.expand_half(weights.outlier_f16.data() + (panel * k_count + k) * kPanelWidth, out,
                           kPanelWidth);
      continue;
    }
    for (std::size_t i = 0; i < kPanelWidth; ++i) out[i] = i8_weight(codes[I8Panels::index(k, i)], absmax[i]);
  }
}

const float* CpuOps::outlier_products(const PanelPair& pair, RowBlock rows) {
  if (outlier_scopes_.empty()) return nullptr;
  const std::size_t slots = pair.layers[1] != nullptr ? 2 : 1;
  for (std::size_t slot = 0; slot < slots; ++slot)
    outlier_weights(*pair.layers[slot], pair.panels[slot], slot);
  for (const OutlierScopeRows& scope : outlier_scopes_) {
    const std::size_t begin = std::max(scope.begin, rows.first);
    const std::size_t end = std::min(scope.end, rows.first + rows.count);
    if (begin >= end) continue;
    const std::size_t columns = scope.columns.size();
    cpu::Product product{outlier_x_.data() + scope.first_input + (begin - scope.begin) * columns,
                         columns * sizeof(float),
                         end - begin,
                         columns,
                         {}};
    for (std::size_t slot = 0; slot < slots; ++slot) {
      scope_panel_[slot].ensure(columns * kPanelWidth, MemoryOwner::kActivations);
      auto next = outlier_columns_.begin();
      for (std::size_t c = 0; c < columns; ++c) {
        next = std::lower_bound(next, outlier_columns_.end(), scope.columns[c]);
        const auto at = static_cast<std::size_t>(next - outlier_columns_.begin());
        std::copy_n(outlier_panel_[slot].data() + at * kPanelWidth, kPanelWidth,
                    scope_panel_[slot].data() + c * kPanelWidth);
      }
      product.panels[slot] = scope_panel_[slot].data();
    }
    kernels_.multiply_f32(product, {.y = outlier_y_.data() + begin * 2 * kPanelWidth,
                                    .y_stride = 2 * kPanelWidth,
                                    .counts = {kPanelWidth, kPanelWidth}});
  }
  return outlier_y_.data() + rows.first * 2 * kPanelWidth;
}

}  // namespace quantier
