// The products of Hopper, of int8 and of elements. A block makes tiles of 128 x kColumns outputs, one after
// another as long as there are any, from slices of 128 bytes of depth: a thread of its own fetches them,
// stages ahead, and two warpgroups multiply 64 rows each. The second starts some slices later, and stays
// behind: so one finishes and stores its sums while the other multiplies.
//
// Why clusters: at these rates the second-level cache cannot feed every multiprocessor with a tile of its
// own. Two blocks that have the same columns and neighbouring rows fetch half of the weights' slice each and
// write it to both.
#pragma once

#include "quantier/engine/cuda/epilogue.cuh"
#include "quantier/engine/cuda/hopper.cuh"
#include "quantier/engine/cuda/hopper_finish.cuh"
#include "quantier/engine/cuda/hopper_tiles.cuh"
#include "quantier/engine/cuda/launch.cuh"
#include "quantier/engine/cuda/products_resident.cuh"

namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

constexpr int kLead = 1;         // slices that the first group is ahead of the second
constexpr int kLeadBarrier = 3;  // named; 1 and 2 belong to the groups

// How much of a multiprocessor a tile takes.
template <int kColumns>
struct HopperShape {
  static constexpr int kStageBytes = (kHopperRows + kColumns) * kHopperSlice;
  static constexpr int kStages = 216 * 1024 / kStageBytes;
  static constexpr int kBytes = kStages * kStageBytes + kTileAlignment;
};

struct I8Operands {
  using Sum = int;
  using Element = __half;
  static constexpr int kBytes = 1;
  template <int kSize>
  static __device__ __forceinline__ void multiply(int (&sums)[kSize], std::uint32_t a, std::uint32_t b,
                                                  int adds) {
    multiply_i8(sums, a, b, adds);
  }
};
struct HalfOperands {
  using Sum = float;
  using Element = __half;
  static constexpr int kBytes = 2;
  template <int kSize>
  static __device__ __forceinline__ void multiply(float (&sums)[kSize], std::uint32_t a, std::uint32_t b,
                                                  int adds) {
    multiply_f16(sums, a, b, adds);
  }
};
struct BFloat16Operands {
  using Sum = float;
  using Element = __nv_bfloat16;
  static constexpr int kBytes = 2;
  template <int kSize>
  static __device__ __forceinline__ void multiply(float (&sums)[kSize], std::uint32_t a, std::uint32_t b,
                                                  int adds) {
    multiply_bf16(sums, a, b, adds);
  }
};

// The second group waits until the first has its lead.
__device__ __forceinline__ void await_lead() {
  asm volatile("bar.sync %0, %1;" ::"n"(kLeadBarrier), "n"(kGroups * kGroupThreads) : "memory");
}
__device__ __forceinline__ void give_lead() {
  asm volatile("bar.arrive %0, %1;" ::"n"(kLeadBarrier), "n"(kGroups * kGroupThreads) : "memory");
}

