#include "quantier/engine/reference/reference_ops.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "quantier/engine/reference/reference_linear.h"
#include "quantier/engine/visible_keys.h"
#include "quantier/formats/rounding.h"

namespace quantier {
namespace {

double apply(Activation activation, double x) {
  switch (activation) {
    case Activation::kGelu:
      return 0.5 * x * (1.0 + std::erf(x / std::numbers::sqrt2));
    case Activation::kSilu:
      return x / (1.0 + std::exp(-x));
  }
  return x;
}

}  // namespace

float ReferenceOps::stored(double value) const { return rounded(static_cast<float>(value), plan_.rounding); }

void ReferenceOps::embed(const ModelWeights& weights, std::span<const std::int32_t> ids,
                         std::span<float> out) {
  const std::size_t width = weights.spec.hidden;
  for (std::size_t t = 0; t < ids.size(); ++t) {
    weights.embedding.row(static_cast<std::uint64_t>(ids[t]), out.subspan(t * width, width));
  }
}

void ReferenceOps::linear(const LinearWeights& weights, std::span<const float> x,
                          std::span<const std::uint32_t> scopes, std::span<float> y) {
  reference_linear(std::get<PackedLinear>(weights), plan_, x, scopes, y);
}

void ReferenceOps::layer_norm(const NormWeights& norm, double epsilon, std::span<const float> x,
                              std::span<float> y) {
  const std::size_t width = norm.weight.size();
  for (std::size_t begin = 0; begin < x.size(); begin += width) {
    double mean = 0;
    for (std::size_t i = 0; i < width; ++i) mean += x[begin + i];
    mean /= static_cast<double>(width);
    double variance = 0;
    for (std::size_t i = 0; i < width; ++i) variance += (x[begin + i] - mean) * (x[begin + i] - mean);
    variance /= static_cast<double>(width);
    const double scale = 1.0 / std::sqrt(variance + epsilon);
    for (std::size_t i = 0; i < width; ++i) {
      const double bias = norm.bias.empty() ? 0.0 : norm.bias[i];
      y[begin + i] = stored((x[begin + i] - mean) * scale * norm.weight[i] + bias);
    }
  }
}

void ReferenceOps::rms_norm(const NormWeights& norm, double epsilon, std::span<const float> x,
                            std::span<float> y) {
  const std::size_t width = norm.weight.size();
  for (std::size_t begin = 0; begin < x.size(); begin += width) {
    double square = 0;
    for (std::size_t i = 0; i < width; ++i) square += static_cast<double>(x[begin + i]) * x[begin + i];
    const double scale = 1.0 / std::sqrt(square / static_cast<double>(width) + epsilon);
    for (std::size_t i = 0; i < width; ++i) y[begin + i] = stored(x[begin + i] * scale * norm.weight[i]);
  }
}

void ReferenceOps::rope(std::span<float> x, const TokenBatch& batch, std::size_t first_row,
                        std::size_t stride, std::size_t first, std::size_t heads, std::size_t head_dim,
                        double theta) {
  const std::size_t half = head_dim / 2;
  std::vector<double> frequency(half);
  for (std::size_t i = 0; i < half; ++i) {
    frequency[i] = std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(head_dim));
  }
  for (std::size_t text = 0; text < batch.size(); ++text) {
    const std::size_t end = std::min<std::size_t>(batch.offsets[text + 1], first_row + x.size() / stride);
    for (std::size_t token = std::max<std::size_t>(batch.offsets[text], first_row); token < end; ++token) {
      const auto position = static_cast<double>(token - batch.offsets[text]);
      for (std::size_t i = 0; i < half; ++i) {
        const double cosine = std::cos(position * frequency[i]);
        const double sine = std::sin(position * frequency[i]);
        for (std::size_t head = 0; head < heads; ++head) {
          float* pair = x.data() + (token - first_row) * stride + first + head * head_dim + i;
          const double low = pair[0];
          const double high = pair[half];
          pair[0] = stored(low * cosine - high * sine);
          pair[half] = stored(high * cosine + low * sine);
        }
      }
    }
  }
}

void ReferenceOps::attention(const AttentionShape& shape, const float* queries, const float* keys,
                             const float* values, std::size_t tokens, std::size_t first_query,
                             std::size_t query_count, std::span<float> out) {
  const std::size_t dim = shape.head_dim;
  const double scale = 1.0 / std::sqrt(static_cast<double>(dim));
  std::vector<double> weight(tokens);
  for (std::size_t q = 0; q < query_count; ++q) {
    const KeyRange range = visible_keys(shape, first_query + q, tokens);
    for (std::size_t head = 0; head < shape.heads; ++head) {
      const std::size_t kv = head / (shape.heads / shape.kv_heads) * dim;
      const float* query = queries + (first_query + q) * shape.query_stride + head * dim;
      double largest = -INFINITY;
      for (std::size_t t = range.begin; t < range.end; ++t) {
        double dot = 0;
        for (std::size_t i = 0; i < dim; ++i) {
          dot += static_cast<double>(query[i]) * keys[t * shape.key_stride + kv + i];
        }
        weight[t] = dot * scale;
        largest = std::max(largest, weight[t]);
      }
      double sum = 0;
      for (std::size_t t = range.begin; t < range.end; ++t) sum += weight[t] = std::exp(weight[t] - largest);
      for (std::size_t i = 0; i < dim; ++i) {
        double value = 0;
        for (std::size_t t = range.begin; t < range.end; ++t)
          value += weight[t] * values[t * shape.key_stride + kv + i];
        out[(q * shape.heads + head) * dim + i] = stored(value / sum);
      }
    }
  }
}

void ReferenceOps::gated(Activation activation, const float* gate, const float* up, std::size_t stride,
                         std::size_t rows, std::size_t features, std::span<float> y) {
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t i = 0; i < features; ++i) {
      y[row * features + i] = stored(static_cast<double>(stored(apply(activation, gate[row * stride + i]))) *
                                     up[row * stride + i]);
    }
  }
}

void ReferenceOps::activate(Activation activation, std::span<float> x) {
  for (float& value : x) value = stored(apply(activation, value));
}

void ReferenceOps::add(std::span<float> x, std::span<const float> y) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = stored(static_cast<double>(x[i]) + y[i]);
}

void ReferenceOps::mean(std::span<const float> x, std::size_t rows, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    double sum = 0;
    for (std::size_t row = 0; row < rows; ++row) sum += x[row * out.size() + i];
    out[i] = stored(sum / static_cast<double>(rows));
  }
}

}  // namespace quantier
