#include "quantier/engine/reference/reference_linear.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "quantier/base/check.h"
#include "quantier/base/half.h"
#include "quantier/formats/fp8_row.h"
#include "quantier/formats/i4_group.h"
#include "quantier/formats/i8_row.h"
#include "quantier/formats/nf4_block.h"
#include "quantier/formats/rounding.h"

namespace quantier {
namespace {

// Row n of a weight, as the floats that take part in the product.
void read_row(const PackedLinear& linear, std::size_t n, std::span<float> row) {
  const std::size_t first = n * row.size();
  if (const auto* f32 = std::get_if<F32Weights>(&linear.weights)) {
    std::ranges::copy(f32->values.span().subspan(first, row.size()), row.begin());
  } else if (const auto* f16 = std::get_if<F16Weights>(&linear.weights)) {
    for (std::size_t k = 0; k < row.size(); ++k) row[k] = to_float(Half{f16->values[first + k]});
  } else if (const auto* bf16 = std::get_if<BF16Weights>(&linear.weights)) {
    for (std::size_t k = 0; k < row.size(); ++k) row[k] = to_float(BFloat16{bf16->values[first + k]});
  } else if (const auto* i4 = std::get_if<I4GroupWeights>(&linear.weights)) {
    i4_dequantize_row(*i4, n, row);
  } else if (const auto* fp8 = std::get_if<Fp8RowWeights>(&linear.weights)) {
    for (std::size_t k = 0; k < row.size(); ++k)
      row[k] = to_float(Fp8E4M3{fp8->codes[first + k]}) * fp8->row_scale[n];
  } else {
    nf4_dequantize(std::get<Nf4Weights>(linear.weights), first, row);
  }
}

void dense(const PackedLinear& linear, ActivationRounding rounding, std::span<const float> x,
           std::span<float> y) {
  const std::size_t n_count = linear.out_features;
  const std::size_t k_count = linear.in_features;
  const std::size_t rows = x.size() / k_count;
  std::vector<float> weights(k_count);
  for (std::size_t n = 0; n < n_count; ++n) {
    read_row(linear, n, weights);
    for (std::size_t row = 0; row < rows; ++row) {
      double sum = linear.bias.empty() ? 0.0 : linear.bias[n];
      for (std::size_t k = 0; k < k_count; ++k) sum += static_cast<double>(x[row * k_count + k]) * weights[k];
      y[row * n_count + n] = rounded(static_cast<float>(sum), rounding);
    }
  }
}

// Int8 codes of inputs, and the columns that take no part.
struct I8Inputs {
  std::vector<std::int8_t> codes;
  std::vector<float> row_absmax;
  std::vector<std::uint32_t> outliers;
};

I8Inputs quantized(const LinearInput& input, float threshold, std::span<const float> x, std::size_t columns) {
  I8Inputs out;
  out.codes.resize(x.size());
  out.row_absmax.resize(x.size() / columns);
  std::vector<float> kept(x.begin(), x.end());
  if (input.format == InputFormat::kI8Outliers) {
    i8_outlier_columns(x, columns, threshold, out.outliers);
  } else {
    threshold = std::numeric_limits<float>::infinity();
    if (input.format == InputFormat::kI8FixedOutliers) out.outliers = input.outlier_columns;
    for (std::size_t begin = 0; begin < kept.size(); begin += columns) {
      for (const std::uint32_t column : out.outliers) kept[begin + column] = 0.0F;
    }
  }
  i8_quantize_activations(kept, columns, threshold, out.outliers, out.codes, out.row_absmax);
  return out;
}

// The rows of one scope.
void int8(const PackedLinear& linear, const I8RowWeights& weights, const Plan& plan, std::span<const float> x,
          std::span<float> y) {
  const std::size_t n_count = linear.out_features;
  const std::size_t k_count = linear.in_features;
  QT_CHECK(k_count <= std::numeric_limits<std::int32_t>::max() / (127 * 127), "a row's products fit int32");
  const std::size_t rows = x.size() / k_count;
  const I8Inputs inputs = quantized(linear.input, plan.outlier_threshold, x, k_count);
  const auto outlier_weight = [&](std::size_t n, std::size_t k) {
    const std::size_t at = n * k_count + k;
    return weights.outlier_f16.empty() ? i8_weight(weights.codes[at], weights.row_absmax[n])
                                       : to_float(Half{weights.outlier_f16[at]});
  };
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t n = 0; n < n_count; ++n) {
      std::int32_t sum = 0;
      for (std::size_t k = 0; k < k_count; ++k) {
        sum += std::int32_t{inputs.codes[row * k_count + k]} * weights.codes[n * k_count + k];
      }
      float value = i8_product(sum, inputs.row_absmax[row], weights.row_absmax[n]);
      if (!linear.bias.empty()) value += linear.bias[n];
      value = rounded(value, plan.rounding);
      if (!inputs.outliers.empty()) {
        double outlier_sum = value;
        for (const std::uint32_t k : inputs.outliers) {
          outlier_sum += static_cast<double>(x[row * k_count + k]) * outlier_weight(n, k);
        }
        value = rounded(static_cast<float>(outlier_sum), plan.rounding);
      }
      y[row * n_count + n] = value;
    }
  }
}

