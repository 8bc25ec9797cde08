#include "quantier/quantize/clip_search.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "quantier/base/vector_clones.h"
#include "quantier/quantize/row_tile.h"

namespace quantier {
namespace {

// Candidates are tried sixteen at a time, one in each lane of a tile.
struct Candidates {
  TileLane shrink{};
  TileLane scale{};
  TileLane zero{};
};

// errors[k][lane] = weight[k] - the point of the lane's grid that is nearest to it
QT_VECTOR_CLONES void rounding_errors(const float* weights, std::size_t count, const Candidates& candidates,
                                      TileLane* errors) {
  // Adding and taking away 1.5 * 2^23 rounds to the nearest integer, ties to even, in every lane.
  constexpr float kRounder = 12582912.0F;
  const float* scale = candidates.scale.data();
  const float* zero = candidates.zero.data();
  for (std::size_t k = 0; k < count; ++k) {
    float* error = errors[k].data();
    for (std::size_t lane = 0; lane < kTileRows; ++lane) {
      float code = ((weights[k] / scale[lane] + kRounder) - kRounder) + zero[lane];
      code = code < 0.0F ? 0.0F : code;
      code = code > 15.0F ? 15.0F : code;
      error[lane] = weights[k] - (code - zero[lane]) * scale[lane];
    }
  }
}

// cost[lane] = e H e^T, over the lower triangle of the symmetric H
QT_VECTOR_CLONES void quadratic_costs(const GroupHessian& hessian, const TileLane* errors, std::size_t count,
                                      TileLane& cost) {
  for (std::size_t i = 0; i < count; ++i) {
    const float* row = hessian.values + i * hessian.stride;
    TileLane before{};
    tile_accumulate(row, errors, i, before);
    const float* error = errors[i].data();
    for (std::size_t lane = 0; lane < kTileRows; ++lane) {
      cost[lane] += error[lane] * (2.0F * before[lane] + row[i] * error[lane]);
    }
  }
}

struct Best {
  I4Grid grid;
  float shrink = 1.0F;
  float cost = std::numeric_limits<float>::infinity();
};

void try_all(std::span<const float> weights, const GroupHessian& hessian, bool symmetric,
             std::span<const float> shrinks, Best& best) {
  std::vector<TileLane> errors(weights.size());
  for (std::size_t first = 0; first < shrinks.size(); first += kTileRows) {
    Candidates candidates;
    std::array<I4Grid, kTileRows> grids;
    for (std::size_t lane = 0; lane < kTileRows; ++lane) {
      candidates.shrink[lane] = shrinks[std::min(first + lane, shrinks.size() - 1)];
      grids[lane] = i4_grid(weights, symmetric, candidates.shrink[lane]);
      const float scale = grids[lane].scale();
      candidates.scale[lane] = scale > 0.0F ? scale : 1.0F;
      candidates.zero[lane] = static_cast<float>(grids[lane].zero);
    }
    rounding_errors(weights.data(), weights.size(), candidates, errors.data());
    TileLane cost{};
    quadratic_costs(hessian, errors.data(), weights.size(), cost);
    for (std::size_t lane = 0; lane < kTileRows; ++lane) {
      // A grid without extent holds zero alone; it is no candidate while another has an extent.
      const bool is_flat = grids[lane].scale_bits == 0 && best.grid.scale_bits != 0;
      if (is_flat || !(cost[lane] < best.cost)) continue;
      best = {grids[lane], candidates.shrink[lane], cost[lane]};
    }
  }
}

}  // namespace

I4Grid least_error_grid(std::span<const float> weights, const GroupHessian& hessian, bool symmetric,
                        std::span<const float> shrinks) {
  Best best{.grid = i4_grid(weights, symmetric)};
  try_all(weights, hessian, symmetric, shrinks, best);
  return best.grid;
}

I4Grid searched_grid(std::span<const float> weights, const GroupHessian& hessian, bool symmetric) {
  constexpr float kCoarse = 0.04F;
  constexpr float kFine = 0.005F;
  std::array<float, kTileRows> shrinks{};
  for (std::size_t i = 0; i < shrinks.size(); ++i) shrinks[i] = 1.0F - kCoarse * static_cast<float>(i);
  Best best{.grid = i4_grid(weights, symmetric)};
  try_all(weights, hessian, symmetric, shrinks, best);
  const float centre = best.shrink;
  for (std::size_t i = 0; i < shrinks.size(); ++i) {
    shrinks[i] = std::min(1.0F, centre + kFine * (static_cast<float>(i) - 7.0F));
  }
  try_all(weights, hessian, symmetric, shrinks, best);
  return best.grid;
}

}  // namespace quantier
