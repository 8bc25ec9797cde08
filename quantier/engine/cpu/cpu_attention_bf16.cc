// Attention of a plan that rounds to bfloat16, where the processor multiplies bfloat16: the same two products
// as in cpu_attention.cc, two inputs a step. Queries, keys and values are bfloat16 already, so scores lose
// nothing; probabilities are rounded before they meet the values, as frameworks store them.
//
// Panels hold pairs: of a key's inputs [tokens / 16, dim / 2, 16, 2], of tokens for the values
// [dim / 16, tokens / 2, 16, 2]. A pair is moved as one 32-bit word.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "quantier/engine/cpu/attention_blocks.h"
#include "quantier/engine/cpu/cpu_ops.h"

namespace quantier {
namespace {

// Tiles add up the products of sixteen pairs before they meet the sum (kernels_amx.cc): where such a group
// begins must not depend on the queries that are asked together.
constexpr std::size_t kTokensAdded = 32;
static_assert(kTokensAdded % kPanelWidth == 0);

std::uint32_t bits_of(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

// Values [tokens, dim] -> pairs of tokens; a last one without a partner has a zero.
void values_in_pairs(const float* values, std::size_t stride, std::size_t tokens, std::size_t dim,
                     std::uint32_t* panels) {
  for (std::size_t first = 0; first < dim; first += kPanelWidth) {
    const std::size_t count = std::min(kPanelWidth, dim - first);
    for (std::size_t t = 0; t < tokens; t += 2, panels += kPanelWidth) {
      const float* even = values + t * stride + first;
      std::fill_n(panels, kPanelWidth, 0U);
      for (std::size_t i = 0; i < count; ++i) panels[i] = bits_of(even[i]) >> 16U;
      if (t + 1 == tokens) continue;
      for (std::size_t i = 0; i < count; ++i) panels[i] |= bits_of(even[stride + i]) & 0xFFFF0000U;
    }
  }
}

}  // namespace

bool CpuOps::attends_in_bfloat16(const AttentionShape& shape) const {
  return rounding_ == cpu::Rounding::kBFloat16 && kernels_.multiply_bf16 != nullptr &&
         shape.head_dim % 2 == 0;
}

void CpuOps::attention_bf16(const AttentionShape& shape, const float* queries, const float* keys,
                            const float* values, std::size_t tokens, std::size_t first_query,
                            std::size_t query_count, std::span<float> out) {
  const std::size_t dim = shape.head_dim;
  const std::size_t pairs = dim / 2;
  const std::size_t token_pairs = (tokens + 1) / 2;
  const auto scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(dim)));
  const std::size_t out_stride = shape.heads * dim;
  const std::size_t all_keys = whole_panels(tokens);
  // A pair of bfloat16 takes the place of a float.
  key_panels_.ensure(all_keys * pairs, MemoryOwner::kActivations);
  key_pairs_.ensure(tokens * pairs, MemoryOwner::kActivations);
  value_pairs_.ensure(whole_panels(dim) * token_pairs, MemoryOwner::kActivations);
  scores_.ensure(kQueriesAtOnce * all_keys, MemoryOwner::kActivations);
  packed_.ensure(kQueriesAtOnce * std::max(all_keys, dim), MemoryOwner::kActivations);
  const std::size_t group = shape.heads / shape.kv_heads;
  for (std::size_t kv = 0; kv < shape.kv_heads; ++kv) {
    for (std::size_t t = 0; t < tokens; ++t)
      kernels_.pack_bfloat16(keys + t * shape.key_stride + kv * dim, dim,
                             reinterpret_cast<std::uint16_t*>(key_pairs_.data() + t * pairs));
    kernels_.transpose_panels(key_pairs_.data(), pairs, tokens, pairs, key_panels_.data());
    values_in_pairs(values + kv * dim, shape.key_stride, tokens, dim, value_pairs_.data());
    for (std::size_t head = kv * group; head < (kv + 1) * group; ++head) {
      for_query_blocks(shape, tokens, first_query, query_count, kTokensAdded, [&](const QueryBlock& block) {
        for (std::size_t q = 0; q < block.count; ++q)
          kernels_.pack_bfloat16(queries + (block.position + q) * shape.query_stride + head * dim, dim,
                                 packed_.data() + q * dim);
        for (std::size_t t = 0; t < block.width; t += 2 * kPanelWidth) {
          const float* panel = key_panels_.data() + (block.low + t) * pairs;
          const bool has_second = t + kPanelWidth < block.width;
          kernels_.multiply_bf16({packed_.data(),
                                  dim * sizeof(std::uint16_t),
                                  block.count,
                                  pairs,
                                  {panel, has_second ? panel + kPanelWidth * pairs : nullptr}},
                                 {.y = scores_.data() + t,
                                  .y_stride = block.width,
                                  .counts = {kPanelWidth, has_second ? kPanelWidth : 0}});
        }
        for (std::size_t q = 0; q < block.count; ++q) {
          const KeyRange range = visible_keys(shape, block.position + q, tokens);
          kernels_.softmax(scores_.data() + q * block.width, range.begin - block.low, range.end - block.low,
                           block.width, scale);
        }
        kernels_.round_bfloat16(scores_.data(), block.count * block.width, packed_.data());
        float* answer = out.data() + block.first * out_stride + head * dim;
        for (std::size_t first = 0; first < dim; first += 2 * kPanelWidth) {
          const std::uint32_t* panel =
              value_pairs_.data() + first * token_pairs + block.low / 2 * kPanelWidth;
          const std::size_t middle = std::min(first + kPanelWidth, dim);
          const std::size_t end = std::min(first + 2 * kPanelWidth, dim);
          kernels_.multiply_bf16({packed_.data(),
                                  block.width * sizeof(std::uint16_t),
                                  block.count,
                                  (block.high - block.low + 1) / 2,
                                  {panel, middle < end ? panel + kPanelWidth * token_pairs : nullptr}},
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
