// Attention of every table that the device can run against sums in double.
#include <cmath>

#include "tests/cuda_fixture.h"

namespace quantier::cuda {
namespace {

TYPED_TEST_SUITE(CudaOps, CudaElements);

struct AttentionCase {
  std::uint32_t heads;
  std::uint32_t kv_heads;
  std::uint32_t head_dim;
  bool causal;
  std::int32_t half_window;
};

std::vector<std::pair<const Kernels*, std::uint32_t>> with_query_tiles(
    const std::vector<const Kernels*>& tables) {
  std::vector<std::pair<const Kernels*, std::uint32_t>> both;
  for (const Kernels* table : tables)
    for (const std::uint32_t tile : {32U, 64U, 128U}) both.emplace_back(table, tile);
  return both;
}

TYPED_TEST(CudaOps, AttendsAsInDouble) {
  const std::vector<std::uint32_t> lengths = {1, 7, 16, 63, 64, 65, 130, 200};
  std::uint32_t tokens = 0;
  std::vector<AttentionItem> texts;
  for (const std::uint32_t length : lengths) {
    texts.push_back({tokens, length, 0});
    tokens += length;
  }
  for (const AttentionCase& each :
       {AttentionCase{3, 3, 64, false, -1}, AttentionCase{3, 3, 64, false, 32},
        AttentionCase{4, 2, 64, true, -1}, AttentionCase{14, 2, 64, true, -1},
        AttentionCase{2, 1, 128, true, 20}, AttentionCase{2, 2, 128, false, 64}}) {
    const std::uint32_t d = each.head_dim;
    const std::uint32_t stride = (each.heads + 2 * each.kv_heads) * d;
    const auto rows = this->template random_rows<TypeParam>(std::size_t{tokens} * stride);
    const std::vector<float> x = this->template widened<TypeParam>(rows);
    std::vector<float2> turns(256 * (d / 2));
    for (std::uint32_t position = 0; position < 256; ++position) {
      for (std::uint32_t i = 0; i < d / 2; ++i) {
        const double angle = position * std::pow(10000.0, -2.0 * i / d);
        turns[position * (d / 2) + i] = {static_cast<float>(std::cos(angle)),
                                         static_cast<float>(std::sin(angle))};
      }
    }
    // Rotated on the host as the kernel does it.
    const auto rotated = [&](std::uint32_t row, std::uint32_t position, std::uint32_t first) {
      std::vector<double> out(d);
      for (std::uint32_t i = 0; i < d / 2; ++i) {
        const float2 turn = turns[position * (d / 2) + i];
        const float low = x[std::size_t{row} * stride + first + i];
        const float high = x[std::size_t{row} * stride + first + d / 2 + i];
        out[i] = this->rounded(low * turn.x - high * turn.y);
        out[d / 2 + i] = this->rounded(high * turn.x + low * turn.y);
      }
      return out;
    };
    std::vector<float> expected(std::size_t{tokens} * each.heads * d);
    std::uint32_t begin = 0;
    for (const std::uint32_t length : lengths) {
      for (std::uint32_t head = 0; head < each.heads; ++head) {
        const std::uint32_t kv = head / (each.heads / each.kv_heads);
        std::vector<std::vector<double>> keys;
        for (std::uint32_t j = 0; j < length; ++j)
          keys.push_back(rotated(begin + j, j, (each.heads + kv) * d));
        for (std::uint32_t i = 0; i < length; ++i) {
          const std::vector<double> query = rotated(begin + i, i, head * d);
          std::vector<double> out(d, 0.0);
          double total = 0;
          for (std::uint32_t j = 0; j < length; ++j) {
            if (each.causal && j > i) continue;
            if (each.half_window >= 0 &&
                std::abs(static_cast<int>(i) - static_cast<int>(j)) > each.half_window)
              continue;
            double score = 0;
            for (std::uint32_t k = 0; k < d; ++k) score += query[k] * keys[j][k];
            const double weight = std::exp(score / std::sqrt(static_cast<double>(d)));
            total += weight;
            for (std::uint32_t k = 0; k < d; ++k)
              out[k] +=
                  weight * x[std::size_t{begin + j} * stride + (each.heads + each.kv_heads + kv) * d + k];
          }
          for (std::uint32_t k = 0; k < d; ++k)
            expected[(std::size_t{begin + i} * each.heads + head) * d + k] =
                static_cast<float>(out[k] / total);
        }
      }
      begin += length;
    }
    for (const auto& [kernels, query_tile] : with_query_tiles(this->tables())) {
      std::vector<AttentionItem> items;
      for (const AttentionItem& text : texts) {
        for (std::uint32_t first = 0; first < text.length; first += query_tile)
          items.push_back({text.begin, text.length, first});
      }
      const DeviceArray<std::uint16_t> in(rows);
      const DeviceArray<float2> turns_there(turns);
      const DeviceArray<AttentionItem> items_there(items);
      const DeviceArray<std::uint16_t> out(expected.size());
      kernels->attention({.element = TypeParam::kElement,
                          .queries = in.data(),
                          .keys = in.data() + each.heads * d,
                          .values = in.data() + (each.heads + each.kv_heads) * d,
                          .stride = stride,
                          .heads = each.heads,
                          .kv_heads = each.kv_heads,
                          .head_dim = d,
                          .causal = each.causal,
                          .half_window = each.half_window,
                          .rotations = turns_there.data(),
                          .items = items_there.data(),
                          .query_tile = query_tile,
                          .item_count = static_cast<std::uint32_t>(items.size()),
                          .out = out.data()},
                         nullptr);
      const std::vector<float> got = this->template widened<TypeParam>(out.values());
      // Probabilities are rounded to elements: of the largest value that they are multiplied with, about.
      for (std::size_t i = 0; i < got.size(); ++i) {
        ASSERT_NEAR(got[i], expected[i], 3.0F * this->step(1.0F))
            << kernels->name << " tile " << query_tile << " heads " << each.heads << " row "
            << i / (each.heads * d) << " column " << i % (each.heads * d);
      }
    }
  }
}

}  // namespace
}  // namespace quantier::cuda
