// Attention of texts without padding: a block answers 32, 64 or 128 queries of one head, 16 a warp, over
// tiles of keys that pass through shared memory. Keys out of a window or behind a causal query are skipped by
// whole tiles, by the block and again by each warp, and masked inside a tile only where that is needed.
#pragma once

#include "quantier/engine/cuda/element.cuh"
#include "quantier/engine/cuda/kernels.h"
#include "quantier/engine/cuda/kernels_rows.cuh"
#include "quantier/engine/cuda/matrix.cuh"

namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

constexpr int kRowsOfWarp = 16;

// What a block is made for.
template <int kHeads, int kQueries>
struct AttentionShape {
  static constexpr int kHeadDim = kHeads;
  static constexpr int kQueryTile = kQueries;
  static constexpr int kWarps = kQueries / kRowsOfWarp;
  static constexpr int kThreads = kWarps * kWarp;
  static constexpr int kBlocks = kHeads == 64 ? 512 / kThreads : 1;  // on a multiprocessor, by registers
  static constexpr int kKeyTile = kQueries < 64 ? kQueries : 64;
  // Rows in shared memory are 16 bytes longer than they are, so that eight of them lie in eight bank groups.
  static constexpr int kStride = kHeadDim + kVector;
  // One tile of keys and of values, through whose place the queries go before; or queries and two of each,
  // where copies run ahead of the products.
  static constexpr int kRows = kQueryTile > 2 * kKeyTile ? kQueryTile : 2 * kKeyTile;
  static constexpr int kRowsAhead = kQueryTile + 4 * kKeyTile;
};

#if defined(QUANTIER_CUDA_ASYNC_COPY)
constexpr bool kCopiesAhead = true;
#else
constexpr bool kCopiesAhead = false;
#endif
// Rotated rows pass through registers, and cannot be copied ahead.
template <class T, class Shape, bool kRotates>
constexpr int kAttentionBytes = (kCopiesAhead && !kRotates ? Shape::kRowsAhead : Shape::kRows) *
                                Shape::kStride * static_cast<int>(sizeof(T));

// Rows [first, first + kRows) of a text, rotated; zero beyond its end.
template <class T, class Shape, int kRows>
__device__ __forceinline__ void load_rotated(const T* from, std::uint32_t stride, std::uint32_t first,
                                             std::uint32_t length, const float2* rotations, T* tile) {
  constexpr int kHalf = Shape::kHeadDim / 2;
  constexpr int kChunks = kHalf / kVector;  // of 8 pairs (i, i + head_dim / 2)
#pragma unroll
  for (int step = 0; step < kRows * kChunks / Shape::kThreads; ++step) {
    const int at = static_cast<int>(threadIdx.x) + step * Shape::kThreads;
    const int row = at / kChunks;
    const int column = at % kChunks * kVector;
    const std::uint32_t position = first + row;
    uint4 low_bits{};
    uint4 high_bits{};
    if (position < length) {
      const T* x = from + std::uint64_t{position} * stride + column;
      float low[kVector];
      float high[kVector];
      load_vector(x, low);
      load_vector(x + kHalf, high);
      const float4* turns =
          reinterpret_cast<const float4*>(rotations + std::uint64_t{position} * kHalf + column);
#pragma unroll
      for (int pair = 0; pair < kVector / 2; ++pair) {
        const float4 turn = turns[pair];  // cos, sin, cos, sin
#pragma unroll
        for (int k = 0; k < 2; ++k) {
          const int i = 2 * pair + k;
          const float cosine = k == 0 ? turn.x : turn.z;
          const float sine = k == 0 ? turn.y : turn.w;
          const float x0 = low[i];
          const float x1 = high[i];
          low[i] = x0 * cosine - x1 * sine;
          high[i] = x1 * cosine + x0 * sine;
        }
      }
      low_bits = pack_vector<T>(low);
      high_bits = pack_vector<T>(high);
    }
    T* out = tile + row * Shape::kStride + column;
    *reinterpret_cast<uint4*>(out) = low_bits;
    *reinterpret_cast<uint4*>(out + kHalf) = high_bits;
  }
}

template <class T, class Shape, int kRows>
__device__ __forceinline__ void load_rows(const T* from, std::uint32_t stride, std::uint32_t first,
                                          std::uint32_t length, T* tile) {
  constexpr int kChunks = Shape::kHeadDim / kVector;
#pragma unroll
  for (int step = 0; step < kRows * kChunks / Shape::kThreads; ++step) {
    const int at = static_cast<int>(threadIdx.x) + step * Shape::kThreads;
    const int row = at / kChunks;
    const int column = at % kChunks * kVector;
    const std::uint32_t position = first + row;
    uint4 bits{};
    if (position < length)
      bits = *reinterpret_cast<const uint4*>(from + std::uint64_t{position} * stride + column);
    *reinterpret_cast<uint4*>(tile + row * Shape::kStride + column) = bits;
  }
}

