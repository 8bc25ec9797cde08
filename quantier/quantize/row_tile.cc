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

QT_VECTOR_CLONES void tile_subtract_run(TileLane* tile, const float* factors, std::size_t stride,
                                        std::size_t count, const TileLane* by) {
  static_assert(kTileRun == 4);
  auto* lanes = reinterpret_cast<Lanes*>(tile);
  const auto* subtrahends = reinterpret_cast<const Lanes*>(by);
  const Lanes first = subtrahends[0];
  const Lanes second = subtrahends[1];
  const Lanes third = subtrahends[2];
  const Lanes fourth = subtrahends[3];
  for (std::size_t j = 0; j < count; ++j) {
    Lanes own = lanes[j];
    own -= first * factors[j];
    own -= second * factors[stride + j];
    own -= third * factors[2 * stride + j];
    own -= fourth * factors[3 * stride + j];
    lanes[j] = own;
  }
}

QT_VECTOR_CLONES void tile_subtract_columns(TileLane* tile, std::size_t rows, const float* factors,
                                            std::size_t stride, const std::uint32_t* columns,
                                            const TileLane* by, std::size_t count) {
  auto* out = reinterpret_cast<Lanes*>(tile);
  const auto* change = reinterpret_cast<const Lanes*>(by);
  std::size_t j = 0;
  for (; j + kTileRun <= rows; j += kTileRun) {
    const float* row = factors + j * stride;
    Lanes first{};
    Lanes second{};
    Lanes third{};
    Lanes fourth{};
    for (std::size_t c = 0; c < count; ++c) {
      const std::size_t column = columns[c];
      const Lanes own = change[c];
      first += own * row[column];
      second += own * row[stride + column];
      third += own * row[2 * stride + column];
      fourth += own * row[3 * stride + column];
    }
    out[j] -= first;
    out[j + 1] -= second;
    out[j + 2] -= third;
    out[j + 3] -= fourth;
  }
  for (; j < rows; ++j) {
    for (std::size_t c = 0; c < count; ++c) out[j] -= change[c] * factors[j * stride + columns[c]];
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
