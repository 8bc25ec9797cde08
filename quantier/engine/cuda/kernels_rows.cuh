// Kernels that work row by row: embedding, norms, quantization, gates, pooling. All are bound by memory; 16
// bytes a thread at a time.
#pragma once

#include <atomic>

#include "quantier/engine/cuda/element.cuh"
#include "quantier/engine/cuda/kernels.h"
#include "quantier/engine/cuda/launch.cuh"

namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

constexpr int kRowThreads = 256;
constexpr int kWarp = 32;

inline unsigned blocks_for(std::uint64_t items, unsigned per_block) {
  return static_cast<unsigned>((items + per_block - 1) / per_block);
}

// A kernel that needs more shared memory than every block may have is given it once for each device.
class RoomGiven {
 public:
  cudaError_t ensure(const void* kernel, int bytes) {
    int device = 0;
    if (const cudaError_t error = cudaGetDevice(&device); error != cudaSuccess) return error;
    const std::uint64_t mark = std::uint64_t{1} << (device % 64);
    if (device < 64 && (given_.load(std::memory_order_acquire) & mark) != 0) return cudaSuccess;
    const cudaError_t error =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
    if (error == cudaSuccess) given_.fetch_or(mark, std::memory_order_release);
    return error;
  }

 private:
  std::atomic<std::uint64_t> given_{0};
};

// Calls body(T()) for the type of an element.
template <class Body>
void with_element(Element element, Body body) {
  if (element == Element::kHalf) {
    body(__half());
  } else {
#ifdef QUANTIER_CUDA_BFLOAT16
    body(__nv_bfloat16());
#endif
  }
}

// --- embedding ---

template <class T>
__global__ void embed_kernel(EmbedTask task) {
  await_previous();
  const std::uint64_t vectors = task.width / kVector;
  const std::uint64_t at = std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const std::uint64_t row = at / vectors;
  if (row >= task.rows) return;
  const std::uint64_t column = at % vectors * kVector;
  const auto id = static_cast<std::uint64_t>(task.ids[row]);
  T* out = static_cast<T*>(task.out) + row * task.width + column;
  if (task.table_absmax == nullptr) {
    const T* from = static_cast<const T*>(task.table) + id * task.width + column;
    *reinterpret_cast<uint4*>(out) = *reinterpret_cast<const uint4*>(from);
    return;
  }
  union {
    uint2 bits;
    std::int8_t codes[kVector];
  } vector;
  vector.bits =
      *reinterpret_cast<const uint2*>(static_cast<const std::int8_t*>(task.table) + id * task.width + column);
  float values[kVector];
#pragma unroll
  for (int i = 0; i < kVector; ++i)
    values[i] = __fmul_rn(__fmul_rn(vector.codes[i], task.table_absmax[id]), 1.0F / 127.0F);
  store_vector(out, values);
}

inline void embed(const EmbedTask& task, cudaStream_t stream) {
  if (task.rows == 0) return;
  const std::uint64_t vectors = std::uint64_t{task.rows} * (task.width / kVector);
  with_element(task.element, [&]<class T>(T) {
    (void)launch(embed_kernel<T>, blocks_for(vectors, kRowThreads), kRowThreads, 0, stream, task);
  });
}

// --- rows held in registers ---

// A row is held by one warp, or by all eight of a block where it is wide: thread `place` of kTeam has the
// vectors place, place + kTeam, ..., at most kMost of them.
template <int kTeam>
__device__ __forceinline__ int place_in_row() {
  return static_cast<int>(threadIdx.x) % kTeam;
}
template <int kTeam>
__device__ __forceinline__ std::uint64_t row_of_team() {
  return std::uint64_t{blockIdx.x} * (kRowThreads / kTeam) + threadIdx.x / kTeam;
}

