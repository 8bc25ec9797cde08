// The int8 product of Hopper. A block makes tiles of 128 x kColumns outputs, one after another as long as
// there are any: one warp fetches slices of 128 bytes of depth, stages ahead, also of the next tile while the
// sums of this one are scaled and stored; two warpgroups multiply 64 rows each.
//
// Why clusters: at these rates the second-level cache cannot feed every multiprocessor with a tile of its
// own. Two blocks that have the same columns and neighbouring rows fetch half of the weights' slice each and
// write it to both.
#pragma once

#include "quantier/engine/cuda/epilogue_i8.cuh"
#include "quantier/engine/cuda/hopper.cuh"

namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

constexpr int kHopperRows = 128;
constexpr int kHopperSlice = 128;  // bytes of depth
constexpr int kGroupThreads = 128;
constexpr int kMultipliers = 2;                                     // warpgroups
constexpr int kHopperThreads = (kMultipliers + 1) * kGroupThreads;  // those that fetch come last
// Of 168 registers that a thread has at the start, the fetching group gives away what multipliers need.
constexpr int kFetcherRegisters = 40;
constexpr int kMultiplierRegisters = 232;
constexpr int kCluster = 2;
constexpr int kTileAlignment = 1024;

// How much of a multiprocessor a tile takes.
template <int kColumns>
struct HopperShape {
  static constexpr int kStageBytes = (kHopperRows + kColumns) * kHopperSlice;
  static constexpr int kStages = 208 * 1024 / kStageBytes;
  static constexpr int kBytes = kStages * kStageBytes + kTileAlignment;
};

