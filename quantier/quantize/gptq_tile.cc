#include "quantier/quantize/gptq_tile.h"

#include <algorithm>
#include <array>
#include <span>

#include "quantier/quantize/clip_search.h"
#include "quantier/quantize/grid_refit.h"

namespace quantier {
namespace {

// Positions whose changes reach the slopes of the others together: within them they do at once.
constexpr std::size_t kSweepBlock = 32;

}  // namespace

GptqTile::GptqTile(const GptqLayer& layer, std::size_t first_row)
    : layer_(layer),
      first_row_(first_row),
      rows_(std::min<std::size_t>(kTileRows, layer.linear.out_features - first_row)),
      weights_(layer.inputs()),
      grids_(i4_groups(layer.inputs(), layer.options.group)),
      lane_grids_(grids_.size()) {
  for (std::size_t i = 0; i < layer_.inputs(); ++i) {
    weights_[i] = {};
    for (std::size_t lane = 0; lane < rows_; ++lane) {
      weights_[i][lane] = layer_.weight[(first_row_ + lane) * layer_.inputs() + layer_.hessian.order[i]];
    }
  }
  targets_ = weights_;
}

GptqTileCosts GptqTile::run() {
  if (!layer_.drift.empty()) move_targets();
  GptqTileCosts costs;
  costs.output = squared_output(weights_);
  choose_grids(false);
  costs.nearest = squared_output(nearest_errors());
  if (layer_.options.searches_grid) choose_grids(true);
  quantize_in_order();
  const int sweeps = layer_.options.sweeps;
  if (sweeps > 0) find_slopes();
  for (int i = 0; i < sweeps; ++i) {
    bool changed = sweep();
    if (layer_.options.refits_grid && i + 1 < sweeps) changed = refit() || changed;
    if (!changed) break;
  }
  costs.result = squared_output(errors_);
  store();
  return costs;
}

template <class Visit>
void GptqTile::visit_in_order(const RowTile& tile, const Visit& visit) const {
  for (std::size_t first = 0; first < layer_.inputs(); first += kTileRun) {
    const std::size_t count = std::min(kTileRun, layer_.inputs() - first);
    TileRun before = sums_before(tile, first, count);
    for (std::size_t r = 0; r < count; ++r) {
      const float* row = layer_.factor_row(first + r);
      tile_accumulate(row + first, &tile[first], r, before[r]);
      visit(first + r, before[r], row[first + r]);
    }
  }
}

// targets = W + W C H^-1, the real weights whose outputs over the quantized model's inputs are nearest to
// those of W over the float model's. H^-1 by the two halves of its factor.
void GptqTile::move_targets() {
  const std::size_t n = layer_.inputs();
  RowTile moved;
  tile_multiply(layer_.drift.data(), n, TilePart::kAll, weights_, moved);
  // M^T y = W C from the last input on, four at a time.
  for (std::size_t end = n; end > 0;) {
    const std::size_t first = end > kTileRun ? end - kTileRun : 0;
    for (std::size_t i = end; i-- > first;) {
      const float* row = layer_.factor_row(i);
      for (float& value : moved[i]) value /= row[i];
      tile_subtract(&moved[first], row + first, i - first, moved[i]);
    }
    const std::array<std::uint32_t, kTileRun> own_rows = {0, 1, 2, 3};
    tile_subtract_rows(moved.data(), first, layer_.factor_row(first), n, own_rows.data(), &moved[first],
                       end - first);
    end = first;
  }
  // M x = y from the first on.
  visit_in_order(moved, [&](std::size_t i, const TileLane& before, float diagonal) {
    for (std::size_t lane = 0; lane < kTileRows; ++lane) {
      moved[i][lane] = (moved[i][lane] - before[lane]) / diagonal;
      targets_[i][lane] = weights_[i][lane] + moved[i][lane];
    }
  });
}

// Of the factor's rows [first, first + count) with what stands before `first`.
GptqTile::TileRun GptqTile::sums_before(const RowTile& tile, std::size_t first, std::size_t count) const {
  TileRun before{};
  if (count == kTileRun) {
    tile_accumulate_run(layer_.factor_row(first), layer_.inputs(), tile.data(), first, before.data());
    return before;
  }
  for (std::size_t r = 0; r < count; ++r)
    tile_accumulate(layer_.factor_row(first + r), tile.data(), first, before[r]);
  return before;
}

void GptqTile::choose_grids(bool searched) {
  const std::size_t n = layer_.inputs();
  std::vector<float> row(n);
  for (std::size_t lane = 0; lane < rows_; ++lane) {
    for (std::size_t i = 0; i < n; ++i) row[layer_.hessian.order[i]] = targets_[i][lane];
    for (std::size_t g = 0; g < grids_.size(); ++g) {
      const std::size_t first = g * layer_.group;
      const auto values = std::span(row).subspan(first, std::min<std::size_t>(layer_.group, n - first));
      grids_[g][lane] = searched ? searched_grid(values, {layer_.statistics.gram.data() + first * (n + 1), n},
                                                 layer_.options.symmetric)
                                 : i4_grid(values, layer_.options.symmetric);
    }
  }
  for (std::size_t g = 0; g < grids_.size(); ++g) lane_grids_[g] = LaneGrid::of(grids_[g]);
}

// Of the codes nearest to the weights themselves.
RowTile GptqTile::nearest_errors() const {
  RowTile errors(layer_.inputs());
  for (std::size_t i = 0; i < layer_.inputs(); ++i) {
    const LaneGrid& grid = lane_grids_[group_of(i)];
    TileLane code;
    TileLane error{};
    TileLane taken;
    take_codes(grid, {weights_[i], code, error}, {}, 1.0F, taken);
    TileLane value;
    lane_values(grid, code, value);
    for (std::size_t lane = 0; lane < kTileRows; ++lane) errors[i][lane] = targets_[i][lane] - value[lane];
  }
  return errors;
}

// |M e|^2 over all rows.
double GptqTile::squared_output(const RowTile& errors) const {
  RowTile outputs;
  tile_multiply(layer_.hessian.factor.data(), layer_.inputs(), TilePart::kWithDiagonal, errors, outputs);
  double sum = 0;
  for (const TileLane& output : outputs) {
    for (const float value : output) sum += static_cast<double>(value) * value;
  }
  return sum;
}

// Each input takes the code nearest to what cancels the errors of those before it.
void GptqTile::quantize_in_order() {
  const std::size_t n = layer_.inputs();
  errors_.assign(n, {});
  codes_.assign(n, {});
  visit_in_order(errors_, [&](std::size_t i, const TileLane& before, float diagonal) {
    TileLane taken;
    take_codes(lane_grids_[group_of(i)], input(i), before, diagonal, taken);
  });
}

void GptqTile::find_slopes() {
  tile_multiply(layer_.hessian.values.data(), layer_.inputs(), TilePart::kAll, errors_, slopes_);
}

// Each input in turn takes its best code given all others; whether any changed.
bool GptqTile::sweep() {
  const std::size_t n = layer_.inputs();
  bool any = false;
  for (std::size_t first = 0; first < n; first += kSweepBlock) {
    const std::size_t end = std::min(n, first + kSweepBlock);
    changed_.clear();
    changes_.clear();
    for (std::size_t i = first; i < end; ++i) {
      const float* row = layer_.hessian_row(i);
      TileLane taken;
      if (!improve_codes(lane_grids_[group_of(i)], input(i), slopes_[i], row[i], taken)) continue;
      tile_subtract(&slopes_[first], row + first, end - first, taken);
      changed_.push_back(static_cast<std::uint32_t>(i));
      changes_.push_back(taken);
    }
    if (changed_.empty()) continue;
    any = true;
    const float* matrix = layer_.hessian.values.data();
    tile_subtract_rows(slopes_.data(), first, matrix, n, changed_.data(), changes_.data(), changed_.size());
    tile_subtract_rows(slopes_.data() + end, n - end, matrix + end, n, changed_.data(), changes_.data(),
                       changed_.size());
  }
  return any;
}

bool GptqTile::refit() {
  bool any = false;
  for (std::size_t g = 0; g < layer_.group_positions.size(); ++g) any = refit_group(g) || any;
  return any;
}

// The group's grids fitted to its codes, all other groups as they are.
bool GptqTile::refit_group(std::size_t group) {
  const std::vector<std::uint32_t>& positions = layer_.group_positions[group];
  const float* hessian = layer_.group_hessians[group].data();
  const std::size_t size = positions.size();
  RowTile codes(size);
  RowTile slopes(size);
  for (std::size_t k = 0; k < size; ++k) {
    slopes[k] = slopes_[positions[k]];
    codes[k] = codes_[positions[k]];
  }
  const auto found = refitted_grids(hessian, codes, slopes, grids_[group], layer_.options.symmetric);
  if (found == grids_[group]) return false;
  const LaneGrid found_lanes = LaneGrid::of(found);
  // Halves round what was solved for: only what lowers the cost is taken.
  changes_.assign(size, {});
  for (std::size_t k = 0; k < size; ++k) {
    const std::size_t i = positions[k];
    TileLane value;
    lane_values(found_lanes, codes[k], value);
    for (std::size_t lane = 0; lane < kTileRows; ++lane)
      changes_[k][lane] = errors_[i][lane] - (targets_[i][lane] - value[lane]);
  }
  RowTile products;
  tile_multiply(hessian, size, TilePart::kAll, changes_, products);
  TileLane cost{};
  for (std::size_t k = 0; k < size; ++k) {
    for (std::size_t lane = 0; lane < kTileRows; ++lane)
      cost[lane] += changes_[k][lane] * (products[k][lane] - 2.0F * slopes[k][lane]);
  }
  bool any = false;
  TileLane kept{};
  for (std::size_t lane = 0; lane < rows_; ++lane) {
    if (!(cost[lane] < 0.0F)) continue;
    any = true;
    kept[lane] = 1.0F;
    grids_[group][lane] = found[lane];
  }
  if (!any) return false;
  lane_grids_[group] = LaneGrid::of(grids_[group]);
  for (std::size_t k = 0; k < size; ++k) {
    for (std::size_t lane = 0; lane < kTileRows; ++lane) {
      changes_[k][lane] = kept[lane] != 0.0F ? changes_[k][lane] : 0.0F;
      errors_[positions[k]][lane] -= changes_[k][lane];
    }
  }
  tile_subtract_rows(slopes_.data(), layer_.inputs(), layer_.hessian.values.data(), layer_.inputs(),
                     positions.data(), changes_.data(), size);
  return true;
}

void GptqTile::store() {
  const std::size_t n = layer_.inputs();
  for (std::size_t lane = 0; lane < rows_; ++lane) {
    const std::size_t row = first_row_ + lane;
    for (std::size_t g = 0; g < grids_.size(); ++g) i4_set_grid(layer_.packed, n, row, g, grids_[g][lane]);
    for (std::size_t i = 0; i < n; ++i) {
      i4_set_code(layer_.packed, n, row, layer_.hessian.order[i], static_cast<std::uint8_t>(codes_[i][lane]));
    }
  }
}

}  // namespace quantier
