#include "quantier/engine/outer_product_sum.h"

#include <algorithm>

#include "quantier/engine/cpu/kernel_list.h"
#include "quantier/engine/cpu/panels.h"

namespace quantier {
namespace {

// So many that sums, which are too large for near caches, are visited seldom.
constexpr std::size_t kBlockRows = 1024;
// Beside a power of two: else all columns of a row would compete for the same lines of the cache.
constexpr std::size_t kLeftStride = kBlockRows + 16;

}  // namespace

OuterProductSum::OuterProductSum(std::size_t width, ThreadPool& pool)
    : width_(width),
      panels_((width + kPanelWidth - 1) / kPanelWidth),
      pool_(pool),
      sum_(width * width, 0.0F),
      left_(width * kLeftStride, MemoryOwner::kOther),
      right_(panels_ * kBlockRows * kPanelWidth, MemoryOwner::kOther) {}

void OuterProductSum::add(std::span<const float> a, std::span<const float> b) {
  if (a.data() != b.data()) is_symmetric_ = false;
  const std::size_t rows = a.size() / width_;
  // Blocks of one size, as few as there can be.
  const std::size_t blocks = (rows + kBlockRows - 1) / kBlockRows;
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::size_t first = rows * block / blocks;
    const std::size_t end = rows * (block + 1) / blocks;
    add_block(a.data() + first * width_, b.data() + first * width_, end - first);
  }
}

void OuterProductSum::add_block(const float* a, const float* b, std::size_t rows) {
  const cpu::Kernels& kernels = cpu::chosen_kernels();
  pool_.run(panels_, [&](std::size_t panel, std::size_t /*worker*/) {
    const std::size_t first = panel * kPanelWidth;
    const std::size_t count = std::min(kPanelWidth, width_ - first);
    float* out = right_.data() + panel * kBlockRows * kPanelWidth;
    for (std::size_t t = 0; t < rows; ++t) {
      const float* from = b + t * width_ + first;
      for (std::size_t i = 0; i < count; ++i) out[t * kPanelWidth + i] = from[i];
      const float* left = a + t * width_ + first;
      for (std::size_t i = 0; i < count; ++i) left_[(first + i) * kLeftStride + t] = left[i];
    }
  });
  pool_.run((panels_ + 1) / 2, [&](std::size_t pair, std::size_t /*worker*/) {
    const std::size_t first = pair * 2 * kPanelWidth;
    const std::size_t middle = std::min(first + kPanelWidth, width_);
    const std::size_t end = std::min(first + 2 * kPanelWidth, width_);
    const float* right = right_.data() + first * kBlockRows;
    // Of a symmetric sum only what lies on the diagonal and below it.
    const std::size_t top = is_symmetric_ ? first : 0;
    kernels.multiply_f32({left_.data() + top * kLeftStride,
                          kLeftStride * sizeof(float),
                          width_ - top,
                          rows,
                          {right, middle < end ? right + kBlockRows * kPanelWidth : nullptr}},
                         {.then = cpu::Then::kAdd,
                          .y = sum_.data() + top * width_ + first,
                          .y_stride = width_,
                          .counts = {middle - first, end - middle}});
  });
}

std::vector<float> OuterProductSum::take() {
  if (is_symmetric_) {
    for (std::size_t i = 0; i < width_; ++i) {
      for (std::size_t j = i + 1; j < width_; ++j) sum_[i * width_ + j] = sum_[j * width_ + i];
    }
  }
  return std::move(sum_);
}

}  // namespace quantier
