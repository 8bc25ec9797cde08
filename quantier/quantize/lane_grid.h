// One step of a tile (row_tile.h) towards codes of i4-group: sixteen rows take the code of one input at once,
// each on a grid of its own. The same codes and points as I4Grid's, number for number.
#pragma once

#include <array>

#include "quantier/formats/i4_group.h"
#include "quantier/quantize/row_tile.h"

namespace quantier {

// The grids of sixteen rows over one group of inputs.
struct LaneGrid {
  TileLane scale{};
  TileLane zero{};

  [[nodiscard]] static LaneGrid of(const std::array<I4Grid, kTileRows>& grids);
};

// What the codes stand for: I4Grid::value of each lane.
void lane_values(const LaneGrid& grid, const TileLane& codes, TileLane& values);

// What a tile holds of one input.
struct LaneInput {
  const TileLane& target;
  TileLane& code;
  TileLane& error;  // target - what the code stands for
};

// codes = nearest to target + pull / weight; `taken`: by how much errors fell. Whether any did.
bool take_codes(const LaneGrid& grid, const LaneInput& input, const TileLane& pull, float weight,
                TileLane& taken);

// The same with pull = slope - weight * error: the best code given all other inputs, where slope = H e and
// weight the input's own entry of H's diagonal.
bool improve_codes(const LaneGrid& grid, const LaneInput& input, const TileLane& slope, float weight,
                   TileLane& taken);

}  // namespace quantier
