// How an int8 product whose rows of x stay in shared memory (products_resident.cuh) is shared out among the
// multiprocessors, and whether it is worth it.
#pragma once

#include <algorithm>

#include "quantier/engine/cuda/hopper_tiles.cuh"
#include "quantier/engine/cuda/kernels.h"

namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

constexpr int kMostSlices = 12;  // of depth
constexpr int kMostStages = 16;
constexpr int kLeastStages = 4;
constexpr int kXSliceBytes = kHopperRows * kHopperSlice;
// Of 227 KiB that a block may have, barriers and columns' values take some.
constexpr int kResidentBytes = 222 * 1024;
constexpr int kResidentWide = 128;  // columns of a tile
constexpr int kResidentNarrow = 96;
// What else a round takes, found by measuring, as columns of a slice's products: to bring in rows of x; and
// of all slices together, to finish a tile.
constexpr int kXRows = 128;
constexpr int kFinishCost = 4;
constexpr int kLeastTiles = 2;  // of a unit

// What is the same for all blocks.
struct ResidentPlan {
  int slices;  // of depth, 128 bytes each
  int stages;  // slices of weights in shared memory
  int column_tiles;
  int splits;  // parts of the columns
  int units;   // a unit: a pair of blocks' rows, a part of the columns
};

struct ResidentUnit {
  int pair;
  int begin;  // tiles of columns
  int end;
  __device__ ResidentUnit(const ResidentPlan& plan, int unit)
      : pair(unit / plan.splits),
        begin(unit % plan.splits * plan.column_tiles / plan.splits),
        end((unit % plan.splits + 1) * plan.column_tiles / plan.splits) {}
};

// How a product is shared out, and what that takes in units of a slice's products of one column.
struct ResidentChoice {
  ResidentPlan plan{};
  int columns = 0;  // 0: it does not fit
  double cost = 0;
};

inline ResidentChoice resident_choice(const ProductTask& task, int columns) {
  ResidentChoice best;
  ResidentPlan plan{};
  plan.slices = static_cast<int>((task.inputs + kHopperSlice - 1) / kHopperSlice);
  const bool is_gate = task.finish == Finish::kGateGelu || task.finish == Finish::kGateSilu;
  if (plan.slices > kMostSlices || task.outputs % (is_gate ? 64 : 32) != 0) return best;
  plan.stages = std::min(
      kMostStages, (kResidentBytes - kTileAlignment - plan.slices * kXSliceBytes) / (columns * kHopperSlice));
  if (plan.stages < kLeastStages) return best;
  plan.column_tiles = static_cast<int>((task.outputs + columns - 1) / columns);
  const int pairs = static_cast<int>((task.rows + kCluster * kHopperRows - 1) / (kCluster * kHopperRows));
  const int at_once = multiprocessors() / kCluster;
  for (int splits = 1; splits <= plan.column_tiles; ++splits) {
    plan.splits = splits;
    plan.units = pairs * splits;
    const int rounds = (plan.units + at_once - 1) / at_once;
    const int tiles = (plan.column_tiles + splits - 1) / splits;
    // A round's time: its products, that of bringing in x, and that of finishing the last tile.
    const double cost = rounds * (plan.slices * (tiles * columns + kXRows) + kFinishCost * columns);
    if (best.columns == 0 || cost < best.cost) best = {plan, columns, cost};
  }
  return best;
}

// Columns 0: no tile that is asked for fits.
inline ResidentChoice resident_choice(const ProductTask& task) {
  ResidentChoice best;
  for (const int columns : {kResidentWide, kResidentNarrow}) {
    // A narrow tile has no whole heads, and no whole groups of gates and ups.
    const bool is_narrow_fit = task.finish == Finish::kStore || task.finish == Finish::kAdd;
    if (columns == kResidentNarrow && !is_narrow_fit) continue;
    const bool is_asked_for = task.tile_columns == static_cast<std::uint32_t>(columns) ||
                              (task.tile_columns == kResidentNarrow && !is_narrow_fit);
    if (task.tile_columns != 0 && !is_asked_for) continue;
    const ResidentChoice choice = resident_choice(task, columns);
    // With fewer tiles the groups have no turns to take, and halving a tile's rows between them is faster.
    if (task.tile_columns == 0 && choice.plan.column_tiles < kLeastTiles * choice.plan.splits) continue;
    if (choice.columns != 0 && (best.columns == 0 || choice.cost < best.cost)) best = choice;
  }
  return best;
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
