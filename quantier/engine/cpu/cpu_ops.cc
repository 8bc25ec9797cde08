#include "quantier/engine/cpu/cpu_ops.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <dnnl.h>

#include "quantier/base/check.h"
#include "quantier/engine/cpu/vector_math.h"

// oneDNN's own threads would fight with the pool: one pool per process. (libgomp, which oneDNN links.)
extern "C" void omp_set_num_threads(int);

namespace quantier {
namespace {

// Below 16 rows oneDNN picks other kernels whose sums run in another order; from 16 on, a row's result does
// not depend on how many rows there are (tested in cpu_ops_test.cc). Fewer rows are padded with zeros.
constexpr std::size_t kFewestRows = 16;
// Rows of a packed weight that are expanded to float at a time: the panel stays in the second-level cache.
constexpr std::size_t kPanelRows = 256;

// y[rows, ldy] (its first n columns) = x[rows, k] w[n, k]^T
void multiply(const float* x, std::size_t rows, std::size_t k, const float* w, std::size_t n, float* y,
              std::size_t ldy) {
  thread_local const bool single = [] {
    omp_set_num_threads(1);
    return true;
  }();
  static_cast<void>(single);
  const auto status = dnnl_sgemm('N', 'T', static_cast<dnnl_dim_t>(rows), static_cast<dnnl_dim_t>(n),
                                 static_cast<dnnl_dim_t>(k), 1.0F, x, static_cast<dnnl_dim_t>(k), w,
                                 static_cast<dnnl_dim_t>(k), 0.0F, y, static_cast<dnnl_dim_t>(ldy));
  QT_CHECK(status == dnnl_success, "oneDNN multiplies");
}

}  // namespace

const char* cpu_kernel_name(WeightFormat format) {
  switch (format) {
    case WeightFormat::kF32:
      return "onednn_sgemm";
    case WeightFormat::kF16:
      return "f16_panels+onednn_sgemm";
    case WeightFormat::kI8Row:
    case WeightFormat::kNf4Block:
      break;
  }
  return "none";
}

void CpuOps::linear(const PackedLinear& linear, std::span<const float> x,
                    std::span<const std::uint32_t> scopes, std::span<float> y) {
  const std::size_t rows = scopes.back();
  const std::size_t n_count = linear.out_features;
  const std::size_t k_count = linear.in_features;
  const float* source = x.data();
  float* target = y.data();
  const std::size_t computed_rows = std::max(rows, kFewestRows);
  if (rows < kFewestRows) {
    padded_x_.ensure(kFewestRows * k_count, MemoryOwner::kActivations);
    padded_y_.ensure(kFewestRows * n_count, MemoryOwner::kActivations);
    std::memcpy(padded_x_.data(), x.data(), rows * k_count * sizeof(float));
    std::memset(padded_x_.data() + rows * k_count, 0, (kFewestRows - rows) * k_count * sizeof(float));
    source = padded_x_.data();
    target = padded_y_.data();
  }
  if (const auto* f32 = std::get_if<F32Weights>(&linear.weights)) {
    multiply(source, computed_rows, k_count, f32->values.data(), n_count, target, n_count);
  } else {
    const auto* f16 = std::get_if<F16Weights>(&linear.weights);
    QT_CHECK(f16 != nullptr, "the product knows this format");
    panel_.ensure(kPanelRows * k_count, MemoryOwner::kActivations);
    for (std::size_t n = 0; n < n_count; n += kPanelRows) {
      const std::size_t count = std::min(kPanelRows, n_count - n);
      vector_math::expand_half(f16->values.data() + n * k_count, panel_.data(), count * k_count);
      multiply(source, computed_rows, k_count, panel_.data(), count, target + n, n_count);
    }
  }
  if (target != y.data()) std::memcpy(y.data(), target, rows * n_count * sizeof(float));
  if (!linear.bias.empty()) {
    for (std::size_t row = 0; row < rows; ++row)
      vector_math::add(y.data() + row * n_count, linear.bias.data(), n_count);
  }
  if (rounds()) vector_math::round_to_half(y.data(), rows * n_count);
}

const CpuOps::RotaryTable& CpuOps::rotary_table(double theta, std::size_t head_dim, std::size_t positions) {
  const auto found = std::find_if(
      rotary_tables_.begin(), rotary_tables_.end(),
      [&](const RotaryTable& table) { return table.theta == theta && table.head_dim == head_dim; });
  RotaryTable& table = found != rotary_tables_.end() ? *found : rotary_tables_.emplace_back();
  if (table.positions >= positions) return table;
  const std::size_t half = head_dim / 2;
  table.theta = theta;
  table.head_dim = head_dim;
  table.positions = std::max(positions, 2 * table.positions);
  table.cosine = AlignedBuffer<float>(table.positions * half, MemoryOwner::kActivations);
  table.sine = AlignedBuffer<float>(table.positions * half, MemoryOwner::kActivations);
  for (std::size_t position = 0; position < table.positions; ++position) {
    for (std::size_t i = 0; i < half; ++i) {
      const double angle = static_cast<double>(position) *
                           std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(head_dim));
      table.cosine[position * half + i] = static_cast<float>(std::cos(angle));
      table.sine[position * half + i] = static_cast<float>(std::sin(angle));
    }
  }
  return table;
}

