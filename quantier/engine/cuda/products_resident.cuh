// The int8 products of Hopper whose rows of x fit into a multiprocessor, up to some 1,400 inputs. A pair of
// blocks keeps 256 rows of x in shared memory and makes all their outputs of some columns, while the weights
// stream past, fetched once for both blocks. Two warpgroups take turns: one makes 128 x kColumns sums at the
// full rate of the tensor cores, the other one finishes and stores the tile before.
//
// Why: with 768 inputs a tile takes six steps of depth, less time than finishing it. If both warpgroups
// share a tile (products_wgmma.cuh), stages hold them together, and the tensor cores wait for them; and to
// fetch x anew for every tile is more than the second-level cache gives at this rate.
#pragma once

#include "quantier/engine/cuda/epilogue.cuh"
#include "quantier/engine/cuda/hopper.cuh"
#include "quantier/engine/cuda/hopper_tiles.cuh"
#include "quantier/engine/cuda/launch.cuh"
#include "quantier/engine/cuda/resident_finish.cuh"
#include "quantier/engine/cuda/resident_maps.cuh"
#include "quantier/engine/cuda/resident_plan.cuh"

namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

constexpr int kTurnBarrier = 3;  // named, one for each group; 1 and 2 belong to the groups

// A place in the ring of stages and how often it has been passed.
struct RingPlace {
  int stage = 0;
  int parity = 0;
  __device__ __forceinline__ void advance(int steps, int stages) {
    stage += steps;
    while (stage >= stages) {
      stage -= stages;
      parity ^= 1;
    }
  }
};

__device__ __forceinline__ void await_turn(int group) {
  asm volatile("bar.sync %0, %1;" ::"r"(kTurnBarrier + group), "n"(kGroups * kGroupThreads) : "memory");
}
__device__ __forceinline__ void give_turn(int group) {
  asm volatile("bar.arrive %0, %1;" ::"r"(kTurnBarrier + group), "n"(kGroups * kGroupThreads) : "memory");
}

// A slice of a tile's columns, to all blocks of the cluster.
template <bool kGate, int kColumns>
__device__ __forceinline__ void fetch_weights(const WeightMaps& maps, int x, int tile, std::uint32_t to,
                                              std::uint32_t barrier) {
  constexpr std::uint16_t kAll = (1 << kCluster) - 1;
  if constexpr (!kGate) {
    copy_groups_to(maps.of[0], x, tile * (kColumns / kPartColumns), to, barrier, kAll);
  } else {
    constexpr int kGroups64 = kColumns / (2 * kPartColumns);
#pragma unroll
    for (int part = 0; part < 2 * kGroups64; ++part)
      copy_groups_to(maps.of[part % 2], x, tile * kGroups64 + part / 2,
                     to + part * kPartColumns * kHopperSlice, barrier, kAll);
  }
}

