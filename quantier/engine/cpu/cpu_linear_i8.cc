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

void CpuOps::multiply_int8(const CpuPanels& panels, const I8Panels& weights, std::span<const float> x,
                           std::span<const std::uint32_t> scopes, std::span<float> y) {
  const std::size_t rows = scopes.back();
  const std::size_t n_count = panels.out_features;
  const std::size_t quads = I8Panels::quads(panels.in_features);
  quantize_activations(panels.input, panels.in_features, x, scopes);
  for (std::size_t panel = 0; panel < panels.panel_count(); ++panel) {
    const std::size_t first = panel * kPanelWidth;
    const std::size_t count = std::min(kPanelWidth, n_count - first);
    kernels_.multiply_panel_i8(
        codes_.data(), 4 * quads, rows, quads, weights.codes.data() + panel * quads * 4 * kPanelWidth,
        weights.surplus.data() + first, row_absmax_.data(), weights.row_absmax.data() + first,
        1.0F / (kI8Steps * kI8Steps), epilogue(panels, panel), y.data() + first, n_count, count);
    if (!outlier_columns_.empty()) add_outliers(panels, weights, panel, x, y.data() + first, count);
  }
}

void CpuOps::quantize_activations(const LinearInput& input, std::size_t columns, std::span<const float> x,
                                  std::span<const std::uint32_t> scopes) {
  const std::size_t rows = scopes.back();
  codes_.ensure(rows * 4 * I8Panels::quads(columns), MemoryOwner::kActivations);
  row_absmax_.ensure(rows, MemoryOwner::kActivations);
  outlier_scopes_.clear();
  outlier_columns_.clear();
  if (input.format == InputFormat::kI8Outliers) return quantize_with_outliers(columns, x, scopes);
  if (input.format == InputFormat::kI8FixedOutliers && !input.outlier_columns.empty())
    return quantize_with_fixed_outliers(input.outlier_columns, columns, x, rows);
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
    if (rows_with_outliers_.empty()) continue;
    OutlierScopeRows& found = outlier_scopes_.emplace_back(OutlierScopeRows{begin, end, {}});
    is_outlier_.assign(columns, 0);
    for (const std::size_t row : rows_with_outliers_) {
      const float* values = x.data() + row * columns;
      for (std::size_t k = 0; k < columns; ++k)
        is_outlier_[k] |= static_cast<std::uint8_t>(std::abs(values[k]) >= plan_.outlier_threshold);
    }
    for (std::size_t k = 0; k < columns; ++k) {
      if (is_outlier_[k] != 0) found.columns.push_back(static_cast<std::uint32_t>(k));
    }
    for (std::size_t row = begin; row < end; ++row) {
      for (const std::uint32_t column : found.columns) codes_[row * stride + column] = kZeroCode;
    }
    outlier_columns_.insert(outlier_columns_.end(), found.columns.begin(), found.columns.end());
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
  outlier_scopes_.push_back({0, rows, outlier_columns_});
}

void CpuOps::outlier_weights(const CpuPanels& panels, const I8Panels& weights, std::size_t panel) {
  outlier_panel_.ensure(outlier_columns_.size() * kPanelWidth, MemoryOwner::kActivations);
  const std::size_t k_count = panels.in_features;
  const std::int8_t* codes = weights.codes.data() + panel * I8Panels::quads(k_count) * 4 * kPanelWidth;
  const float* absmax = weights.row_absmax.data() + panel * kPanelWidth;
  for (std::size_t c = 0; c < outlier_columns_.size(); ++c) {
    const std::size_t k = outlier_columns_[c];
    float* out = outlier_panel_.data() + c * kPanelWidth;
    if (!weights.outlier_f16.empty()) {
      kernels_.expand_half(weights.outlier_f16.data() + (panel * k_count + k) * kPanelWidth, out,
                           kPanelWidth);
      continue;
    }
    for (std::size_t i = 0; i < kPanelWidth; ++i) out[i] = i8_weight(codes[I8Panels::index(k, i)], absmax[i]);
  }
}

void CpuOps::add_outliers(const CpuPanels& panels, const I8Panels& weights, std::size_t panel,
                          std::span<const float> x, float* y, std::size_t count) {
  outlier_weights(panels, weights, panel);
  for (const OutlierScopeRows& scope : outlier_scopes_) {
    const std::size_t columns = scope.columns.size();
    const std::size_t rows = scope.end - scope.begin;
    outlier_x_.ensure(rows * columns, MemoryOwner::kActivations);
    outlier_y_.ensure(rows * kPanelWidth, MemoryOwner::kActivations);
    scope_panel_.ensure(columns * kPanelWidth, MemoryOwner::kActivations);
    auto next = outlier_columns_.begin();
    for (std::size_t c = 0; c < columns; ++c) {
      next = std::lower_bound(next, outlier_columns_.end(), scope.columns[c]);
      std::copy_n(
          outlier_panel_.data() + static_cast<std::size_t>(next - outlier_columns_.begin()) * kPanelWidth,
          kPanelWidth, scope_panel_.data() + c * kPanelWidth);
    }
    for (std::size_t row = 0; row < rows; ++row) {
      const float* values = x.data() + (scope.begin + row) * panels.in_features;
      for (std::size_t c = 0; c < columns; ++c) outlier_x_[row * columns + c] = values[scope.columns[c]];
    }
    kernels_.multiply_panel(outlier_x_.data(), columns, rows, columns, scope_panel_.data(), {},
                            outlier_y_.data(), kPanelWidth, kPanelWidth);
    for (std::size_t row = 0; row < rows; ++row) {
      kernels_.add(y + (scope.begin + row) * panels.out_features, outlier_y_.data() + row * kPanelWidth,
                   count, rounding_);
    }
  }
}

}  // namespace quantier