void CpuOps::rope(std::span<float> x, const TokenBatch& batch, std::size_t stride, std::size_t first,
                  std::size_t heads, std::size_t head_dim, double theta) {
  const std::size_t half = head_dim / 2;
  for (std::size_t text = 0; text < batch.size(); ++text) {
    const std::size_t begin = batch.offsets[text];
    const std::size_t length = batch.offsets[text + 1] - begin;
    const RotaryTable& table = rotary_table(theta, head_dim, length);
    for (std::size_t position = 0; position < length; ++position) {
      for (std::size_t head = 0; head < heads; ++head) {
        float* row = x.data() + (begin + position) * stride + first + head * head_dim;
        vector_math::rotate(row, row + half, table.cosine.data() + position * half,
                            table.sine.data() + position * half, half);
      }
      if (rounds()) {
        vector_math::round_to_half(x.data() + (begin + position) * stride + first, heads * head_dim);
      }
    }
  }
}

void CpuOps::attention(const AttentionShape& shape, const float* queries, const float* keys,
                       const float* values, std::size_t tokens, std::size_t first_query,
                       std::size_t query_count, std::span<float> out) {
  const std::size_t dim = shape.head_dim;
  const auto scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(dim)));
  transposed_keys_.ensure(dim * tokens, MemoryOwner::kActivations);
  scores_.ensure(tokens, MemoryOwner::kActivations);
  const std::size_t group = shape.heads / shape.kv_heads;
  for (std::size_t kv = 0; kv < shape.kv_heads; ++kv) {
    for (std::size_t t = 0; t < tokens; ++t) {
      for (std::size_t i = 0; i < dim; ++i)
        transposed_keys_[i * tokens + t] = keys[t * shape.key_stride + kv * dim + i];
    }
    for (std::size_t head = kv * group; head < (kv + 1) * group; ++head) {
      for (std::size_t q = 0; q < query_count; ++q) {
        const KeyRange range = visible_keys(shape, first_query + q, tokens);
        const std::size_t count = range.end - range.begin;
        float* scores = scores_.data();
        std::fill_n(scores, count, 0.0F);
        const float* query = queries + (first_query + q) * shape.query_stride + head * dim;
        for (std::size_t i = 0; i < dim; ++i) {
          vector_math::add_scaled(scores, transposed_keys_.data() + i * tokens + range.begin,
                                  query[i] * scale, count);
        }
        vector_math::exp_minus(scores, count, *std::max_element(scores, scores + count));
        float sum = 0;
        for (std::size_t t = 0; t < count; ++t) sum += scores[t];
        float* answer = out.data() + (q * shape.heads + head) * dim;
        std::fill_n(answer, dim, 0.0F);
        for (std::size_t t = 0; t < count; ++t) {
          vector_math::add_scaled(answer, values + (range.begin + t) * shape.key_stride + kv * dim,
                                  scores[t] / sum, dim);
        }
      }
    }
  }
  if (rounds()) vector_math::round_to_half(out.data(), query_count * shape.heads * dim);
}

void CpuOps::gated(Activation activation, const float* gate, const float* up, std::size_t stride,
                   std::size_t rows, std::size_t features, std::span<float> y) {
  const auto apply = activation == Activation::kGelu ? vector_math::gelu_times : vector_math::silu_times;
  for (std::size_t row = 0; row < rows; ++row) {
    apply(gate + row * stride, up + row * stride, y.data() + row * features, features, rounds());
  }
}

void CpuOps::add(std::span<float> x, std::span<const float> y) {
  vector_math::add(x.data(), y.data(), x.size());
  if (rounds()) vector_math::round_to_half(x.data(), x.size());
}

}  // namespace quantier
