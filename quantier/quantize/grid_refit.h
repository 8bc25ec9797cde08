// The grids that suit codes which are already there best: the other half of a search that changes codes and
// grids in turn.
//
// For one group of inputs, with d the codes less the zero point, e the errors of a row's weights and H the
// Hessian's part of the group, moving from the grid at hand (scale s) to another (s', d') changes the row's
// cost e H e by s'^2 d' H d' - 2 s' d' q and a constant, q = H_g e + s H d, where H_g e are the slopes:
// errors outside of the group are in them. The best scale is d' q / d' H d', and the gain then (d' q)^2 / d'
// H d', so zero points are compared without trying any scale. Zero points move by one at most; the codes keep
// their places in the grid.
#pragma once

#include <array>
#include <span>

#include "quantier/formats/i4_group.h"
#include "quantier/quantize/row_tile.h"

namespace quantier {

// For sixteen rows side by side. `hessian`: [inputs, inputs] of the group; `codes` and `slopes`: [inputs]. A
// grid without extent, or one that no half could hold the points of, stays as it is.
[[nodiscard]] std::array<I4Grid, kTileRows> refitted_grids(const float* hessian,
                                                           std::span<const TileLane> codes,
                                                           std::span<const TileLane> slopes,
                                                           const std::array<I4Grid, kTileRows>& own,
                                                           bool symmetric);

}  // namespace quantier