// The map of x is a matrix of bytes, inputs wide; its boxes are 128 bytes times 128 rows.
template <Finish kFinish, int kColumns, bool kHasBias>
__global__ void __cluster_dims__(kCluster, 1, 1) __launch_bounds__(kHopperThreads, 1)
    product_resident(ProductTask task, ResidentPlan plan, const __grid_constant__ CUtensorMap x_map,
                     const __grid_constant__ WeightMaps weight_maps) {
  constexpr int kStageBytes = kColumns * kHopperSlice;
  constexpr int kHalfRows = kHopperRows / 2;
  extern __shared__ unsigned char shared[];
  __shared__ alignas(8) std::uint64_t barriers[2 * kMostStages + kMostSlices + 1];
  __shared__ alignas(16) float column_values[kGroups][2][kColumns];  // absmax of weights, bias
  const std::uint32_t x_at =
      uniform((shared_address(shared) + kTileAlignment - 1) / kTileAlignment * kTileAlignment);
  const std::uint32_t stages_at = x_at + plan.slices * kXSliceBytes;
  const std::uint32_t barriers_at = uniform(shared_address(barriers));
  const auto filled = [&](int stage) { return barriers_at + stage * kBarrierBytes; };
  const auto emptied = [&](int stage) { return barriers_at + (kMostStages + stage) * kBarrierBytes; };
  const auto x_filled = [&](int slice) { return barriers_at + (2 * kMostStages + slice) * kBarrierBytes; };
  const std::uint32_t x_emptied = barriers_at + (2 * kMostStages + kMostSlices) * kBarrierBytes;
  const int rank = static_cast<int>(block_in_cluster());

  if (threadIdx.x == 0) {
    for (int stage = 0; stage < plan.stages; ++stage) {
      init_barrier(filled(stage), 1);
      init_barrier(emptied(stage), kCluster);
    }
    for (int slice = 0; slice < plan.slices; ++slice) init_barrier(x_filled(slice), 1);
    init_barrier(x_emptied, kGroups);
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  }
  if (threadIdx.x == kHopperThreads - 1) {
    asm volatile("prefetch.tensormap [%0];" ::"l"(&x_map) : "memory");
    asm volatile("prefetch.tensormap [%0];" ::"l"(&weight_maps) : "memory");
  }
  meet_cluster();

  const int clusters = static_cast<int>(gridDim.x) / kCluster;
  const int first_unit = static_cast<int>(blockIdx.x) / kCluster;
  const int group = uniform(static_cast<int>(threadIdx.x) / kGroupThreads);
  const int thread = static_cast<int>(threadIdx.x) % kGroupThreads;
  if (group == kGroups) {
    give_registers<kFetcherRegisters>();
    if (thread == 0) {
      // Weights wait for nobody: they may arrive while the kernel before still runs. The blocks of a cluster
      // fetch slices in turn, for all.
      RingPlace place{.stage = 0, .parity = 1};  // a barrier nobody has arrived at lets the first round pass
      int turn = 0;
      for (int index = first_unit; index < plan.units; index += clusters) {
        const ResidentUnit unit(plan, index);
        for (int tile = unit.begin; tile < unit.end; ++tile) {
          for (int slice = 0; slice < plan.slices; ++slice, ++turn) {
            wait_for(emptied(place.stage), place.parity);
            expect_bytes(filled(place.stage), kStageBytes);
            if (turn % kCluster == rank)
              fetch_weights<kIsGate<kFinish>, kColumns>(weight_maps, slice * kHopperSlice, tile,
                                                        stages_at + place.stage * kStageBytes,
                                                        filled(place.stage));
            place.advance(1, plan.stages);
          }
        }
      }
    } else if (thread == kWarp) {
      await_previous();
      int parity = 1;
      for (int index = first_unit; index < plan.units; index += clusters) {
        const ResidentUnit unit(plan, index);
        wait_for(x_emptied, parity);
        parity ^= 1;
        for (int slice = 0; slice < plan.slices; ++slice) {
          expect_bytes(x_filled(slice), kXSliceBytes);
          copy_box(x_map, slice * kHopperSlice, (unit.pair * kCluster + rank) * kHopperRows,
                   x_at + slice * kXSliceBytes, x_filled(slice));
        }
      }
    }
    leave_cluster();  // no block leaves while another still writes to it
    return;
  }

  take_registers<kMultiplierRegisters>();
  await_previous();
  const int lane = thread % kWarp;
  const int quarter = lane % 4;
  const bool signals = thread < kCluster;  // thread i tells block i
  const std::uint32_t emptied_there = address_in(thread % kCluster, emptied(0));
  const auto release = [&](int stage) {
    if (signals) arrive_there(emptied_there + stage * kBarrierBytes);
  };
  RingPlace place;
  int turn = 0;  // tiles of the cluster so far
  int x_parity = 0;
  for (int index = first_unit; index < plan.units; index += clusters) {
    const ResidentUnit unit(plan, index);
    const std::uint32_t first_row =
        (unit.pair * kCluster + rank) * kHopperRows + thread / kWarp * 16 + lane / 4;
    float x_absmax[2][2];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const std::uint32_t row = first_row + i / 2 * kHalfRows + i % 2 * 8;
      x_absmax[i / 2][i % 2] = row < task.rows ? task.x_absmax[row] : 0.0F;
    }
    std::uint32_t positions[2][2];
#pragma unroll
    for (int upper = 0; upper < 2; ++upper)
      load_positions<kFinish>(task, first_row + upper * kHalfRows, positions[upper]);
    bool is_fresh = true;
    for (int tile = unit.begin; tile < unit.end; ++tile, ++turn) {
      if (turn % kGroups != group) {
        place.advance(plan.slices, plan.stages);
        continue;
      }
      const std::uint32_t tile_column = static_cast<std::uint32_t>(tile) * kColumns;
      float absmax = 0.0F;
      float bias = 0.0F;
      const std::uint32_t own_column = tile_column + column_of_place<kIsGate<kFinish>>(thread);
      if (thread < kColumns && own_column < task.outputs) {
        absmax = task.weight_absmax[own_column];
        if (kHasBias) bias = task.bias[own_column];
      }
      int sums[2][kColumns / 2];
      if (turn != 0) await_turn(group);
      int before = -1;
      for (int slice = 0; slice < plan.slices; ++slice) {
        if (is_fresh) wait_for(x_filled(slice), x_parity);
        wait_for(filled(place.stage), place.parity);
        const std::uint32_t a = describe_tile(x_at + slice * kXSliceBytes);
        const std::uint32_t b = describe_tile(stages_at + place.stage * kStageBytes);
        begin_products();
#pragma unroll
        for (int step = 0; step < kHopperSlice; step += kStepBytes) {
#pragma unroll
          for (int upper = 0; upper < 2; ++upper)
            multiply_i8(sums[upper], a + ((upper * kHalfRows * kHopperSlice + step) >> 4), b + (step >> 4),
                        step == 0 ? slice : 1);
        }
        commit_products();
        if (before >= 0) {
          await_products<1>();
          release(before);
        }
        before = place.stage;
        place.advance(1, plan.stages);
      }
      is_fresh = false;
      if (tile + 1 < unit.end || index + clusters < plan.units) give_turn(1 - group);
      // What is added is asked for in one go, if registers allow.
      constexpr bool kFetchesBoth = kFinish == Finish::kAdd && kColumns == kResidentNarrow;
      ResidentFinish<kFinish, kColumns, kHasBias> finish(task, tile_column, quarter);
      ResidentFinish<kFinish, kColumns, kHasBias> finish_upper(task, tile_column, quarter);
      finish.fetch(first_row, positions[0]);
      if constexpr (kFetchesBoth) finish_upper.fetch(first_row + kHalfRows, positions[1]);
      sync_group(group);  // the columns of the tile before have been read
      if (thread < kColumns) {
        column_values[group][0][thread] = absmax;
        column_values[group][1][thread] = bias;
      }
      sync_group(group);
      await_products<0>();
      release(before);

      finish.store(sums[0], x_absmax[0], column_values[group][0], column_values[group][1]);
      if constexpr (!kFetchesBoth) finish_upper.fetch(first_row + kHalfRows, positions[1]);
      finish_upper.store(sums[1], x_absmax[1], column_values[group][0], column_values[group][1]);
    }
    // A group without a tile of its own must not tell of the next rows before these are there.
    if (is_fresh) wait_for(x_filled(plan.slices - 1), x_parity);
    sync_group(group);
    if (thread == 0) arrive_here(x_emptied);
    x_parity ^= 1;
  }
  leave_cluster();  // no block leaves while another still writes to it
}