// Both maps are matrices of bytes, inputs wide; boxes are 128 bytes times 128 rows of x, half a tile's rows
// of the weights.
template <class T, Gate kGate, int kColumns>
__global__ void __cluster_dims__(kCluster, 1, 1) __launch_bounds__(kHopperThreads, 1)
    i8_product_hopper(I8ProductTask task, const __grid_constant__ CUtensorMap x_map,
                      const __grid_constant__ CUtensorMap weight_map) {
  using Shape = HopperShape<kColumns>;
  constexpr int kStages = Shape::kStages;
  extern __shared__ unsigned char shared[];
  __shared__ alignas(8) std::uint64_t barriers[2 * kStages];
  __shared__ alignas(16) float column_values[kMultipliers][2][kColumns];  // absmax of weights, bias
  constexpr int kPerThread = (kColumns + kGroupThreads - 1) / kGroupThreads;
  const std::uint32_t tiles_at =
      (shared_address(shared) + kTileAlignment - 1) / kTileAlignment * kTileAlignment;
  const auto filled = [&](int stage) { return shared_address(barriers + stage); };
  const auto emptied = [&](int stage) { return shared_address(barriers + kStages + stage); };
  const std::uint32_t rank = block_in_cluster();

  if (threadIdx.x == 0) {
    for (int stage = 0; stage < kStages; ++stage) {
      init_barrier(filled(stage), 1);
      init_barrier(emptied(stage), kCluster * kMultipliers);
    }
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  }
  sync_cluster();

  const int slices = (static_cast<int>(task.inputs) + kHopperSlice - 1) / kHopperSlice;
  const int column_tiles = (static_cast<int>(task.outputs) + kColumns - 1) / kColumns;
  const int row_pairs = (static_cast<int>(task.rows) + kCluster * kHopperRows - 1) / (kCluster * kHopperRows);
  const int clusters = static_cast<int>(gridDim.x) / kCluster;
  const int first_tile = static_cast<int>(blockIdx.x) / kCluster;
  const int tiles = column_tiles * row_pairs;  // a cluster's, of two blocks' rows
  const int group = static_cast<int>(threadIdx.x) / kGroupThreads;

  if (group == kMultipliers) {
    give_registers<kFetcherRegisters>();
    if (threadIdx.x % kGroupThreads == 0) {
      int stage = 0;
      int parity = 1;  // a barrier that nobody has arrived at yet lets the first round pass
      for (int tile = first_tile; tile < tiles; tile += clusters) {
        const int row = (tile / column_tiles * kCluster + static_cast<int>(rank)) * kHopperRows;
        const int column = tile % column_tiles * kColumns + static_cast<int>(rank) * (kColumns / kCluster);
        for (int slice = 0; slice < slices; ++slice) {
          wait_for(emptied(stage), parity);
          expect_bytes(filled(stage), Shape::kStageBytes);
          const std::uint32_t at = tiles_at + stage * Shape::kStageBytes;
          copy_box(x_map, slice * kHopperSlice, row, at, filled(stage));
          copy_box_to(weight_map, slice * kHopperSlice, column,
                      at + (kHopperRows + rank * (kColumns / kCluster)) * kHopperSlice, filled(stage),
                      (1 << kCluster) - 1);
          if (++stage == kStages) {
            stage = 0;
            parity ^= 1;
          }
        }
      }
    }
  } else {
    take_registers<kMultiplierRegisters>();
    const int thread = static_cast<int>(threadIdx.x) % kGroupThreads;
    const int lane = thread % kWarp;
    const bool signals = thread < kCluster;  // thread i tells block i
    int stage = 0;
    int parity = 0;
    const auto release = [&](int which) {
      if (signals) arrive_at(emptied(which), thread);
    };
    for (int tile = first_tile; tile < tiles; tile += clusters) {
      int sums[kColumns / 2];
      // Scales and biases of the columns are on their way while the products run.
      float fetched[2][kPerThread];
      const std::uint32_t tile_column = tile % column_tiles * kColumns;
#pragma unroll
      for (int i = 0; i < kPerThread; ++i) {
        const std::uint32_t column = tile_column + thread + i * kGroupThreads;
        const bool inside = thread + i * kGroupThreads < kColumns && column < task.outputs;
        fetched[0][i] = inside ? task.weight_absmax[column] : 0.0F;
        fetched[1][i] = inside && task.bias != nullptr ? task.bias[column] : 0.0F;
      }
      const std::uint32_t first_row =
          (tile / column_tiles * kCluster + rank) * kHopperRows + group * 64 + thread / kWarp * 16 + lane / 4;
      float x_absmax[2];
#pragma unroll
      for (int half = 0; half < 2; ++half)
        x_absmax[half] = first_row + half * 8 < task.rows ? task.x_absmax[first_row + half * 8] : 0.0F;

      int before = -1;
      for (int slice = 0; slice < slices; ++slice) {
        wait_for(filled(stage), parity);
        const std::uint32_t at = tiles_at + stage * Shape::kStageBytes;
        const std::uint64_t a = describe_tile(at + group * 64 * kHopperSlice);
        const std::uint64_t b = describe_tile(at + kHopperRows * kHopperSlice);
        begin_products();
#pragma unroll
        for (int depth = 0; depth < kHopperSlice / 32; ++depth)
          multiply_i8(sums, a + depth * (32 >> 4), b + depth * (32 >> 4), slice + depth);
        commit_products();
        if (before >= 0) {
          await_products<1>();
          release(before);
        }
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
      release(before);

      const int quarter = lane % 4;
      const auto columns_of = [&](int block) {
        const int column = block * 8 + quarter * 2;
        return ColumnPair{*reinterpret_cast<const float2*>(&column_values[group][0][column]),
                          *reinterpret_cast<const float2*>(&column_values[group][1][column])};
      };
      constexpr int kBlocksOfVector = kGate == Gate::kNone ? 1 : 2;  // a gate and its up make one
      constexpr int kVectors = kColumns / 8 / kBlocksOfVector / 4;   // that a lane stores of a row
      const std::uint32_t width = task.outputs / kBlocksOfVector;
      const std::uint32_t first_column = tile_column / kBlocksOfVector + quarter * 8;
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const std::uint32_t row = first_row + half * 8;
        const std::uint64_t at = std::uint64_t{row} * width + first_column;
        const auto stores = [&](int vector) { return row < task.rows && first_column + vector * 32 < width; };
        uint4 residual[kVectors];
        if (kGate == Gate::kNone && task.residual != nullptr) {
#pragma unroll
          for (int vector = 0; vector < kVectors; ++vector) {
            if (stores(vector))
              residual[vector] =
                  *reinterpret_cast<const uint4*>(static_cast<const T*>(task.residual) + at + vector * 32);
          }
        }
#pragma unroll
        for (int vector = 0; vector < kVectors; ++vector) {
          std::uint32_t words[4];
#pragma unroll
          for (int part = 0; part < 4; ++part) {
            const int block = (vector * 4 + part) * kBlocksOfVector;
            const int* sum = sums + block * 4 + half * 2;
            words[part] = i8_values<T>(sum[0], sum[1], x_absmax[half], columns_of(block));
            if constexpr (kGate != Gate::kNone)
              words[part] = gated_values<T, kGate>(
                  words[part], i8_values<T>(sum[4], sum[5], x_absmax[half], columns_of(block + 1)));
          }
          uint4 out = gather_block(words, quarter);
          if (kGate == Gate::kNone && task.residual != nullptr) out = add_vectors<T>(out, residual[vector]);
          if (stores(vector)) *reinterpret_cast<uint4*>(static_cast<T*>(task.out) + at + vector * 32) = out;
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

inline bool describe_matrix(CUtensorMap& map, const std::int8_t* data, std::uint32_t rows,
                            std::uint32_t width, std::uint32_t box_rows) {
  const cuuint64_t sizes[2] = {width, rows};
  const cuuint64_t strides[1] = {width};
  const cuuint32_t box[2] = {kHopperSlice, box_rows};
  const cuuint32_t steps[2] = {1, 1};
  const EncodeTiled encode = encode_tiled();
  return encode != nullptr &&
         encode(&map, CU_TENSOR_MAP_DATA_TYPE_UINT8, 2, const_cast<std::int8_t*>(data), sizes, strides, box,
                steps, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) == CUDA_SUCCESS;
}

inline int multiprocessors() {
  static const int count = [] {
    int device = 0;
    int value = 0;
    cudaGetDevice(&device);
    cudaDeviceGetAttribute(&value, cudaDevAttrMultiProcessorCount, device);
    return value;
  }();
  return count;
}

template <class T, Gate kGate, int kColumns>
cudaError_t launch_hopper(const I8ProductTask& task, cudaStream_t stream) {
  using Shape = HopperShape<kColumns>;
  CUtensorMap x_map;
  CUtensorMap weight_map;
  if (!describe_matrix(x_map, task.x, task.rows, task.inputs, kHopperRows) ||
      !describe_matrix(weight_map, task.weights, task.outputs, task.inputs, kColumns / kCluster))
    return cudaErrorNotSupported;
  const auto kernel = i8_product_hopper<T, kGate, kColumns>;
  static RoomGiven given;
  if (const cudaError_t error = given.ensure(reinterpret_cast<const void*>(kernel), Shape::kBytes);
      error != cudaSuccess)
    return error;
  const unsigned pairs = blocks_for(task.rows, kCluster * kHopperRows) * blocks_for(task.outputs, kColumns);
  const unsigned resident = static_cast<unsigned>(multiprocessors() / kCluster);
  kernel<<<kCluster * min(pairs, resident), kHopperThreads, Shape::kBytes, stream>>>(task, x_map, weight_map);
  return cudaSuccess;
}

// The tile whose rounds over all multiprocessors waste least.
inline int hopper_columns(const I8ProductTask& task) {
  const std::uint64_t row_pairs = blocks_for(task.rows, kCluster * kHopperRows);
  const std::uint64_t at_once = static_cast<std::uint64_t>(multiprocessors()) / kCluster;
  int best = 0;
  double best_cost = 0;
  for (const int columns : {256, 192, 128}) {
    const std::uint64_t pairs = row_pairs * blocks_for(task.outputs, static_cast<unsigned>(columns));
    const std::uint64_t rounds = (pairs + at_once - 1) / at_once;
    // A round's time: its products, and what a tile of any width costs besides.
    const double cost = static_cast<double>(rounds) * (columns + 48);
    if (best == 0 || cost < best_cost) {
      best = columns;
      best_cost = cost;
    }
  }
  return best;
}

inline cudaError_t i8_product_wgmma(const I8ProductTask& task, cudaStream_t stream) {
  if (task.rows == 0) return cudaSuccess;
  cudaError_t error = cudaSuccess;
  with_element(task.element, [&]<class T>(T) {
    with_any_gate(task.gate, [&]<Gate kGate>() {
      switch (hopper_columns(task)) {
        case 256:
          error = launch_hopper<T, kGate, 256>(task, stream);
          break;
        case 192:
          error = launch_hopper<T, kGate, 192>(task, stream);
          break;
        default:
          error = launch_hopper<T, kGate, 128>(task, stream);
      }
    });
  });
  return error;
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
