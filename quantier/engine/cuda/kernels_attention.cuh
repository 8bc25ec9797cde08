// Attention of texts without padding: a block answers 64 queries of one head, four warps with 16 each, over
// tiles of 64 keys that pass through shared memory. Keys out of a window or behind a causal query are skipped
// by whole tiles and masked inside one.
#pragma once

#include "quantier/engine/cuda/element.cuh"
#include "quantier/engine/cuda/kernels.h"
#include "quantier/engine/cuda/kernels_rows.cuh"
#include "quantier/engine/cuda/matrix.cuh"

namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

constexpr int kKeyTile = 64;
constexpr int kAttentionThreads = 128;
constexpr int kRowsOfWarp = 16;

// Rows in shared memory are 16 bytes longer than they are, so that eight of them lie in eight bank groups.
template <int kHeadDim>
constexpr int kTileStride = kHeadDim + kVector;

// Rows [first, first + 64) of a text, rotated, zero beyond its end.
template <class T, int kHeadDim, bool kRotates>
__device__ void load_tile(const T* from, std::uint32_t stride, std::uint32_t first, std::uint32_t length,
                          const float2* rotations, T* tile) {
  constexpr int kHalf = kHeadDim / 2;
  constexpr int kChunks = kHalf / kVector;  // of 8 pairs (i, i + head_dim / 2)
  for (int at = threadIdx.x; at < kKeyTile * kChunks; at += kAttentionThreads) {
    const int row = at / kChunks;
    const int column = at % kChunks * kVector;
    const std::uint32_t position = first + row;
    float low[kVector] = {};
    float high[kVector] = {};
    if (position < length) {
      const T* x = from + std::uint64_t{position} * stride + column;
      load_vector(x, low);
      load_vector(x + kHalf, high);
      if constexpr (kRotates) {
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
      }
    }
    T* out = tile + row * kTileStride<kHeadDim> + column;
    store_vector(out, low);
    store_vector(out + kHalf, high);
  }
}

template <class T, int kHeadDim>
__global__ void __launch_bounds__(kAttentionThreads) attention_kernel(AttentionTask task) {
  constexpr int kStride = kTileStride<kHeadDim>;
  constexpr int kDepths = kHeadDim / 16;    // products of depth 16 that make a score
  constexpr int kColumns = kHeadDim / 8;    // blocks of 8 output columns
  constexpr int kKeyBlocks = kKeyTile / 8;  // blocks of 8 keys
  extern __shared__ __align__(16) unsigned char shared[];
  T* keys = reinterpret_cast<T*>(shared);
  T* values = keys + kKeyTile * kStride;

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

  // Queries go through the keys' place into registers.
  load_tile<T, kHeadDim, true>(query_of_text, task.stride, item.first, item.length, task.rotations, keys);
  __syncthreads();
  std::uint32_t queries[kDepths][4];
#pragma unroll
  for (int depth = 0; depth < kDepths; ++depth) {
    const int row = warp * kRowsOfWarp + lane % 16;
    load_matrices(queries[depth], shared_address(keys + row * kStride + depth * 16 + lane / 16 * 8));
  }

  // A warp behind the end of the text only helps to load.
  const bool answers = item.first + warp * kRowsOfWarp < item.length;
  const std::uint32_t last_query = min(item.first + kQueryTile, item.length) - 1;
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

  for (std::uint32_t tile = first_key; tile < end_key; tile += kKeyTile) {
    __syncthreads();
    load_tile<T, kHeadDim, true>(key_of_text, task.stride, tile, item.length, task.rotations, keys);
    load_tile<T, kHeadDim, false>(value_of_text, task.stride, tile, item.length, nullptr, values);
    __syncthreads();
    if (!answers) continue;

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

    float tile_largest[2] = {-INFINITY, -INFINITY};
#pragma unroll
    for (int block = 0; block < kKeyBlocks; ++block) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const auto key = static_cast<int>(tile) + block * 8 + quarter * 2 + i % 2;
        const auto query = static_cast<int>(item.first) + warp * kRowsOfWarp + group + i / 2 * 8;
        bool sees = key < static_cast<int>(item.length);
        if (task.causal) sees = sees && key <= query;
        if (task.half_window >= 0) sees = sees && abs(key - query) <= task.half_window;
        scores[block][i] = sees ? scores[block][i] * scale : -INFINITY;
        tile_largest[i / 2] = larger(tile_largest[i / 2], scores[block][i]);
      }
    }
    float shrink[2];
    float base[2];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      tile_largest[half] = larger(tile_largest[half], __shfl_xor_sync(kAllLanes, tile_largest[half], 1));
      tile_largest[half] = larger(tile_largest[half], __shfl_xor_sync(kAllLanes, tile_largest[half], 2));
      const float now = larger(largest[half], tile_largest[half]);
      base[half] = now == -INFINITY ? 0.0F : now;  // a row that has seen no key yet
      shrink[half] = exp2f(largest[half] - base[half]);
      largest[half] = now;
      total[half] *= shrink[half];
    }
#pragma unroll
    for (int block = 0; block < kKeyBlocks; ++block) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        scores[block][i] = exp2f(scores[block][i] - base[i / 2]);
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
  }

#pragma unroll
  for (int half = 0; half < 2; ++half) {
    total[half] += __shfl_xor_sync(kAllLanes, total[half], 1);
    total[half] += __shfl_xor_sync(kAllLanes, total[half], 2);
    const std::uint32_t query = item.first + warp * kRowsOfWarp + group + half * 8;
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

inline void attention(const AttentionTask& task, cudaStream_t stream) {
  if (task.item_count == 0) return;
  with_element(task.element, [&]<class T>(T) {
    const auto launch = [&]<int kHeadDim>() {
      constexpr int kBytes = 2 * kKeyTile * kTileStride<kHeadDim> * static_cast<int>(sizeof(T));
      const dim3 grid(task.item_count, task.heads);
      attention_kernel<T, kHeadDim><<<grid, kAttentionThreads, kBytes, stream>>>(task);
    };
    if (task.head_dim == 64) return launch.template operator()<64>();
    launch.template operator()<128>();
  });
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