void int4_int8(const PackedLinear& linear, const I4GroupWeights& weights, const Plan& plan,
               std::span<const float> x, std::span<float> y) {
  const std::size_t n_count = linear.out_features;
  const std::size_t k_count = linear.in_features;
  const std::size_t groups = i4_groups(k_count, weights.group);
  const std::size_t rows = x.size() / k_count;
  const I8Inputs inputs = quantized(linear.input, plan.outlier_threshold, x, k_count);
  std::vector<std::int32_t> sums(groups);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t n = 0; n < n_count; ++n) {
      std::ranges::fill(sums, 0);
      for (std::size_t k = 0; k < k_count; ++k) {
        const std::size_t group = i4_group_of(weights, k);
        const int zero = i4_grid_of(weights, k_count, n, group).zero;
        sums[group] +=
            std::int32_t{inputs.codes[row * k_count + k]} * (i4_code(weights, k_count, n, k) - zero);
      }
      float value = 0;
      for (std::size_t group = 0; group < groups; ++group) {
        const float scale = i4_grid_of(weights, k_count, n, group).scale();
        value = i4_add_group(value, sums[group], scale);
      }
      value *= i4_row_factor(inputs.row_absmax[row]);
      if (!linear.bias.empty()) value += linear.bias[n];
      y[row * n_count + n] = rounded(value, plan.rounding);
    }
  }
}

// y += scaling * B (A x), every step rounded as a framework stores it.
void add_low_rank(const PackedLinear& linear, ActivationRounding rounding, std::span<const float> x,
                  std::span<float> y) {
  const LowRank& adapter = linear.low_rank;
  const std::size_t n_count = linear.out_features;
  const std::size_t k_count = linear.in_features;
  std::vector<float> narrow(adapter.rank);
  for (std::size_t row = 0; row * k_count < x.size(); ++row) {
    for (std::size_t r = 0; r < adapter.rank; ++r) {
      double sum = 0;
      for (std::size_t k = 0; k < k_count; ++k)
        sum += static_cast<double>(x[row * k_count + k]) * to_float(Half{adapter.a[r * k_count + k]});
      narrow[r] = rounded(static_cast<float>(sum), rounding);
    }
    for (std::size_t n = 0; n < n_count; ++n) {
      double sum = 0;
      for (std::size_t r = 0; r < adapter.rank; ++r)
        sum += static_cast<double>(narrow[r]) * to_float(Half{adapter.b[n * adapter.rank + r]});
      const float wide = rounded(static_cast<float>(sum), rounding);
      float& out = y[row * n_count + n];
      out = rounded(out + rounded(wide * adapter.scaling, rounding), rounding);
    }
  }
}

// What the layer's product sees of its inputs.
std::vector<float> prepared(const PackedLinear& linear, ActivationRounding rounding,
                            std::span<const float> x) {
  std::vector<float> out(x.begin(), x.end());
  const auto& multiplier = linear.input.multiplier;
  for (std::size_t begin = 0; begin < out.size(); begin += linear.in_features) {
    for (std::size_t k = 0; k < multiplier.size(); ++k)
      out[begin + k] = rounded(out[begin + k] * multiplier[k], rounding);
    if (linear.input.format == InputFormat::kFp8)
      fp8_round_row(std::span(out).subspan(begin, linear.in_features));
  }
  return out;
}

}  // namespace

void reference_linear(const PackedLinear& linear, const Plan& plan, std::span<const float> x,
                      std::span<const std::uint32_t> scopes, std::span<float> y) {
  const std::size_t rows = scopes.back();
  QT_CHECK(x.size() >= rows * linear.in_features && y.size() >= rows * linear.out_features, "shapes agree");
  x = x.first(rows * linear.in_features);
  const std::vector<float> inputs = prepared(linear, plan.rounding, x);
  if (const auto* i8 = std::get_if<I8RowWeights>(&linear.weights)) {
    for (std::size_t scope = 0; scope + 1 < scopes.size(); ++scope) {
      const std::size_t first = scopes[scope];
      const std::size_t count = scopes[scope + 1] - first;
      int8(linear, *i8, plan,
           std::span(inputs).subspan(first * linear.in_features, count * linear.in_features),
           y.subspan(first * linear.out_features, count * linear.out_features));
    }
  } else if (const auto* i4 = std::get_if<I4GroupWeights>(&linear.weights);
             i4 != nullptr && linear.input.format == InputFormat::kI8) {
    int4_int8(linear, *i4, plan, inputs, y);
  } else {
    dense(linear, plan.rounding, inputs, y);
  }
  if (linear.low_rank.rank != 0) add_low_rank(linear, plan.rounding, x, y);
}

}  // namespace quantier