#if defined(QUANTIER_CUDA_ASYNC_COPY)
// The same, on its way when this returns.
template <class T, class Shape, int kRows>
__device__ __forceinline__ void copy_rows(const T* from, std::uint32_t stride, std::uint32_t first,
                                          std::uint32_t length, T* tile) {
  constexpr int kChunks = Shape::kHeadDim / kVector;
#pragma unroll
  for (int step = 0; step < kRows * kChunks / Shape::kThreads; ++step) {
    const int at = static_cast<int>(threadIdx.x) + step * Shape::kThreads;
    const int row = at / kChunks;
    const int column = at % kChunks * kVector;
    const std::uint32_t position = first + row;
    const bool inside = position < length;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(
                     shared_address(tile + row * Shape::kStride + column)),
                 "l"(inside ? from + std::uint64_t{position} * stride + column : from), "r"(inside ? 16 : 0));
  }
}
#endif

template <class T, class Shape, int kRows, bool kRotates>
__device__ __forceinline__ void load_either(const AttentionTask& task, const T* from, std::uint32_t first,
                                            std::uint32_t length, T* tile) {
  if constexpr (kRotates)
    return load_rotated<T, Shape, kRows>(from, task.stride, first, length, task.rotations, tile);
  load_rows<T, Shape, kRows>(from, task.stride, first, length, tile);
}

// Which keys the 16 queries of a warp see in a tile.
struct Sight {
  bool any = false;  // of them
  bool all = false;
};

__device__ __forceinline__ Sight sight_of(const AttentionTask& task, std::uint32_t length, int first_query,
                                          int first_key, int keys) {
  const int last_query = min(first_query + kRowsOfWarp, static_cast<int>(length)) - 1;
  const int last_key = first_key + keys - 1;
  Sight sight;
  sight.any = first_query < static_cast<int>(length);
  sight.all = last_key < static_cast<int>(length);
  if (task.causal) {
    sight.any = sight.any && first_key <= last_query;
    sight.all = sight.all && last_key <= first_query;
  }
  if (task.half_window >= 0) {
    sight.any =
        sight.any && first_key <= last_query + task.half_window && last_key >= first_query - task.half_window;
    sight.all =
        sight.all && last_key <= first_query + task.half_window && first_key >= last_query - task.half_window;
  }
  return sight;
}