// Both maps are matrices of bytes, inputs wide; boxes are 128 bytes times 128 rows of x, half a tile's rows
// of the weights.
template <class Operands, Finish kFinish, int kColumns>
__global__ void __cluster_dims__(kCluster, 1, 1) __launch_bounds__(kHopperThreads, 1)
    product_hopper(ProductTask task, const __grid_constant__ CUtensorMap x_map,
                   const __grid_constant__ CUtensorMap weight_map) {
  using Shape = HopperShape<kColumns>;
  using T = typename Operands::Element;
  constexpr int kStages = Shape::kStages;
  constexpr int kPerThread = (kColumns + kGroupThreads - 1) / kGroupThreads;
  extern __shared__ unsigned char shared[];
  __shared__ alignas(8) std::uint64_t barriers[2 * kStages];
  __shared__ alignas(16) float column_values[kGroups][2][kColumns];  // absmax of weights, bias
  const std::uint32_t tiles_at =
      uniform((shared_address(shared) + kTileAlignment - 1) / kTileAlignment * kTileAlignment);
  const std::uint32_t barriers_at = uniform(shared_address(barriers));
  const auto filled = [&](int stage) { return barriers_at + stage * kBarrierBytes; };
  const auto emptied = [&](int stage) { return barriers_at + (kStages + stage) * kBarrierBytes; };
  const int rank = static_cast<int>(block_in_cluster());

  if (threadIdx.x == 0) {
    for (int stage = 0; stage < kStages; ++stage) {
      init_barrier(filled(stage), 1);
      init_barrier(emptied(stage), kCluster * kGroups);
    }
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  }
  if (threadIdx.x == kHopperThreads - 1) {
    asm volatile("prefetch.tensormap [%0];" ::"l"(&x_map) : "memory");
    asm volatile("prefetch.tensormap [%0];" ::"l"(&weight_map) : "memory");
  }
  meet_cluster();
  await_previous();

  const int slices = (static_cast<int>(task.inputs) * Operands::kBytes + kHopperSlice - 1) / kHopperSlice;
  const int column_tiles = (static_cast<int>(task.outputs) + kColumns - 1) / kColumns;
  const int row_pairs = (static_cast<int>(task.rows) + kCluster * kHopperRows - 1) / (kCluster * kHopperRows);
  const int clusters = static_cast<int>(gridDim.x) / kCluster;
  const int first_tile = static_cast<int>(blockIdx.x) / kCluster;
  const int tiles = column_tiles * row_pairs;  // a cluster's, of two blocks' rows
  const auto row_of = [&](int tile) { return (tile / column_tiles * kCluster + rank) * kHopperRows; };
  const auto column_of = [&](int tile) { return tile % column_tiles * kColumns; };

  const int group = uniform(static_cast<int>(threadIdx.x) / kGroupThreads);
  const int thread = static_cast<int>(threadIdx.x) % kGroupThreads;
  if (group == kGroups) {
    give_registers<kFetcherRegisters>();
    if (thread == 0) {
      int stage = 0;
      int parity = 1;  // a barrier that nobody has arrived at yet lets the first round pass
      for (int tile = first_tile; tile < tiles; tile += clusters) {
        for (int slice = 0; slice < slices; ++slice) {
          wait_for(emptied(stage), parity);
          expect_bytes(filled(stage), Shape::kStageBytes);
          const std::uint32_t at = tiles_at + stage * Shape::kStageBytes;
          copy_box(x_map, slice * kHopperSlice, row_of(tile), at, filled(stage));
          copy_box_to(weight_map, slice * kHopperSlice, column_of(tile) + rank * (kColumns / kCluster),
                      at + (kHopperRows + rank * (kColumns / kCluster)) * kHopperSlice, filled(stage),
                      (1 << kCluster) - 1);
          if (++stage == kStages) {
            stage = 0;
            parity ^= 1;
          }
        }
      }
    }
    leave_cluster();  // no block leaves while another still writes to it
    return;
  }

  take_registers<kMultiplierRegisters>();
  const int lane = thread % kWarp;
  const int quarter = lane % 4;
  const bool signals = thread < kCluster;  // thread i tells block i
  const std::uint32_t emptied_there = address_in(thread % kCluster, emptied(0));
  const auto release = [&](int stage) {
    if (signals) arrive_there(emptied_there + stage * kBarrierBytes);
  };
  const int lead = min(slices, kLead);
  if (group == 1) await_lead();
  int stage = 0;
  int parity = 0;
  for (int tile = first_tile; tile < tiles; tile += clusters) {
    typename Operands::Sum sums[kColumns / 2];
    // What belongs to columns and rows is on its way while the products run.
    float fetched[2][kPerThread];
    const std::uint32_t tile_column = column_of(tile);
#pragma unroll
    for (int i = 0; i < kPerThread; ++i) {
      const std::uint32_t column = tile_column + thread + i * kGroupThreads;
      const bool inside = thread + i * kGroupThreads < kColumns && column < task.outputs;
      fetched[0][i] = inside && task.weight_absmax != nullptr ? task.weight_absmax[column] : 0.0F;
      fetched[1][i] = inside && task.bias != nullptr ? task.bias[column] : 0.0F;
    }
    const std::uint32_t first_row = row_of(tile) + group * 64 + thread / kWarp * 16 + lane / 4;
    float x_absmax[2] = {0.0F, 0.0F};
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      if (task.x_absmax != nullptr && first_row + half * 8 < task.rows)
        x_absmax[half] = task.x_absmax[first_row + half * 8];
    }

    std::uint32_t positions[2];
    load_positions<kFinish>(task, first_row, positions);

    int before = -1;
    for (int slice = 0; slice < slices; ++slice) {
      wait_for(filled(stage), parity);
      const std::uint32_t at = tiles_at + stage * Shape::kStageBytes;
      const std::uint32_t a = describe_tile(at + group * 64 * kHopperSlice);
      const std::uint32_t b = describe_tile(at + kHopperRows * kHopperSlice);
      begin_products();
#pragma unroll
      for (int step = 0; step < kHopperSlice / kStepBytes; ++step)
        Operands::multiply(sums, a + step * (kStepBytes >> 4), b + step * (kStepBytes >> 4),
                           step == 0 ? slice : 1);
      commit_products();
      if (before >= 0) {
        await_products<1>();
        release(before);
      }
      if (group == 0 && tile == first_tile && slice + 1 == lead) give_lead();
      before = stage;
      if (++stage == kStages) {
        stage = 0;
        parity ^= 1;
      }
    }
    TileFinish<T, kFinish, kColumns> finish(task, tile_column, quarter);
    finish.fetch(first_row, positions);
    sync_group(group);  // the columns of the tile before have been read
#pragma unroll
    for (int i = 0; i < kPerThread; ++i) {
      if (thread + i * kGroupThreads < kColumns) {
        column_values[group][0][thread + i * kGroupThreads] = fetched[0][i];
        column_values[group][1][thread + i * kGroupThreads] = fetched[1][i];
      }
    }
    sync_group(group);
    await_products<0>();
    release(before);

    const auto columns_of = [&](int block) {
      const int column = block * 8 + quarter * 2;
      return ColumnPair{*reinterpret_cast<const float2*>(&column_values[group][0][column]),
                        *reinterpret_cast<const float2*>(&column_values[group][1][column])};
    };
    const auto words_of = [&](int block, int half) {
      const auto* sum = sums + block * 4 + half * 2;
      return finished<T>(sum[0], sum[1], x_absmax[half], columns_of(block));
    };
    finish.store(words_of);
  }
  leave_cluster();  // no block leaves while another still writes to it
}