template <Finish kFinish, int kColumns, bool kHasBias>
cudaError_t launch_resident(const ProductTask& task, const ResidentPlan& plan, cudaStream_t stream) {
  CUtensorMap x_map;
  WeightMaps weight_maps{};
  if (!describe_matrix(x_map, task.x, task.rows, task.inputs, kHopperRows) ||
      !describe_weights(weight_maps, task, kIsGate<kFinish>, kColumns))
    return cudaErrorNotSupported;
  const auto kernel = product_resident<kFinish, kColumns, kHasBias>;
  static RoomGiven given;
  if (const cudaError_t error = given.ensure(reinterpret_cast<const void*>(kernel), kResidentBytes);
      error != cudaSuccess)
    return error;
  const int resident = multiprocessors() / kCluster;
  return launch(kernel, dim3(static_cast<unsigned>(kCluster * std::min(plan.units, resident))),
                kHopperThreads, kResidentBytes, stream, task, plan, x_map, weight_maps);
}

inline cudaError_t i8_product_resident(const ProductTask& task, const ResidentChoice& choice,
                                       cudaStream_t stream) {
  cudaError_t error = cudaErrorNotSupported;
  const auto launch_for = [&]<Finish kFinish, bool kHasBias>() {
    if (choice.columns == kResidentWide) {
      error = launch_resident<kFinish, kResidentWide, kHasBias>(task, choice.plan, stream);
    } else if constexpr (kFinish == Finish::kStore || kFinish == Finish::kAdd) {
      if (choice.columns == kResidentNarrow)
        error = launch_resident<kFinish, kResidentNarrow, kHasBias>(task, choice.plan, stream);
    }
  };
  with_finish(task.finish, [&]<Finish kFinish>() {
    if (task.bias != nullptr) return launch_for.template operator()<kFinish, true>();
    launch_for.template operator()<kFinish, false>();
  });
  return error;
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
