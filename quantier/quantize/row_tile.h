// Sixteen rows of a weight side by side, as methods with a Hessian work on them: tile[k][lane] holds input k
// of row `lane`.
//
// Rows do not depend on each other in any of these methods, so the lanes of the vector unit are the rows: the
// loops need no reduction across lanes, every lane adds in the same order on every instruction set, and
// results are equal to the bit on all of them.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace quantier {

inline constexpr std::size_t kTileRows = 16;
// Aligned as the widest vector, which it fills.
struct alignas(64) TileLane : std::array<float, kTileRows> {};
using RowTile = std::vector<TileLane>;  // [inputs]

// sum[lane] += sum over j < count of factors[j] * tile[j][lane]
void tile_accumulate(const float* factors, const TileLane* tile, std::size_t count, TileLane& sum);

// tile[j][lane] -= factors[j] * by[lane] for j < count
void tile_subtract(TileLane* tile, const float* factors, std::size_t count, const TileLane& by);

}  // namespace quantier