template <class T, class Shape, bool kRotates>
__global__ void __launch_bounds__(Shape::kThreads, Shape::kBlocks) attention_kernel(AttentionTask task) {
  constexpr int kHeadDim = Shape::kHeadDim;
  constexpr int kStride = Shape::kStride;
  constexpr int kKeyTile = Shape::kKeyTile;
  constexpr int kDepths = kHeadDim / 16;    // products of depth 16 that make a score
  constexpr int kColumns = kHeadDim / 8;    // blocks of 8 output columns
  constexpr int kKeyBlocks = kKeyTile / 8;  // blocks of 8 keys
  extern __shared__ __align__(16) unsigned char shared[];
  T* tiles = reinterpret_cast<T*>(shared);

  await_previous();
  const AttentionItem item = task.items[blockIdx.x];
  const std::uint32_t head = blockIdx.y;
  const std::uint32_t kv_head = head / (task.heads / task.kv_heads);
  const std::uint64_t row_of_text = std::uint64_t{item.begin} * task.stride;
  const T* query_of_text = static_cast<const T*>(task.queries) + row_of_text + head * kHeadDim;
  const T* key_of_text = static_cast<const T*>(task.keys) + row_of_text + kv_head * kHeadDim;
  const T* value_of_text = static_cast<const T*>(task.values) + row_of_text + kv_head * kHeadDim;
  const int warp = threadIdx.x / kWarp;
  const int lane = threadIdx.x % kWarp;
  const int group = lane / 4;
  const int quarter = lane % 4;
  const int first_query = static_cast<int>(item.first) + warp * kRowsOfWarp;

  const std::uint32_t last_query = min(item.first + Shape::kQueryTile, item.length) - 1;
  std::uint32_t first_key = 0;
  std::uint32_t end_key = task.causal ? last_query + 1 : item.length;
  if (task.half_window >= 0) {
    const auto window = static_cast<std::uint32_t>(task.half_window);
    first_key = item.first > window ? (item.first - window) / kKeyTile * kKeyTile : 0;
    end_key = min(end_key, last_query + window + 1);
  }

  float out[kColumns][4] = {};
  float largest[2] = {-INFINITY, -INFINITY};
  float total[2] = {0.0F, 0.0F};
  // Exponents are taken to base 2.
  const float scale = 1.44269504088896341F * rsqrtf(static_cast<float>(kHeadDim));

  std::uint32_t queries[kDepths][4];
  const auto take_queries = [&](const T* from) {
#pragma unroll
    for (int depth = 0; depth < kDepths; ++depth) {
      const int row = warp * kRowsOfWarp + lane % 16;
      load_matrices(queries[depth], shared_address(from + row * kStride + depth * 16 + lane / 16 * 8));
    }
  };
  // What a tile of keys adds.
  const auto answer = [&](std::uint32_t tile, const T* keys, const T* values) {
    const Sight sight = sight_of(task, item.length, first_query, static_cast<int>(tile), kKeyTile);
    if (!sight.any) return;
    float scores[kKeyBlocks][4] = {};
#pragma unroll
    for (int depth = 0; depth < kDepths; ++depth) {
#pragma unroll
      for (int pair = 0; pair < kKeyBlocks / 2; ++pair) {
        std::uint32_t b[4];
        const int key = pair * 16 + lane / 16 * 8 + lane % 8;
        load_matrices(b, shared_address(keys + key * kStride + depth * 16 + lane / 8 % 2 * 8));
        multiply_add<T>(scores[2 * pair], queries[depth], b[0], b[1]);
        multiply_add<T>(scores[2 * pair + 1], queries[depth], b[2], b[3]);
      }
    }
    if (!sight.all) {
#pragma unroll
      for (int block = 0; block < kKeyBlocks; ++block) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const int key = static_cast<int>(tile) + block * 8 + quarter * 2 + i % 2;
          const int query = first_query + group + i / 2 * 8;
          bool sees = key < static_cast<int>(item.length);
          if (task.causal) sees = sees && key <= query;
          if (task.half_window >= 0) sees = sees && abs(key - query) <= task.half_window;
          if (!sees) scores[block][i] = -INFINITY;
        }
      }
    }
    float tile_largest[2] = {-INFINITY, -INFINITY};
#pragma unroll
    for (int block = 0; block < kKeyBlocks; ++block) {
#pragma unroll
      for (int i = 0; i < 4; ++i) tile_largest[i / 2] = fmaxf(tile_largest[i / 2], scores[block][i]);
    }
    float shrink[2];
    float base[2];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      tile_largest[half] = fmaxf(tile_largest[half], __shfl_xor_sync(kAllLanes, tile_largest[half], 1));
      tile_largest[half] = fmaxf(tile_largest[half], __shfl_xor_sync(kAllLanes, tile_largest[half], 2));
      const float now = fmaxf(largest[half], tile_largest[half]);
      base[half] = now == -INFINITY ? 0.0F : now * scale;  // a row that has seen no key yet
      shrink[half] = power_of_two(largest[half] * scale - base[half]);
      largest[half] = now;
      total[half] *= shrink[half];
    }
#pragma unroll
    for (int block = 0; block < kKeyBlocks; ++block) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        scores[block][i] = power_of_two(fmaf(scores[block][i], scale, -base[i / 2]));
        total[i / 2] += scores[block][i];
      }
    }
#pragma unroll
    for (int column = 0; column < kColumns; ++column) {
#pragma unroll
      for (int i = 0; i < 4; ++i) out[column][i] *= shrink[i / 2];
    }
