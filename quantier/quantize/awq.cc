#include "quantier/quantize/awq.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "quantier/base/check.h"
#include "quantier/formats/i4_group.h"
#include "quantier/quantize/clip_search.h"
#include "quantier/quantize/weight_reader.h"

namespace quantier {
namespace {

constexpr float kLargestHalf = 65504.0F;

// The gram of inputs divided by the scales, block of one group.
std::vector<float> scaled_block(const InputStatistics& statistics, std::span<const float> scales,
                                std::size_t first, std::size_t size) {
  const std::size_t n = statistics.in_features;
  std::vector<float> block(size * size);
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) {
      block[i * size + j] =
          statistics.gram[(first + i) * n + first + j] / (scales[first + i] * scales[first + j]);
    }
  }
  return block;
}

std::array<float, 10> clip_shrinks() {
  std::array<float, 10> shrinks{};
  for (std::size_t i = 0; i < shrinks.size(); ++i) shrinks[i] = 1.0F - static_cast<float>(i) / 20.0F;
  return shrinks;
}

}  // namespace

std::vector<float> awq_scales(std::span<const float> abs_mean, float alpha) {
  constexpr float kSmallest = 1e-4F;
  std::vector<float> scales(abs_mean.size());
  float smallest = std::numeric_limits<float>::infinity();
  float largest = 0.0F;
  for (std::size_t k = 0; k < scales.size(); ++k) {
    scales[k] = std::max(std::pow(abs_mean[k], alpha), kSmallest);
    smallest = std::min(smallest, scales[k]);
    largest = std::max(largest, scales[k]);
  }
  const float middle = std::sqrt(largest * smallest);
  for (float& scale : scales) scale /= middle;
  return scales;
}

Result<std::vector<float>> scaled_weight(const LinearSpec& linear, const TensorView& weight,
                                         std::span<const float> scales) {
  const std::size_t columns = linear.in_features;
  std::vector<float> values(linear.out_features * columns);
  QT_TRY_STATUS(read_half_weight(linear, weight, 0, values));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = std::clamp(values[i] * scales[i % columns], -kLargestHalf, kLargestHalf);
  }
  return values;
}

InputStatistics scaled_statistics(const InputStatistics& statistics, std::span<const float> scales) {
  const std::size_t n = statistics.in_features;
  InputStatistics scaled = statistics;
  const auto divide_columns = [&](std::vector<float>& matrix, bool rows_too) {
    for (std::size_t i = 0; i < matrix.size(); ++i)
      matrix[i] /= rows_too ? scales[i / n] * scales[i % n] : scales[i % n];
  };
  divide_columns(scaled.gram, true);
  divide_columns(scaled.cross, true);
  divide_columns(scaled.absmax, false);
  divide_columns(scaled.abs_mean, false);
  return scaled;
}

Result<I4GroupWeights> quantize_awq(const LinearSpec& linear, const TensorView& weight,
                                    const InputStatistics& statistics, std::span<const float> scales,
                                    const AwqOptions& options, ThreadPool& pool) {
  const std::size_t columns = linear.in_features;
  QT_CHECK(scales.size() == columns && statistics.gram.size() == columns * columns,
           "one scale and one row of second moments for each input");
  QT_TRY(const std::vector<float> values, scaled_weight(linear, weight, scales));
  I4GroupWeights packed = make_i4_group(linear.out_features, columns, options.group, options.symmetric);
  const std::size_t step = options.group == 0 ? columns : options.group;
  const auto shrinks = clip_shrinks();
  constexpr std::size_t kRowsOfATask = 16;
  const std::size_t tasks = (linear.out_features + kRowsOfATask - 1) / kRowsOfATask;
  for (std::size_t first = 0; first < columns; first += step) {
    const std::size_t size = std::min(step, columns - first);
    const std::vector<float> block = scaled_block(statistics, scales, first, size);
    pool.run(tasks, [&](std::size_t task, std::size_t) {
      const std::size_t begin = task * kRowsOfATask;
      for (std::size_t n = begin; n < std::min<std::size_t>(linear.out_features, begin + kRowsOfATask); ++n) {
        const auto group = std::span(values).subspan(n * columns + first, size);
        const I4Grid grid = options.clips
                                ? least_error_grid(group, {block.data(), size}, options.symmetric, shrinks)
                                : i4_grid(group, options.symmetric);
        i4_set_grid(packed, columns, n, first / step, grid);
        for (std::size_t i = 0; i < size; ++i)
          i4_set_code(packed, columns, n, first + i, grid.code(group[i]));
      }
    });
  }
  return packed;
}

}  // namespace quantier
