// Sums of outer products over many rows: S[i, j] = sum over t of a[t, i] * b[t, j].
//
// Rows are taken in blocks of up to 1024 in their order: inside a block the CPU's product kernel sums in
// float, one multiply-add after another; blocks are added in float. So a sum depends on how the rows were
// handed over, never on the number of threads. Cost: width^2 multiply-adds a row, half of that where a is b.
// Scratch: 2 * 1024 * width floats, a little more, and 16 * width for each thread.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "quantier/base/thread_pool.h"
#include "quantier/tensor/aligned_buffer.h"

namespace quantier {

class OuterProductSum {
 public:
  // `pool` must outlive this.
  OuterProductSum(std::size_t width, ThreadPool& pool);

  // Both [rows, width]. Either always the same span twice, or never: the sum of squares keeps one half.
  void add(std::span<const float> a, std::span<const float> b);

  // [width, width], row-major; this is empty afterwards.
  [[nodiscard]] std::vector<float> take();

 private:
  void add_block(const float* a, const float* b, std::size_t rows);

  std::size_t width_;
  std::size_t panels_;
  ThreadPool& pool_;
  bool is_symmetric_ = true;
  std::vector<float> sum_;
  AlignedBuffer<float> left_;   // [width, 1024 and a pad] a, transposed
  AlignedBuffer<float> right_;  // [panels, 1024, 16] b
};

}  // namespace quantier
