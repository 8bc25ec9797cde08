// Attention of one text as two products per head over blocks of queries: scores = Q K^T against the keys
// turned into panels, then answers = P V against the values in panels, with the softmax between them while a
// block is in cache. The same product kernel as the linear layers', so a query's answer does not depend on
// which others are asked.
#include <algorithm>
#include <cmath>

#include "quantier/engine/cpu/attention_blocks.h"
#include "quantier/engine/cpu/cpu_ops.h"

namespace quantier {
namespace {

// Values [tokens, dim] -> [dim / 16, tokens, 16].
void values_in_panels(const float* values, std::size_t stride, std::size_t tokens, std::size_t dim,
                      float* panels) {
  for (std::size_t first = 0; first < dim; first += kPanelWidth) {
    const std::size_t count = std::min(kPanelWidth, dim - first);
    for (std::size_t t = 0; t < tokens; ++t, panels += kPanelWidth) {
      std::copy_n(values + t * stride + first, count, panels);
      std::fill_n(panels + count, kPanelWidth - count, 0.0F);
    }
  }
}

}  // namespace

void CpuOps::attention(const AttentionShape& shape, const float* queries, const float* keys,
                       const float* values, std::size_t tokens, std::size_t first_query,
                       std::size_t query_count, std::span<float> out) {
  if (attends_in_bfloat16(shape))
    return attention_bf16(shape, queries, keys, values, tokens, first_query, query_count, out);
  const std::size_t dim = shape.head_dim;
  const auto scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(dim)));
  const std::size_t out_stride = shape.heads * dim;
  key_panels_.ensure(whole_panels(tokens) * dim, MemoryOwner::kActivations);
  value_panels_.ensure(whole_panels(dim) * tokens, MemoryOwner::kActivations);
  scores_.ensure(kQueriesAtOnce * whole_panels(tokens), MemoryOwner::kActivations);
  const std::size_t group = shape.heads / shape.kv_heads;
  for (std::size_t kv = 0; kv < shape.kv_heads; ++kv) {
    kernels_.transpose_panels(keys + kv * dim, shape.key_stride, tokens, dim, key_panels_.data());
    values_in_panels(values + kv * dim, shape.key_stride, tokens, dim, value_panels_.data());
    for (std::size_t head = kv * group; head < (kv + 1) * group; ++head) {
      for_query_blocks(shape, tokens, first_query, query_count, kPanelWidth, [&](const QueryBlock& block) {
        const float* query = queries + block.position * shape.query_stride + head * dim;
        // Keys two panels at a time.
        for (std::size_t t = 0; t < block.width; t += 2 * kPanelWidth) {
          const float* panel = key_panels_.data() + (block.low + t) * dim;
          const bool has_second = t + kPanelWidth < block.width;
          kernels_.multiply_f32({query,
                                 shape.query_stride * sizeof(float),
                                 block.count,
                                 dim,
                                 {panel, has_second ? panel + kPanelWidth * dim : nullptr}},
                                {.y = scores_.data() + t,
                                 .y_stride = block.width,
                                 .counts = {kPanelWidth, has_second ? kPanelWidth : 0}});
        }
        for (std::size_t q = 0; q < block.count; ++q) {
          const KeyRange range = visible_keys(shape, block.position + q, tokens);
          kernels_.softmax(scores_.data() + q * block.width, range.begin - block.low, range.end - block.low,
                           block.width, scale);
        }
        float* answer = out.data() + block.first * out_stride + head * dim;
        for (std::size_t first = 0; first < dim; first += 2 * kPanelWidth) {
          const float* panel = value_panels_.data() + first * tokens + block.low * kPanelWidth;
          const std::size_t middle = std::min(first + kPanelWidth, dim);
          const std::size_t end = std::min(first + 2 * kPanelWidth, dim);
          kernels_.multiply_f32({scores_.data(),
                                 block.width * sizeof(float),
                                 block.count,
                                 block.high - block.low,
                                 {panel, middle < end ? panel + kPanelWidth * tokens : nullptr}},
                                {.rounding = rounding_,
                                 .y = answer + first,
                                 .y_stride = out_stride,
                                 .counts = {middle - first, end - middle}});
        }
      });
    }
  }
}

}  // namespace quantier