// What all threads of a row have together; every thread of the row calls it.
template <int kTeam, class Combine>
__device__ __forceinline__ float combined(float x, Combine combine) {
#pragma unroll
  for (int step = 16; step > 0; step /= 2) x = combine(x, __shfl_xor_sync(kAllLanes, x, step));
  if constexpr (kTeam > kWarp) {
    __shared__ float of_warp[kTeam / kWarp];
    __syncthreads();  // an earlier call has been read
    if (threadIdx.x % kWarp == 0) of_warp[threadIdx.x / kWarp] = x;
    __syncthreads();
    x = of_warp[0];
#pragma unroll
    for (int warp = 1; warp < kTeam / kWarp; ++warp) x = combine(x, of_warp[warp]);
  }
  return x;
}
template <int kTeam>
__device__ __forceinline__ float row_sum(float x) {
  return combined<kTeam>(x, [](float a, float b) { return a + b; });
}

template <class T, int kMost, int kTeam>
__device__ void load_row(const T* x, int vectors, float (&values)[kMost][kVector]) {
#pragma unroll
  for (int v = 0; v < kMost; ++v) {
    const int vector = place_in_row<kTeam>() + kTeam * v;
    if (vector < vectors) load_vector(x + vector * kVector, values[v]);
  }
}

template <class T, int kMost, int kTeam>
__device__ void quantize_row(float (&values)[kMost][kVector], int vectors, std::uint64_t row,
                             std::uint32_t width, const QuantizedRows& out) {
  float absmax = 0.0F;
#pragma unroll
  for (int v = 0; v < kMost; ++v) {
    const int vector = place_in_row<kTeam>() + kTeam * v;
    if (vector >= vectors) break;
#pragma unroll
    for (int i = 0; i < kVector; ++i) {
      float value = rounded<T>(values[v][i]);
      if (out.multiplier != nullptr) value = rounded<T>(value * out.multiplier[vector * kVector + i]);
      values[v][i] = value;
      absmax = larger(absmax, fabsf(value));
    }
  }
  absmax = combined<kTeam>(absmax, [](float a, float b) { return larger(a, b); });
  const float scale = i8_scale(absmax);
  if (place_in_row<kTeam>() == 0) out.absmax[row] = absmax;
#pragma unroll
  for (int v = 0; v < kMost; ++v) {
    const int vector = place_in_row<kTeam>() + kTeam * v;
    if (vector >= vectors) break;
    uint2 codes;
    codes.x = i8_codes(reinterpret_cast<float(&)[4]>(values[v][0]), scale);
    codes.y = i8_codes(reinterpret_cast<float(&)[4]>(values[v][4]), scale);
    *reinterpret_cast<uint2*>(out.codes + row * width + vector * kVector) = codes;
  }
}

template <class T, int kMost, int kTeam>
__global__ void quantize_kernel(QuantizeTask task) {
  await_previous();
  const std::uint64_t row = row_of_team<kTeam>();
  if (row >= task.rows) return;
  const int vectors = task.width / kVector;
  float values[kMost][kVector];
  load_row<T, kMost, kTeam>(static_cast<const T*>(task.x) + row * task.width, vectors, values);
  quantize_row<T, kMost, kTeam>(values, vectors, row, task.width, task.out);
}

// --- norms ---

