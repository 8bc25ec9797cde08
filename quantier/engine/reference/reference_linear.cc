#include "quantier/engine/reference/reference_linear.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "quantier/base/check.h"
#include "quantier/base/half.h"
#include "quantier/formats/i8_row.h"
#include "quantier/formats/nf4_block.h"

namespace quantier {
namespace {

// Row n of a dense weight, as the floats that take part in the product.
void read_row(const PackedLinear& linear, std::size_t n, std::span<float> row) {
  const std::size_t first = n * row.size();
  if (const auto* f32 = std::get_if<F32Weights>(&linear.weights)) {
    std::ranges::copy(f32->values.span().subspan(first, row.size()), row.begin());
  } else if (const auto* f16 = std::get_if<F16Weights>(&linear.weights)) {
    for (std::size_t k = 0; k < row.size(); ++k) row[k] = to_float(Half{f16->values[first + k]});
  } else {
    nf4_dequantize(std::get<Nf4Weights>(linear.weights), first, row);
  }
}

void dense(const PackedLinear& linear, bool rounds, std::span<const float> x, std::span<float> y) {
  const std::size_t n_count = linear.out_features;
  const std::size_t k_count = linear.in_features;
  const std::size_t rows = x.size() / k_count;
  std::vector<float> weights(k_count);
  for (std::size_t n = 0; n < n_count; ++n) {
    read_row(linear, n, weights);
    for (std::size_t row = 0; row < rows; ++row) {
      double sum = linear.bias.empty() ? 0.0 : linear.bias[n];
      for (std::size_t k = 0; k < k_count; ++k) sum += static_cast<double>(x[row * k_count + k]) * weights[k];
      const auto value = static_cast<float>(sum);
      y[row * n_count + n] = rounds ? round_to_half(value) : value;
    }
  }
}

// The rows of one scope.
void llm_int8(const PackedLinear& linear, const I8RowWeights& weights, float threshold,
              std::span<const float> x, std::span<float> y) {
  const std::size_t n_count = linear.out_features;
  const std::size_t k_count = linear.in_features;
  QT_CHECK(k_count <= std::numeric_limits<std::int32_t>::max() / (127 * 127), "a row's products fit int32");
  const std::size_t rows = x.size() / k_count;
  std::vector<std::uint32_t> outliers;
  i8_outlier_columns(x, k_count, threshold, outliers);
  std::vector<std::int8_t> codes(x.size());
  std::vector<float> row_absmax(rows);
  i8_quantize_activations(x, k_count, threshold, outliers, codes, row_absmax);

  const auto outlier_weight = [&](std::size_t n, std::size_t k) {
    const std::size_t at = n * k_count + k;
    return weights.outlier_f16.empty() ? i8_weight(weights.codes[at], weights.row_absmax[n])
                                       : to_float(Half{weights.outlier_f16[at]});
  };
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t n = 0; n < n_count; ++n) {
      std::int32_t sum = 0;
      for (std::size_t k = 0; k < k_count; ++k) {
        sum += std::int32_t{codes[row * k_count + k]} * weights.codes[n * k_count + k];
      }
      float value = i8_product(sum, row_absmax[row], weights.row_absmax[n]);
      if (!linear.bias.empty()) value += linear.bias[n];
      value = round_to_half(value);
      if (!outliers.empty()) {
        double outlier_sum = value;
        for (const std::uint32_t k : outliers) {
          outlier_sum += static_cast<double>(x[row * k_count + k]) * outlier_weight(n, k);
        }
        value = round_to_half(static_cast<float>(outlier_sum));
      }
      y[row * n_count + n] = value;
    }
  }
}

}  // namespace

void reference_linear(const PackedLinear& linear, const Plan& plan, std::span<const float> x,
                      std::span<const std::uint32_t> scopes, std::span<float> y) {
  const bool rounds = plan.rounding == ActivationRounding::kHalf;
  const std::size_t rows = scopes.back();
  QT_CHECK(x.size() >= rows * linear.in_features && y.size() >= rows * linear.out_features, "shapes agree");
  const WeightFormat format = format_of(linear);
  QT_CHECK(rounds || (format != WeightFormat::kI8Row && format != WeightFormat::kNf4Block),
           "the plan of a quantized layer rounds to half");
  const auto* int8 = std::get_if<I8RowWeights>(&linear.weights);
  if (int8 == nullptr) return dense(linear, rounds, x.first(rows * linear.in_features), y);
  for (std::size_t scope = 0; scope + 1 < scopes.size(); ++scope) {
    const std::size_t first = scopes[scope];
    const std::size_t count = scopes[scope + 1] - first;
    llm_int8(linear, *int8, plan.outlier_threshold,
             x.subspan(first * linear.in_features, count * linear.in_features),
             y.subspan(first * linear.out_features, count * linear.out_features));
  }
}

}  // namespace quantier
