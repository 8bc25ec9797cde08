#include "quantier/quantize/row_tile.h"

#include "quantier/base/vector_clones.h"

namespace quantier {
namespace {

// Sixteen lanes as the compiler's own vector type: it takes one, two or four registers, by instruction set.
typedef float Lanes __attribute__((vector_size(64), may_alias));
static_assert(sizeof(Lanes) == sizeof(TileLane) && alignof(TileLane) == 64);

}  // namespace

QT_VECTOR_CLONES void tile_accumulate(const float* factors, const TileLane* tile, std::size_t count,
                                      TileLane& sum) {
  const auto* lanes = reinterpret_cast<const Lanes*>(tile);
  // Four partial sums: a single one would wait for each addition.
  Lanes first{};
  Lanes second{};
  Lanes third{};
  Lanes fourth{};
  std::size_t j = 0;
  for (; j + 4 <= count; j += 4) {
    first += lanes[j] * factors[j];
    second += lanes[j + 1] * factors[j + 1];
    third += lanes[j + 2] * factors[j + 2];
    fourth += lanes[j + 3] * factors[j + 3];
  }
  for (; j < count; ++j) first += lanes[j] * factors[j];
  *reinterpret_cast<Lanes*>(&sum) += (first + second) + (third + fourth);
}

QT_VECTOR_CLONES void tile_accumulate_run(const float* factors, std::size_t stride, const TileLane* tile,
                                          std::size_t count, TileLane* sums) {
  static_assert(kTileRun == 4);
  const auto* lanes = reinterpret_cast<const Lanes*>(tile);
  auto* out = reinterpret_cast<Lanes*>(sums);
  Lanes first{};
  Lanes second{};
  Lanes third{};
  Lanes fourth{};
  for (std::size_t j = 0; j < count; ++j) {
    const Lanes own = lanes[j];
    first += own * factors[j];
    second += own * factors[stride + j];
    third += own * factors[2 * stride + j];
    fourth += own * factors[3 * stride + j];
  }
  out[0] += first;
  out[1] += second;
  out[2] += third;
  out[3] += fourth;
}

QT_VECTOR_CLONES void tile_subtract(TileLane* tile, const float* factors, std::size_t count,
                                    const TileLane& by) {
  auto* lanes = reinterpret_cast<Lanes*>(tile);
  const Lanes subtrahend = *reinterpret_cast<const Lanes*>(&by);
  for (std::size_t j = 0; j < count; ++j) lanes[j] -= subtrahend * factors[j];
}

// Rows of the factors are read as they lie in memory, four at a time, so that each visit to the tile serves
// four.
QT_VECTOR_CLONES void tile_subtract_rows(TileLane* tile, std::size_t inputs, const float* factors,
                                         std::size_t stride, const std::uint32_t* rows, const TileLane* by,
                                         std::size_t count) {
  static_assert(kTileRun == 4);
  auto* lanes = reinterpret_cast<Lanes*>(tile);
  const auto* subtrahends = reinterpret_cast<const Lanes*>(by);
  std::size_t c = 0;
  for (; c + kTileRun <= count; c += kTileRun) {
    const float* row0 = factors + rows[c] * stride;
    const float* row1 = factors + rows[c + 1] * stride;
    const float* row2 = factors + rows[c + 2] * stride;
    const float* row3 = factors + rows[c + 3] * stride;
    const Lanes first = subtrahends[c];
    const Lanes second = subtrahends[c + 1];
    const Lanes third = subtrahends[c + 2];
    const Lanes fourth = subtrahends[c + 3];
    for (std::size_t j = 0; j < inputs; ++j) {
      Lanes own = lanes[j];
      own -= first * row0[j];
      own -= second * row1[j];
      own -= third * row2[j];
      own -= fourth * row3[j];
      lanes[j] = own;
    }
  }
  for (; c < count; ++c) {
    const float* row = factors + rows[c] * stride;
    const Lanes subtrahend = subtrahends[c];
    for (std::size_t j = 0; j < inputs; ++j) lanes[j] -= subtrahend * row[j];
  }
}

void tile_multiply(const float* matrix, std::size_t n, TilePart part, const RowTile& tile, RowTile& sums) {
  sums.assign(n, {});
  const std::size_t diagonal = part == TilePart::kWithDiagonal ? 1 : 0;
  std::size_t i = 0;
  for (; i + kTileRun <= n; i += kTileRun) {
    const float* rows = matrix + i * n;
    tile_accumulate_run(rows, n, tile.data(), part == TilePart::kAll ? n : i, &sums[i]);
    if (part == TilePart::kAll) continue;
    for (std::size_t r = 0; r < kTileRun; ++r)
      tile_accumulate(rows + r * n + i, &tile[i], r + diagonal, sums[i + r]);
  }
  for (; i < n; ++i)
    tile_accumulate(matrix + i * n, tile.data(), part == TilePart::kAll ? n : i + diagonal, sums[i]);
}

}  // namespace quantier
