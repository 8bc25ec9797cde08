// The products of Hopper, of int8 and of elements. A block makes tiles of 128 x kColumns outputs, one after
// another as long as there are any, from slices of 128 bytes of depth: a thread of its own fetches them,
// stages ahead, and two warpgroups multiply 64 rows each. The second starts some slices later, and stays
// behind: so one finishes and stores its sums while the other multiplies.
//
// Why clusters: at these rates the second-level cache cannot feed every multiprocessor with a tile of its
// own. Two blocks that have the same columns and neighbouring rows fetch half of the weights' slice each and
// write it to both.
#pragma once

#include <array>
#include <atomic>

#include "quantier/engine/cuda/epilogue.cuh"
#include "quantier/engine/cuda/hopper.cuh"
#include "quantier/engine/cuda/launch.cuh"

namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

constexpr int kHopperRows = 128;
constexpr int kHopperSlice = 128;  // bytes of depth
constexpr int kGroupThreads = 128;
constexpr int kGroups = 2;
constexpr int kHopperThreads = (kGroups + 1) * kGroupThreads;  // those that fetch come last
// Of 168 registers that a thread has at the start, the fetching group gives away what multipliers need.
constexpr int kFetcherRegisters = 40;
constexpr int kMultiplierRegisters = 232;
constexpr int kLead = 1;         // slices that the first group is ahead of the second
constexpr int kLeadBarrier = 3;  // named; 1 and 2 belong to the groups
constexpr int kCluster = 2;
constexpr int kTileAlignment = 1024;
constexpr int kStepBytes = 32;  // of depth, of one instruction
constexpr int kRotatedHead = 64;

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
  static __device__ __forceinline__ void multiply(int (&sums)[kSize], std::uint64_t a, std::uint64_t b,
                                                  int adds) {
    multiply_i8(sums, a, b, adds);
  }
};
struct HalfOperands {
  using Sum = float;
  using Element = __half;
  static constexpr int kBytes = 2;
  template <int kSize>
  static __device__ __forceinline__ void multiply(float (&sums)[kSize], std::uint64_t a, std::uint64_t b,
                                                  int adds) {
    multiply_f16(sums, a, b, adds);
  }
};
struct BFloat16Operands {
  using Sum = float;
  using Element = __nv_bfloat16;
  static constexpr int kBytes = 2;
  template <int kSize>
  static __device__ __forceinline__ void multiply(float (&sums)[kSize], std::uint64_t a, std::uint64_t b,
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
      (shared_address(shared) + kTileAlignment - 1) / kTileAlignment * kTileAlignment;
  const auto filled = [&](int stage) { return shared_address(barriers + stage); };
  const auto emptied = [&](int stage) { return shared_address(barriers + kStages + stage); };
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
  sync_cluster();
  await_previous();

  const int slices = (static_cast<int>(task.inputs) * Operands::kBytes + kHopperSlice - 1) / kHopperSlice;
  const int column_tiles = (static_cast<int>(task.outputs) + kColumns - 1) / kColumns;
  const int row_pairs = (static_cast<int>(task.rows) + kCluster * kHopperRows - 1) / (kCluster * kHopperRows);
  const int clusters = static_cast<int>(gridDim.x) / kCluster;
  const int first_tile = static_cast<int>(blockIdx.x) / kCluster;
  const int tiles = column_tiles * row_pairs;  // a cluster's, of two blocks' rows
  const auto row_of = [&](int tile) { return (tile / column_tiles * kCluster + rank) * kHopperRows; };
  const auto column_of = [&](int tile) { return tile % column_tiles * kColumns; };

  const int group = static_cast<int>(threadIdx.x) / kGroupThreads;
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
    sync_cluster();  // no block leaves while another still writes to it
    return;
  }

  take_registers<kMultiplierRegisters>();
  const int lane = thread % kWarp;
  const int quarter = lane % 4;
  const bool signals = thread < kCluster;  // thread i tells block i
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

    int before = -1;
    for (int slice = 0; slice < slices; ++slice) {
      wait_for(filled(stage), parity);
      const std::uint32_t at = tiles_at + stage * Shape::kStageBytes;
      const std::uint64_t a = describe_tile(at + group * 64 * kHopperSlice);
      const std::uint64_t b = describe_tile(at + kHopperRows * kHopperSlice);
      begin_products();
#pragma unroll
      for (int step = 0; step < kHopperSlice / kStepBytes; ++step)
        Operands::multiply(sums, a + step * (kStepBytes >> 4), b + step * (kStepBytes >> 4), slice + step);
      commit_products();
      if (before >= 0) {
        await_products<1>();
        if (signals) arrive_at(emptied(before), thread);
      }
      if (group == 0 && tile == first_tile && slice + 1 == lead) give_lead();
      before = stage;
      if (++stage == kStages) {
        stage = 0;
        parity ^= 1;
      }
    }
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
    if (signals) arrive_at(emptied(before), thread);

