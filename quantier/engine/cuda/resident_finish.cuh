// What a warp does with the sums of 16 rows when the columns of a tile were laid out for it: in every 32
// columns, lane q of the four that have a row has columns 8 q to 8 q + 7 in its four blocks. So 16 bytes are
// stored without an exchange between lanes.
//
// Tensor cores leave sum (block b, lane q, j) of eight blocks' columns 8 b + 2 q + j; the weights of column
// 8 q + 2 b + j stand in that place of the tile (resident_maps.cuh). Gates and ups are 32 columns each.
#pragma once

#include "quantier/engine/cuda/epilogue.cuh"
#include "quantier/engine/cuda/hopper_finish.cuh"

namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

constexpr int kPartColumns = 32;

// The matrix's column that stands at `place` of a tile's parts, each in its own order.
template <bool kGate>
__device__ __forceinline__ int column_of_place(int place) {
  if constexpr (!kGate) return place;
  const int part = place / kPartColumns;
  const int column = place % kPartColumns;
  return part / 2 * 2 * kPartColumns + column / 8 * 16 + part % 2 * 8 + column % 8;
}

template <Finish kFinish, int kColumns, bool kHasBias>
class ResidentFinish {
 public:
  using T = __half;

  __device__ __forceinline__ ResidentFinish(const ProductTask& task, std::uint32_t tile_column, int quarter)
      : task_(task), first_column_(tile_column / kColumnsOfOne + quarter * 8), quarter_(quarter) {}

  // Asks for what is needed besides sums, early.
  __device__ __forceinline__ void fetch(std::uint32_t first_row, const std::uint32_t (&positions)[2]) {
    first_row_ = first_row;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      if constexpr (kFinish == Finish::kAdd) {
#pragma unroll
        for (int part = 0; part < kParts; ++part) {
          before_[half][part] = {};
          if (const T* at = place(half, part)) before_[half][part] = *reinterpret_cast<const uint4*>(at);
        }
      }
      if constexpr (kFinish == Finish::kRotate) {
        const auto* turns = reinterpret_cast<const float4*>(
            task_.rotations + std::uint64_t{positions[half]} * (kRotatedHead / 2) + quarter_ * 8);
#pragma unroll
        for (int i = 0; i < 4; ++i) turns_[half][i] = turns[i];
      }
    }
  }

  // `absmax` and `bias` of the tile's columns, in shared memory.
  __device__ __forceinline__ void store(const int (&sums)[kColumns / 2], const float (&x_absmax)[2],
                                        const float* absmax, const float* bias) const {
    if constexpr (kFinish == Finish::kRotate) {
#pragma unroll
      for (int head = 0; head < kColumns / kRotatedHead; ++head) {
        const bool is_rotated = first_column_ + head * kRotatedHead < task_.rotated;
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          Words low = words(sums, x_absmax, absmax, bias, 2 * head, half);
          Words high = words(sums, x_absmax, absmax, bias, 2 * head + 1, half);
          if (is_rotated) {
#pragma unroll
            for (int i = 0; i < 4; ++i) rotate<T>(low.of[i], high.of[i], turns_[half][i]);
          }
          put(half, 2 * head, low);
          put(half, 2 * head + 1, high);
        }
      }
    } else {
#pragma unroll
      for (int part = 0; part < kParts; ++part) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          if constexpr (kIsGate<kFinish>) {
            Words gates = words(sums, x_absmax, absmax, bias, 2 * part, half);
            const Words ups = words(sums, x_absmax, absmax, bias, 2 * part + 1, half);
#pragma unroll
            for (int i = 0; i < 4; ++i) gates.of[i] = gated_values<T, kFinish>(gates.of[i], ups.of[i]);
            put(half, part, gates);
          } else {
            put(half, part, words(sums, x_absmax, absmax, bias, part, half));
          }
        }
      }
    }
  }

 private:
  static constexpr int kColumnsOfOne = kIsGate<kFinish> ? 2 : 1;          // a gate and its up make one
  static constexpr int kParts = kColumns / kPartColumns / kColumnsOfOne;  // of what is stored

  struct Words {
    std::uint32_t of[4];
  };

  __device__ __forceinline__ Words words(const int (&sums)[kColumns / 2], const float (&x_absmax)[2],
                                         const float* absmax, const float* bias, int part, int half) const {
    Words words;
    const int first = part * kPartColumns + quarter_ * 8;
#pragma unroll
    for (int pair = 0; pair < 2; ++pair) {
      const float4 scale = *reinterpret_cast<const float4*>(absmax + first + pair * 4);
      float4 shift = {0.0F, 0.0F, 0.0F, 0.0F};
      if constexpr (kHasBias) shift = *reinterpret_cast<const float4*>(bias + first + pair * 4);
      const auto value = [&](int block, int j, float of_column, float of_bias) {
        const float product =
            i8_product(sums[(part * 4 + block) * 4 + half * 2 + j], x_absmax[half], of_column);
        return kHasBias ? product + of_bias : product;
      };
      words.of[2 * pair] =
          pack<T>(value(2 * pair, 0, scale.x, shift.x), value(2 * pair, 1, scale.y, shift.y));
      words.of[2 * pair + 1] =
          pack<T>(value(2 * pair + 1, 0, scale.z, shift.z), value(2 * pair + 1, 1, scale.w, shift.w));
    }
    return words;
  }

  // Where this lane's columns of a part go; null outside.
  __device__ __forceinline__ T* place(int half, int part) const {
    const std::uint32_t row = first_row_ + half * 8;
    const std::uint32_t column = first_column_ + part * kPartColumns;
    const std::uint32_t width = task_.outputs / kColumnsOfOne;
    if (row >= task_.rows || column >= width) return nullptr;
    return static_cast<T*>(task_.out) + std::uint64_t{row} * width + column;
  }

  __device__ __forceinline__ void put(int half, int part, const Words& words) const {
    uint4 value = {words.of[0], words.of[1], words.of[2], words.of[3]};
    if constexpr (kFinish == Finish::kAdd) value = add_vectors<T>(value, before_[half][part]);
    if (T* at = place(half, part)) *reinterpret_cast<uint4*>(at) = value;
  }

  const ProductTask& task_;
  std::uint32_t first_column_;  // this lane's, of what is stored
  int quarter_;
  std::uint32_t first_row_ = 0;
  uint4 before_[kFinish == Finish::kAdd ? 2 : 1][kFinish == Finish::kAdd ? kParts : 1];
  float4 turns_[kFinish == Finish::kRotate ? 2 : 1][4];
};

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