template <class T, int kMost, int kTeam>
__global__ void norm_kernel(NormTask task) {
  await_previous();
  const std::uint64_t row = row_of_team<kTeam>();
  if (row >= task.rows) return;
  const int place = place_in_row<kTeam>();
  const int vectors = task.width / kVector;
  float values[kMost][kVector];
  load_row<T, kMost, kTeam>(static_cast<const T*>(task.x) + row * task.width, vectors, values);
  float mean = 0.0F;
  if (task.subtract_mean) {
    float sum = 0.0F;
#pragma unroll
    for (int v = 0; v < kMost; ++v) {
      if (place + kTeam * v >= vectors) break;
#pragma unroll
      for (int i = 0; i < kVector; ++i) sum += values[v][i];
    }
    mean = row_sum<kTeam>(sum) / static_cast<float>(task.width);
  }
  float squares = 0.0F;
#pragma unroll
  for (int v = 0; v < kMost; ++v) {
    if (place + kTeam * v >= vectors) break;
#pragma unroll
    for (int i = 0; i < kVector; ++i) {
      const float centred = values[v][i] - mean;
      squares += centred * centred;
    }
  }
  const float variance = row_sum<kTeam>(squares) / static_cast<float>(task.width);
  const float inverse = 1.0F / sqrtf(variance + task.epsilon);
#pragma unroll
  for (int v = 0; v < kMost; ++v) {
    const int vector = place + kTeam * v;
    if (vector >= vectors) break;
    const float4* weight = reinterpret_cast<const float4*>(task.weight + vector * kVector);
    const float4 low = weight[0];
    const float4 high = weight[1];
    const float weights[kVector] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
    for (int i = 0; i < kVector; ++i) {
      values[v][i] = (values[v][i] - mean) * inverse * weights[i];
      if (task.bias != nullptr) values[v][i] += task.bias[vector * kVector + i];
    }
  }
  if (task.quantized.codes != nullptr)
    return quantize_row<T, kMost, kTeam>(values, vectors, row, task.width, task.quantized);
#pragma unroll
  for (int v = 0; v < kMost; ++v) {
    const int vector = place + kTeam * v;
    if (vector < vectors)
      store_vector(static_cast<T*>(task.out) + row * task.width + vector * kVector, values[v]);
  }
}

// Calls body with how a row of `width` is held.
template <class Body>
void with_row_shape(std::uint32_t width, Body body) {
  const std::uint32_t vectors = width / kVector;
  if (vectors <= kWarp) return body.template operator()<1, kWarp>();
  if (vectors <= 3 * kWarp) return body.template operator()<3, kWarp>();
  if (vectors <= 5 * kWarp) return body.template operator()<5, kWarp>();
  if (vectors <= kRowThreads) return body.template operator()<1, kRowThreads>();
  if (vectors <= 3 * kRowThreads) return body.template operator()<3, kRowThreads>();
  body.template operator()<4, kRowThreads>();
}
static_assert(kWidestNorm == 4 * kRowThreads * kVector);

inline void norm(const NormTask& task, cudaStream_t stream) {
  if (task.rows == 0) return;
  with_element(task.element, [&]<class T>(T) {
    with_row_shape(task.width, [&]<int kMost, int kTeam>() {
      (void)launch(norm_kernel<T, kMost, kTeam>, blocks_for(task.rows, kRowThreads / kTeam), kRowThreads, 0,
                   stream, task);
    });
  });
}

inline void quantize(const QuantizeTask& task, cudaStream_t stream) {
  if (task.rows == 0) return;
  with_element(task.element, [&]<class T>(T) {
    with_row_shape(task.width, [&]<int kMost, int kTeam>() {
      (void)launch(quantize_kernel<T, kMost, kTeam>, blocks_for(task.rows, kRowThreads / kTeam), kRowThreads,
                   0, stream, task);
    });
  });
}

// --- gates ---

template <Gate kGate>
__device__ __forceinline__ float activated(float x) {
  if constexpr (kGate == Gate::kGelu) return gelu(x);
  return silu(x);
}

template <class T, Gate kGate>
__global__ void gate_kernel(GateTask task) {
  await_previous();
  const std::uint64_t vectors = task.width / kVector;
  const std::uint64_t at = std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (at >= task.rows * vectors) return;
  const T* x = static_cast<const T*>(task.x) + at * 2 * kVector;
  float gates[kVector];
  float ups[kVector];
  load_vector(x, gates);
  load_vector(x + kVector, ups);
#pragma unroll
  for (int i = 0; i < kVector; ++i) gates[i] = rounded<T>(activated<kGate>(gates[i])) * ups[i];
  store_vector(static_cast<T*>(task.out) + at * kVector, gates);
}