#pragma unroll
    for (int depth = 0; depth < kKeyTile / 16; ++depth) {
      const float(&first)[4] = scores[2 * depth];
      const float(&second)[4] = scores[2 * depth + 1];
      const std::uint32_t a[4] = {pack<T>(first[0], first[1]), pack<T>(first[2], first[3]),
                                  pack<T>(second[0], second[1]), pack<T>(second[2], second[3])};
#pragma unroll
      for (int pair = 0; pair < kColumns / 2; ++pair) {
        std::uint32_t b[4];
        const int key = depth * 16 + lane % 16;
        load_matrices_transposed(b, shared_address(values + key * kStride + pair * 16 + lane / 16 * 8));
        multiply_add<T>(out[2 * pair], a, b[0], b[1]);
        multiply_add<T>(out[2 * pair + 1], a, b[2], b[3]);
      }
    }
  };

  if constexpr (kCopiesAhead && !kRotates) {
#if defined(QUANTIER_CUDA_ASYNC_COPY)
    T* const ahead[2][2] = {
        {tiles + Shape::kQueryTile * kStride, tiles + (Shape::kQueryTile + kKeyTile) * kStride},
        {tiles + (Shape::kQueryTile + 2 * kKeyTile) * kStride,
         tiles + (Shape::kQueryTile + 3 * kKeyTile) * kStride}};
    const auto copy = [&](std::uint32_t tile, int turn) {
      if (tile < end_key) {
        copy_rows<T, Shape, kKeyTile>(key_of_text, task.stride, tile, item.length, ahead[turn][0]);
        copy_rows<T, Shape, kKeyTile>(value_of_text, task.stride, tile, item.length, ahead[turn][1]);
      }
      asm volatile("cp.async.commit_group;");
    };
    copy_rows<T, Shape, Shape::kQueryTile>(query_of_text, task.stride, item.first, item.length, tiles);
    copy(first_key, 0);
    copy(first_key + kKeyTile, 1);
    int turn = 0;
    for (std::uint32_t tile = first_key; tile < end_key; tile += kKeyTile) {
      asm volatile("cp.async.wait_group 1;" ::: "memory");
      __syncthreads();
      if (tile == first_key) take_queries(tiles);
      answer(tile, ahead[turn][0], ahead[turn][1]);
      if (tile + 2 * kKeyTile < end_key) __syncthreads();
      copy(tile + 2 * kKeyTile, turn);
      turn ^= 1;
    }
#endif
  } else {
    T* keys = tiles;
    T* values = keys + kKeyTile * kStride;
    load_either<T, Shape, Shape::kQueryTile, kRotates>(task, query_of_text, item.first, item.length, keys);
    __syncthreads();
    take_queries(keys);
    for (std::uint32_t tile = first_key; tile < end_key; tile += kKeyTile) {
      __syncthreads();
      load_either<T, Shape, kKeyTile, kRotates>(task, key_of_text, tile, item.length, keys);
      load_rows<T, Shape, kKeyTile>(value_of_text, task.stride, tile, item.length, values);
      __syncthreads();
      answer(tile, keys, values);
    }
  }

#pragma unroll
  for (int half = 0; half < 2; ++half) {
    total[half] += __shfl_xor_sync(kAllLanes, total[half], 1);
    total[half] += __shfl_xor_sync(kAllLanes, total[half], 2);
    const std::uint32_t query = first_query + group + half * 8;
    if (query >= item.length) continue;
    const float inverse = 1.0F / total[half];
    T* row = static_cast<T*>(task.out) + (std::uint64_t{item.begin} + query) * task.heads * kHeadDim +
             head * kHeadDim;
#pragma unroll
    for (int column = 0; column < kColumns; ++column) {
      *reinterpret_cast<std::uint32_t*>(row + column * 8 + quarter * 2) =
          pack<T>(out[column][2 * half] * inverse, out[column][2 * half + 1] * inverse);
    }
  }
}

template <class T, class Shape, bool kRotates>
void start_attention(const AttentionTask& task, dim3 grid, cudaStream_t stream) {
  constexpr int kBytes = kAttentionBytes<T, Shape, kRotates>;
  const auto kernel = attention_kernel<T, Shape, kRotates>;
  if constexpr (kBytes > 48 * 1024) {
    static RoomGiven given;
    // An error stays with the device, where it is asked for after the pass.
    if (given.ensure(reinterpret_cast<const void*>(kernel), kBytes) != cudaSuccess) return;
  }
  (void)launch(kernel, grid, Shape::kThreads, kBytes, stream, task);
}

inline void attention(const AttentionTask& task, cudaStream_t stream) {
  if (task.item_count == 0) return;
  with_element(task.element, [&]<class T>(T) {
    const auto start = [&]<class Shape>(Shape) {
      const dim3 grid(task.item_count, task.heads);
      if (task.rotations != nullptr) return start_attention<T, Shape, true>(task, grid, stream);
      start_attention<T, Shape, false>(task, grid, stream);
    };
    const auto start_for = [&]<int kHeadDim>() {
      if (task.query_tile == 32) return start(AttentionShape<kHeadDim, 32>());
      if (task.query_tile == 64) return start(AttentionShape<kHeadDim, 64>());
      start(AttentionShape<kHeadDim, 128>());
    };
    if (task.head_dim == 64) return start_for.template operator()<64>();
    start_for.template operator()<128>();
  });
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