template <class Operands, Finish kFinish, int kColumns>
cudaError_t launch_hopper(const ProductTask& task, cudaStream_t stream) {
  using Shape = HopperShape<kColumns>;
  CUtensorMap x_map;
  CUtensorMap weight_map;
  const std::uint32_t row_bytes = task.inputs * Operands::kBytes;
  if (!describe_matrix(x_map, task.x, task.rows, row_bytes, kHopperRows) ||
      !describe_matrix(weight_map, task.weights, task.outputs, row_bytes, kColumns / kCluster))
    return cudaErrorNotSupported;
  const auto kernel = product_hopper<Operands, kFinish, kColumns>;
  static RoomGiven given;
  if (const cudaError_t error = given.ensure(reinterpret_cast<const void*>(kernel), Shape::kBytes);
      error != cudaSuccess)
    return error;
  const unsigned pairs = blocks_for(task.rows, kCluster * kHopperRows) * blocks_for(task.outputs, kColumns);
  const unsigned resident = static_cast<unsigned>(multiprocessors() / kCluster);
  return launch(kernel, dim3(kCluster * min(pairs, resident)), kHopperThreads, Shape::kBytes, stream, task,
                x_map, weight_map);
}

// The tile whose rounds over all multiprocessors waste least. (Of 256 columns, the sums would leave too few
// registers to finish them.)
inline int hopper_columns(const ProductTask& task) {
  if (task.tile_columns != 0) return static_cast<int>(task.tile_columns);
  const std::uint64_t row_pairs = blocks_for(task.rows, kCluster * kHopperRows);
  const std::uint64_t at_once = static_cast<std::uint64_t>(multiprocessors()) / kCluster;
  int best = 0;
  double best_cost = 0;
  for (const int columns : {192, 128}) {
    const std::uint64_t pairs = row_pairs * blocks_for(task.outputs, static_cast<unsigned>(columns));
    const std::uint64_t rounds = (pairs + at_once - 1) / at_once;
    // A round's time: its products, and what a tile of any width costs besides.
    const double cost = static_cast<double>(rounds) * (columns + 64);
    if (best == 0 || cost < best_cost) {
      best = columns;
      best_cost = cost;
    }
  }
  return best;
}

template <class Operands>
cudaError_t product_wgmma(const ProductTask& task, cudaStream_t stream) {
  if (task.rows == 0) return cudaSuccess;
  cudaError_t error = cudaErrorNotSupported;
  with_finish(task.finish, [&]<Finish kFinish>() {
    switch (hopper_columns(task)) {
      case 192:
        error = launch_hopper<Operands, kFinish, 192>(task, stream);
        break;
      case 128:
        error = launch_hopper<Operands, kFinish, 128>(task, stream);
        break;
      default:
        break;
    }
  });
  return error;
}

inline cudaError_t i8_product_wgmma(const ProductTask& task, cudaStream_t stream) {
  // What is quantized to int8 stands in halves before.
  if (task.element != Element::kHalf) return cudaErrorNotSupported;
  if (task.rows == 0) return cudaSuccess;
  if (const ResidentChoice choice = resident_choice(task); choice.columns != 0)
    return i8_product_resident(task, choice, stream);
  return product_wgmma<I8Operands>(task, stream);
}

inline cudaError_t float_product_wgmma(const ProductTask& task, cudaStream_t stream) {
  return task.element == Element::kHalf ? product_wgmma<HalfOperands>(task, stream)
                                        : product_wgmma<BFloat16Operands>(task, stream);
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