template <class Body>
void with_gate(Gate gate, Body body) {
  if (gate == Gate::kGelu) return body.template operator()<Gate::kGelu>();
  body.template operator()<Gate::kSilu>();
}

inline void gate(const GateTask& task, cudaStream_t stream) {
  if (task.rows == 0) return;
  const std::uint64_t vectors = std::uint64_t{task.rows} * (task.width / kVector);
  with_element(task.element, [&]<class T>(T) {
    with_gate(task.gate, [&]<Gate kGate>() {
      (void)launch(gate_kernel<T, kGate>, blocks_for(vectors, kRowThreads), kRowThreads, 0, stream, task);
    });
  });
}

template <class T, Gate kGate>
__global__ void activate_kernel(ActivateTask task) {
  await_previous();
  const std::uint32_t at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= task.count) return;
  T* x = static_cast<T*>(task.x) + at;
  *x = narrow<T>(activated<kGate>(widen(*x)));
}

inline void activate(const ActivateTask& task, cudaStream_t stream) {
  if (task.count == 0) return;
  with_element(task.element, [&]<class T>(T) {
    with_gate(task.activation, [&]<Gate kGate>() {
      (void)launch(activate_kernel<T, kGate>, blocks_for(task.count, kRowThreads), kRowThreads, 0, stream,
                   task);
    });
  });
}

// --- pooling ---

__global__ void gather_kernel(GatherTask task) {
  await_previous();
  const std::uint32_t vectors = task.width / kVector;
  const std::uint32_t at = blockIdx.x * blockDim.x + threadIdx.x;
  const std::uint32_t row = at / vectors;
  if (row >= task.rows) return;
  const std::uint64_t from = std::uint64_t{task.row_of[row]} * vectors + at % vectors;
  static_cast<uint4*>(task.out)[at] = static_cast<const uint4*>(task.x)[from];
}

inline void gather(const GatherTask& task, cudaStream_t stream) {
  if (task.rows == 0) return;
  const std::uint64_t vectors = std::uint64_t{task.rows} * (task.width / kVector);
  (void)launch(gather_kernel, blocks_for(vectors, kRowThreads), kRowThreads, 0, stream, task);
}

template <class T>
__global__ void mean_kernel(MeanTask task) {
  await_previous();
  const std::uint32_t column = blockIdx.y * blockDim.x + threadIdx.x;
  if (column >= task.width) return;
  const std::uint32_t begin = task.offsets[blockIdx.x];
  const std::uint32_t end = task.offsets[blockIdx.x + 1];
  float sum = 0.0F;
  for (std::uint32_t row = begin; row < end; ++row)
    sum += widen(static_cast<const T*>(task.x)[std::uint64_t{row} * task.width + column]);
  static_cast<T*>(task.out)[std::uint64_t{blockIdx.x} * task.width + column] =
      narrow<T>(sum / static_cast<float>(end - begin));
}

inline void mean(const MeanTask& task, cudaStream_t stream) {
  if (task.texts == 0) return;
  with_element(task.element, [&]<class T>(T) {
    const dim3 grid(task.texts, blocks_for(task.width, kRowThreads));
    (void)launch(mean_kernel<T>, grid, kRowThreads, 0, stream, task);
  });
}

template <class T>
__global__ void widen_kernel(WidenTask task) {
  await_previous();
  const std::uint32_t at = blockIdx.x * blockDim.x + threadIdx.x;
  const std::uint32_t row = at / task.columns;
  if (row >= task.rows) return;
  task.out[at] = widen(static_cast<const T*>(task.x)[std::uint64_t{row} * task.width + at % task.columns]);
}

inline void widen_rows(const WidenTask& task, cudaStream_t stream) {
  if (task.rows == 0) return;
  with_element(task.element, [&]<class T>(T) {
    (void)launch(widen_kernel<T>, blocks_for(std::uint64_t{task.rows} * task.columns, kRowThreads),
                 kRowThreads, 0, stream, task);
  });
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
