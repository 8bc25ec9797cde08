// The int8 product of sm_75 and sm_80: a block makes 128 x 128 outputs from slices of 64 bytes of depth,
// eight warps with 64 x 32 each. Slices come by asynchronous copies, four stages deep, or on sm_75 through
// registers into two.
//
// Rows of a slice are 64 bytes, two to a line of 128. Their 16-byte chunks change places, chunk ^ (row / 2) %
// 4, so that eight rows read at the same chunk lie in eight bank groups.
#pragma once

#include "quantier/engine/cuda/epilogue.cuh"
#include "quantier/engine/cuda/matrix.cuh"

namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

constexpr int kTileRows = 128;
constexpr int kTileColumns = 128;
constexpr int kSlice = 64;  // bytes of depth
constexpr int kChunk = 16;  // bytes copied at a time
constexpr int kProductThreads = 256;
constexpr int kSliceBytes = (kTileRows + kTileColumns) * kSlice;
#if defined(QUANTIER_CUDA_ASYNC_COPY)
constexpr int kStages = 4;
#else
constexpr int kStages = 2;
#endif
constexpr int kCopies = kSliceBytes / kChunk / kProductThreads;  // chunks that a thread copies

__device__ __forceinline__ int chunk_place(int row, int chunk) {
  return row * kSlice + (chunk ^ (row / 2 % 4)) * kChunk;
}

// Where a thread's chunks come from: rows of x, then rows of the weights, in this order.
struct ChunkSource {
  const std::int8_t* from = nullptr;
  bool inside = false;
};

__device__ __forceinline__ ChunkSource chunk_source(const ProductTask& task, int copy, std::uint32_t depth) {
  const int at = threadIdx.x + copy * kProductThreads;
  const int row = at / (kSlice / kChunk);
  const std::uint32_t k = depth + at % (kSlice / kChunk) * kChunk;
  const bool is_weight = row >= kTileRows;
  const std::uint32_t index =
      is_weight ? blockIdx.x * kTileColumns + (row - kTileRows) : blockIdx.y * kTileRows + row;
  const bool inside = k < task.inputs && index < (is_weight ? task.outputs : task.rows);
  const auto* base = static_cast<const std::int8_t*>(is_weight ? task.weights : task.x);
  return {inside ? base + std::uint64_t{index} * task.inputs + k : base, inside};
}

__device__ __forceinline__ int chunk_target(int copy) {
  const int at = threadIdx.x + copy * kProductThreads;
  const int row = at / (kSlice / kChunk);
  return chunk_place(row, at % (kSlice / kChunk));
}

#if defined(QUANTIER_CUDA_ASYNC_COPY)
__device__ __forceinline__ void copy_slice(const ProductTask& task, std::uint32_t depth,
                                           unsigned char* stage) {
#pragma unroll
  for (int copy = 0; copy < kCopies; ++copy) {
    const ChunkSource source = chunk_source(task, copy, depth);
    const int bytes = source.inside ? kChunk : 0;  // the rest is filled with zeros
    asm volatile(
        "cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(stage + chunk_target(copy))),
        "l"(source.from), "r"(bytes));
  }
}
#endif

// The products of one slice.
__device__ __forceinline__ void multiply_slice(const unsigned char* stage, int warp_row, int warp_column,
                                               int lane, int (&sums)[4][4][4]) {
#pragma unroll
  for (int depth = 0; depth < kSlice / 32; ++depth) {
    std::uint32_t a[4][4];
    std::uint32_t b[2][4];
#pragma unroll
    for (int m = 0; m < 4; ++m) {
      const int row = warp_row + m * 16 + lane % 16;
      load_matrices(a[m], shared_address(stage + chunk_place(row, 2 * depth + lane / 16)));
    }
#pragma unroll
    for (int n = 0; n < 2; ++n) {
      const int row = kTileRows + warp_column + n * 16 + lane / 16 * 8 + lane % 8;
      load_matrices(b[n], shared_address(stage + chunk_place(row, 2 * depth + lane / 8 % 2)));
    }
#pragma unroll
    for (int m = 0; m < 4; ++m) {
#pragma unroll
      for (int n = 0; n < 4; ++n)
        multiply_add_i8(sums[m][n], a[m], b[n / 2][n % 2 * 2], b[n / 2][n % 2 * 2 + 1]);
    }
  }
}