    const auto columns_of = [&](int block) {
      const int column = block * 8 + quarter * 2;
      return ColumnPair{*reinterpret_cast<const float2*>(&column_values[group][0][column]),
                        *reinterpret_cast<const float2*>(&column_values[group][1][column])};
    };
    const auto words_of = [&](int block, int half) {
      const auto* sum = sums + block * 4 + half * 2;
      return finished<T>(sum[0], sum[1], x_absmax[half], columns_of(block));
    };
    constexpr int kBlocksOfVector = kIsGate<kFinish> ? 2 : 1;     // a gate and its up make one
    constexpr int kVectors = kColumns / 8 / kBlocksOfVector / 4;  // that a lane stores of a row
    const std::uint32_t width = task.outputs / kBlocksOfVector;
    const std::uint32_t first_column = tile_column / kBlocksOfVector + quarter * 8;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const std::uint32_t row = first_row + half * 8;
      const std::uint64_t at = std::uint64_t{row} * width + first_column;
      const auto stores = [&](int vector) { return row < task.rows && first_column + vector * 32 < width; };
      const auto store = [&](int vector, uint4 value) {
        if (stores(vector)) *reinterpret_cast<uint4*>(static_cast<T*>(task.out) + at + vector * 32) = value;
      };
      if constexpr (kFinish == Finish::kRotate) {
        // Columns i and i + 32 of a head are four blocks apart.
        const std::uint32_t position = row < task.rows ? task.positions[row] : 0;
        float4 turns[4];
#pragma unroll
        for (int block = 0; block < 4; ++block)
          turns[block] = *reinterpret_cast<const float4*>(
              task.rotations + std::uint64_t{position} * (kRotatedHead / 2) + block * 8 + quarter * 2);
#pragma unroll
        for (int head = 0; head < kColumns / kRotatedHead; ++head) {
          std::uint32_t low[4];
          std::uint32_t high[4];
#pragma unroll
          for (int block = 0; block < 4; ++block) {
            low[block] = words_of(head * 8 + block, half);
            high[block] = words_of(head * 8 + 4 + block, half);
            if (tile_column + head * kRotatedHead < task.rotated)
              rotate<T>(low[block], high[block], turns[block]);
          }
          store(2 * head, gather_block(low, quarter));
          store(2 * head + 1, gather_block(high, quarter));
        }
      } else {
        uint4 before_sum[kFinish == Finish::kAdd ? kVectors : 1];
        if constexpr (kFinish == Finish::kAdd) {
#pragma unroll
          for (int vector = 0; vector < kVectors; ++vector) {
            if (stores(vector))
              before_sum[vector] =
                  *reinterpret_cast<const uint4*>(static_cast<const T*>(task.out) + at + vector * 32);
          }
        }
#pragma unroll
        for (int vector = 0; vector < kVectors; ++vector) {
          std::uint32_t words[4];
#pragma unroll
          for (int part = 0; part < 4; ++part) {
            const int block = (vector * 4 + part) * kBlocksOfVector;
            words[part] = words_of(block, half);
            if constexpr (kIsGate<kFinish>)
              words[part] = gated_values<T, kFinish>(words[part], words_of(block + 1, half));
          }
          uint4 value = gather_block(words, quarter);
          if constexpr (kFinish == Finish::kAdd) value = add_vectors<T>(value, before_sum[vector]);
          store(vector, value);
        }
      }
    }
  }
  sync_cluster();  // no block leaves while another still writes to it
}

using EncodeTiled = CUresult (*)(CUtensorMap*, CUtensorMapDataType, cuuint32_t, void*, const cuuint64_t*,
                                 const cuuint64_t*, const cuuint32_t*, const cuuint32_t*,
                                 CUtensorMapInterleave, CUtensorMapSwizzle, CUtensorMapL2promotion,
                                 CUtensorMapFloatOOBfill);

inline EncodeTiled encode_tiled() {
  static const EncodeTiled function = [] {
    void* entry = nullptr;
    cudaDriverEntryPointQueryResult found = cudaDriverEntryPointSymbolNotFound;
    const cudaError_t error =
        cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &entry, 12000, cudaEnableDefault, &found);
    if (error != cudaSuccess || found != cudaDriverEntryPointSuccess) entry = nullptr;
    return reinterpret_cast<EncodeTiled>(entry);
  }();
  return function;
}

inline bool describe_matrix(CUtensorMap& map, const void* data, std::uint32_t rows, std::uint32_t row_bytes,
                            std::uint32_t box_rows) {
  const cuuint64_t sizes[2] = {row_bytes, rows};
  const cuuint64_t strides[1] = {row_bytes};
  const cuuint32_t box[2] = {kHopperSlice, box_rows};
  const cuuint32_t steps[2] = {1, 1};
  const EncodeTiled encode = encode_tiled();
  return encode != nullptr &&
         encode(&map, CU_TENSOR_MAP_DATA_TYPE_UINT8, 2, const_cast<void*>(data), sizes, strides, box, steps,
                CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) == CUDA_SUCCESS;
}

// Of the device that the calling thread works on; asked once for each of the first 64. Where the driver does
// not answer, as many as one cluster takes: the launch will say what is wrong.
inline int multiprocessors() {
  static std::array<std::atomic<int>, 64> counts{};
  int device = 0;
  int value = 0;
  if (cudaGetDevice(&device) != cudaSuccess || device < 0) return kCluster;
  const bool is_kept = device < static_cast<int>(counts.size());
  if (is_kept) value = counts[static_cast<std::size_t>(device)].load(std::memory_order_relaxed);
  if (value != 0) return value;
  if (cudaDeviceGetAttribute(&value, cudaDevAttrMultiProcessorCount, device) != cudaSuccess) return kCluster;
  if (is_kept) counts[static_cast<std::size_t>(device)].store(value, std::memory_order_relaxed);
  return value;
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
  return product_wgmma<I8Operands>(task, stream);
}

inline cudaError_t float_product_wgmma(const ProductTask& task, cudaStream_t stream) {
  return task.element == Element::kHalf ? product_wgmma<HalfOperands>(task, stream)
                                        : product_wgmma<BFloat16Operands>(task, stream);
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
