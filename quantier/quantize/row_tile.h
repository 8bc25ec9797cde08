// Sixteen rows of a weight side by side, as methods with a Hessian work on them: tile[k][lane] holds input k
// of row `lane`.
//
// Rows do not depend on each other in any of these methods, so the lanes of the vector unit are the rows: the
// loops need no reduction across lanes, every lane adds in the same order on every instruction set, and
// results are equal to the bit on all of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace quantier {

inline constexpr std::size_t kTileRows = 16;
// Aligned as the widest vector, which it fills.
struct alignas(64) TileLane : std::array<float, kTileRows> {};
using RowTile = std::vector<TileLane>;  // [inputs]

// sum[lane] += sum over j < count of factors[j] * tile[j][lane]
void tile_accumulate(const float* factors, const TileLane* tile, std::size_t count, TileLane& sum);

// The same for kTileRun rows of factors, `stride` apart: a tile that is read once serves them all.
inline constexpr std::size_t kTileRun = 4;
void tile_accumulate_run(const float* factors, std::size_t stride, const TileLane* tile, std::size_t count,
                         TileLane* sums);

// tile[j][lane] -= factors[j] * by[lane] for j < count
void tile_subtract(TileLane* tile, const float* factors, std::size_t count, const TileLane& by);
// The same for `count` rows of factors, one after another: row c begins at factors + rows[c] * stride, and
// takes by[c] with it.
void tile_subtract_rows(TileLane* tile, std::size_t inputs, const float* factors, std::size_t stride,
                        const std::uint32_t* rows, const TileLane* by, std::size_t count);

// sums[i] = sum of matrix[i][j] * tile[j] over j < n, j < i or j <= i; the matrix is [n, n].
enum class TilePart { kAll, kBelowDiagonal, kWithDiagonal };
void tile_multiply(const float* matrix, std::size_t n, TilePart part, const RowTile& tile, RowTile& sums);

}  // namespace quantier