template <class T, Finish kFinish>
__global__ void __launch_bounds__(kProductThreads) i8_product_kernel(ProductTask task) {
  extern __shared__ __align__(128) unsigned char stages[];
  await_previous();
  const int warp = threadIdx.x / kWarp;
  const int lane = threadIdx.x % kWarp;
  const int warp_row = warp / 4 * 64;
  const int warp_column = warp % 4 * 32;
  const int slices = (static_cast<int>(task.inputs) + kSlice - 1) / kSlice;
  int sums[4][4][4] = {};

#if defined(QUANTIER_CUDA_ASYNC_COPY)
#pragma unroll
  for (int stage = 0; stage < kStages - 1; ++stage) {
    if (stage < slices) copy_slice(task, stage * kSlice, stages + stage * kSliceBytes);
    asm volatile("cp.async.commit_group;");
  }
  for (int slice = 0; slice < slices; ++slice) {
    asm volatile("cp.async.wait_group %0;" ::"n"(kStages - 2));
    __syncthreads();
    const int next = slice + kStages - 1;
    if (next < slices) copy_slice(task, next * kSlice, stages + next % kStages * kSliceBytes);
    asm volatile("cp.async.commit_group;");
    multiply_slice(stages + slice % kStages * kSliceBytes, warp_row, warp_column, lane, sums);
  }
#else
  uint4 held[kCopies];
  const auto fetch = [&](int slice) {
#pragma unroll
    for (int copy = 0; copy < kCopies; ++copy) {
      const ChunkSource source = chunk_source(task, copy, slice * kSlice);
      held[copy] = source.inside ? *reinterpret_cast<const uint4*>(source.from) : uint4{};
    }
  };
  const auto put = [&](int slice) {
#pragma unroll
    for (int copy = 0; copy < kCopies; ++copy)
      *reinterpret_cast<uint4*>(stages + slice % kStages * kSliceBytes + chunk_target(copy)) = held[copy];
  };
  fetch(0);
  put(0);
  __syncthreads();
  for (int slice = 0; slice < slices; ++slice) {
    if (slice + 1 < slices) fetch(slice + 1);
    multiply_slice(stages + slice % kStages * kSliceBytes, warp_row, warp_column, lane, sums);
    if (slice + 1 < slices) put(slice + 1);
    __syncthreads();
  }
#endif

  const int quarter = lane % 4;
  const std::uint32_t first_column = blockIdx.x * kTileColumns + warp_column;
  ColumnPair columns[4];
#pragma unroll
  for (int n = 0; n < 4; ++n) columns[n] = load_columns(task, first_column + n * 8 + quarter * 2);
#pragma unroll
  for (int m = 0; m < 4; ++m) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const std::uint32_t row = blockIdx.y * kTileRows + warp_row + m * 16 + half * 8 + lane / 4;
      const bool inside = row < task.rows;
      const float x_absmax = inside ? task.x_absmax[row] : 0.0F;
      std::uint32_t words[4];
#pragma unroll
      for (int n = 0; n < 4; ++n)
        words[n] = finished<T>(sums[m][n][2 * half], sums[m][n][2 * half + 1], x_absmax, columns[n]);
      if constexpr (!kIsGate<kFinish>) {
        const std::uint32_t column = first_column + quarter * 8;
        const std::uint64_t at = std::uint64_t{row} * task.outputs + column;
        const bool stores = inside && column < task.outputs;
        uint4 vector = gather_block(words, quarter);
        if (kFinish == Finish::kAdd && stores)
          vector =
              add_vectors<T>(vector, *reinterpret_cast<const uint4*>(static_cast<const T*>(task.out) + at));
        if (stores) *reinterpret_cast<uint4*>(static_cast<T*>(task.out) + at) = vector;
      } else {
#pragma unroll
        for (int pair = 0; pair < 2; ++pair) {
          const std::uint32_t column = first_column + pair * 2 * kGateBlock;
          const std::uint64_t at =
              std::uint64_t{row} * (task.outputs / 2) + column / 2 + static_cast<std::uint32_t>(quarter) * 2;
          if (inside && column < task.outputs)
            *reinterpret_cast<std::uint32_t*>(static_cast<T*>(task.out) + at) =
                gated_values<T, kFinish>(words[2 * pair], words[2 * pair + 1]);
        }
      }
    }
  }
}

inline cudaError_t i8_product_mma(const ProductTask& task, cudaStream_t stream) {
  if (task.rows == 0) return cudaSuccess;
  // What is quantized to int8 stands in halves before.
  if (task.element != Element::kHalf || task.finish == Finish::kRotate) return cudaErrorNotSupported;
  cudaError_t error = cudaSuccess;
  with_finish(task.finish, [&]<Finish kFinish>() {
    if constexpr (kFinish != Finish::kRotate) {
      constexpr int kBytes = kStages * kSliceBytes;
      const auto kernel = i8_product_kernel<__half, kFinish>;
      if constexpr (kBytes > 48 * 1024) {
        static RoomGiven given;
        error = given.ensure(reinterpret_cast<const void*>(kernel), kBytes);
        if (error != cudaSuccess) return;
      }
      const dim3 grid(blocks_for(task.outputs, kTileColumns), blocks_for(task.rows, kTileRows));
      error = launch(kernel, grid, kProductThreads, kBytes, stream, task);
    }
  });
  return error;
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
