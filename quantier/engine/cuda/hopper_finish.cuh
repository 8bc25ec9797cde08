// What a warp of Hopper's products does with the sums of 16 rows: every thread has those of two rows, eight
// apart, two neighbouring columns of every block of eight.
//
// Four lanes have a row's sums. They exchange words (epilogue.cuh), four at a time from any of both rows, so
// that each lane stores 16 bytes of one block.
#pragma once

#include "quantier/engine/cuda/epilogue.cuh"

namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

constexpr int kRotatedHead = 64;

template <class T, Finish kFinish, int kColumns>
class TileFinish {
 public:
  __device__ __forceinline__ TileFinish(const ProductTask& task, std::uint32_t tile_column, int quarter)
      : task_(task), tile_column_(tile_column), quarter_(quarter) {}

  // Asks for what is needed besides sums: early, so that it arrives while products run.
  __device__ __forceinline__ void fetch(std::uint32_t first_row, const std::uint32_t (&positions)[2]) {
    first_row_ = first_row;
    if constexpr (kFinish == Finish::kAdd) {
#pragma unroll
      for (int vector = 0; vector < kVectors; ++vector) {
        before_[vector] = {};
        if (const T* at = place(vector)) before_[vector] = *reinterpret_cast<const uint4*>(at);
      }
    }
    if constexpr (kFinish == Finish::kRotate) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
#pragma unroll
        for (int block = 0; block < kHalfHead; ++block)
          turns_[half][block] = *reinterpret_cast<const float4*>(
              task_.rotations + std::uint64_t{positions[half]} * (kRotatedHead / 2) + block * 8 +
              quarter_ * 2);
      }
    }
  }

  // words_of(block, half): two finished values of a block of eight columns, rounded to elements.
  template <class Words>
  __device__ __forceinline__ void store(Words words_of) const {
    if constexpr (kFinish == Finish::kRotate) {
#pragma unroll
      for (int half = 0; half < 2; ++half) store_rotated(words_of, half);
    } else {
#pragma unroll
      for (int vector = 0; vector < kVectors; ++vector) {
        std::uint32_t words[4];
#pragma unroll
        for (int part = 0; part < 4; ++part) {
          const int half = (vector * 4 + part) / kWords;
          const int block = (vector * 4 + part) % kWords;
          if constexpr (kIsGate<kFinish>) {
            words[part] = gated_values<T, kFinish>(words_of(2 * block, half), words_of(2 * block + 1, half));
          } else {
            words[part] = words_of(block, half);
          }
        }
        uint4 value = gather_block(words, quarter_);
        if constexpr (kFinish == Finish::kAdd) value = add_vectors<T>(value, before_[vector]);
        if (T* at = place(vector)) *reinterpret_cast<uint4*>(at) = value;
      }
    }
  }

 private:
  static constexpr int kColumnsOfWord = kIsGate<kFinish> ? 2 : 1;  // blocks; a gate and its up make one
  static constexpr int kWords = kColumns / 8 / kColumnsOfWord;     // of a row
  static constexpr int kVectors = 2 * kWords / 4;                  // that a lane stores of both rows
  static constexpr int kHalfHead = kRotatedHead / 16;              // blocks

  // Where this lane's block of a vector goes; null outside.
  __device__ __forceinline__ T* place(int vector) const {
    const int item = vector * 4 + quarter_;
    const bool is_second = item >= kWords;
    return place(is_second ? 8 : 0, (is_second ? item - kWords : item) * 8);
  }
  __device__ __forceinline__ T* place(int below, int column_in_tile) const {
    const std::uint32_t row = first_row_ + below;
    const std::uint32_t column = tile_column_ / kColumnsOfWord + column_in_tile;
    const std::uint32_t width = task_.outputs / kColumnsOfWord;
    if (row >= task_.rows || column >= width) return nullptr;
    return static_cast<T*>(task_.out) + std::uint64_t{row} * width + column;
  }

  // Columns i and i + 32 of a head are four blocks apart.
  template <class Words>
  __device__ __forceinline__ void store_rotated(Words words_of, int half) const {
#pragma unroll
    for (int head = 0; head < kColumns / kRotatedHead; ++head) {
      std::uint32_t low[kHalfHead];
      std::uint32_t high[kHalfHead];
      const bool is_rotated = tile_column_ + head * kRotatedHead < task_.rotated;
#pragma unroll
      for (int block = 0; block < kHalfHead; ++block) {
        low[block] = words_of(head * 2 * kHalfHead + block, half);
        high[block] = words_of(head * 2 * kHalfHead + kHalfHead + block, half);
        if (is_rotated) rotate<T>(low[block], high[block], turns_[half][block]);
      }
      const uint4 low_value = gather_block(low, quarter_);
      const uint4 high_value = gather_block(high, quarter_);
      if (T* at = place(half * 8, head * kRotatedHead + quarter_ * 8))
        *reinterpret_cast<uint4*>(at) = low_value;
      if (T* at = place(half * 8, head * kRotatedHead + kRotatedHead / 2 + quarter_ * 8))
        *reinterpret_cast<uint4*>(at) = high_value;
    }
  }

  const ProductTask& task_;
  std::uint32_t tile_column_;
  int quarter_;
  std::uint32_t first_row_ = 0;
  uint4 before_[kFinish == Finish::kAdd ? kVectors : 1];
  float4 turns_[kFinish == Finish::kRotate ? 2 : 1][kHalfHead];
};

// Positions of the two rows that a thread has of 16; rows outside stand at 0.
template <Finish kFinish>
__device__ __forceinline__ void load_positions(const ProductTask& task, std::uint32_t first_row,
                                               std::uint32_t (&positions)[2]) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    positions[half] = 0;
    if (kFinish == Finish::kRotate && first_row + half * 8 < task.rows)
      positions[half] = task.positions[first_row + half * 8];
  }
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
