// Sixteen rows of a layer on their way from weights to codes: what gptq.h describes, for one tile.
//
// Inputs are held by position, the order in which they are quantized (Hessian::order). Rows are independent,
// so a layer's tiles can be taken in any order and by any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "quantier/formats/i4_group.h"
#include "quantier/quantize/gptq.h"
#include "quantier/quantize/hessian.h"
#include "quantier/quantize/lane_grid.h"
#include "quantier/quantize/row_tile.h"

namespace quantier {

// What the rows of a layer have in common.
struct GptqLayer {
  const LinearSpec& linear;
  const InputStatistics& statistics;
  const GptqOptions& options;
  const Hessian& hessian;
  std::vector<float> drift;   // [K, K] cross / rows, transposed, by position; empty without towards_float
  std::vector<float> weight;  // [N, K] as halves hold it
  std::uint64_t group = 0;    // inputs of a group
  std::vector<std::uint32_t> group_of;  // [K] by position
  // Of each group: the positions of its inputs, and its part of the Hessian [inputs, inputs], as stored.
  std::vector<std::vector<std::uint32_t>> group_positions;
  std::vector<std::vector<float>> group_hessians;
  I4GroupWeights& packed;

  [[nodiscard]] std::size_t inputs() const { return hessian.size; }
  [[nodiscard]] const float* factor_row(std::size_t i) const { return hessian.factor.data() + i * inputs(); }
  [[nodiscard]] const float* hessian_row(std::size_t i) const { return hessian.values.data() + i * inputs(); }
};

// Squared output errors of the rows of a tile, summed.
struct GptqTileCosts {
  double nearest = 0;
  double result = 0;
  double output = 0;  // of the weights themselves: what the others are a share of
};

class GptqTile {
 public:
  GptqTile(const GptqLayer& layer, std::size_t first_row);

  // Writes codes and grids into the layer's packed weights.
  GptqTileCosts run();

 private:
  [[nodiscard]] std::size_t group_of(std::size_t position) const { return layer_.group_of[position]; }

  using TileRun = std::array<TileLane, kTileRun>;
  [[nodiscard]] TileRun sums_before(const RowTile& tile, std::size_t first, std::size_t count) const;
  // Positions from the first on: visit(i, sum over j < i of M[i][j] tile[j], M[i][i]) sets tile[i].
  template <class Visit>
  void visit_in_order(const RowTile& tile, const Visit& visit) const;
  void move_targets();
  void choose_grids(bool searched);
  [[nodiscard]] RowTile nearest_errors() const;
  [[nodiscard]] double squared_output(const RowTile& errors) const;
  [[nodiscard]] LaneInput input(std::size_t i) { return {targets_[i], codes_[i], errors_[i]}; }
  void quantize_in_order();
  void find_slopes();
  bool sweep();
  bool refit();
  bool refit_group(std::size_t group);
  void store();

  const GptqLayer& layer_;
  std::size_t first_row_;
  std::size_t rows_;  // of the tile; the other lanes hold zeros
  RowTile weights_;
  RowTile targets_;
  RowTile errors_;  // targets - what the codes stand for
  RowTile slopes_;  // H e
  RowTile codes_;
  std::vector<std::array<I4Grid, kTileRows>> grids_;  // [group]
  std::vector<LaneGrid> lane_grids_;                  // the same, as loops over lanes want them
  RowTile changes_;                                   // scratch: of the errors of some inputs, taken away
  std::vector<std::uint32_t> changed_;                // scratch: their positions
};

}  // namespace quantier
