#include "quantier/quantize/awq.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "quantier/base/check.h"
#include "quantier/formats/i4_group.h"
#include "quantier/quantize/clip_search.h"
#include "quantier/quantize/row_parts.h"
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

// Rows of W * scales, no entry beyond half's range.
Status scaled_rows(const LinearSpec& linear, const TensorView& weight, std::span<const float> scales,
                   std::uint64_t first_row, std::span<float> out) {
  const std::size_t columns = scales.size();
  QT_TRY_STATUS(read_half_weight(linear, weight, first_row * columns, out));
  for (std::size_t row = 0; row < out.size(); row += columns) {
    for (std::size_t k = 0; k < columns; ++k)
      out[row + k] = std::clamp(out[row + k] * scales[k], -kLargestHalf, kLargestHalf);
  }
  return {};
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
  std::vector<float> values(linear.out_features * linear.in_features);
  QT_TRY_STATUS(scaled_rows(linear, weight, scales, 0, values));
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
  I4GroupWeights packed = make_i4_group(linear.out_features, columns, options.group, options.symmetric);
  const std::size_t step = options.group == 0 ? columns : options.group;
  const std::size_t row_bytes = (columns + 1) / 2;
  std::vector<std::vector<float>> blocks;  // of each group, where it is clipped
  for (std::size_t first = 0; options.clips && first < columns; first += step)
    blocks.push_back(scaled_block(statistics, scales, first, std::min(step, columns - first)));
  const auto shrinks = clip_shrinks();
  const auto quantize = [&](std::uint64_t first_row, std::uint64_t last_row) -> Status {
    std::vector<float> row(columns);
    std::vector<std::uint8_t> codes(columns);
    for (std::uint64_t n = first_row; n < last_row; ++n) {
      QT_TRY_STATUS(scaled_rows(linear, weight, scales, n, row));
      for (std::size_t first = 0; first < columns; first += step) {
        const std::size_t size = std::min(step, columns - first);
        const auto group = std::span(row).subspan(first, size);
        const I4Grid grid = options.clips ? least_error_grid(group, {blocks[first / step].data(), size},
                                                             options.symmetric, shrinks)
                                          : i4_grid(group, options.symmetric);
        i4_set_grid(packed, columns, n, first / step, grid);
        i4_quantize_group(grid, group, std::span(codes).subspan(first, size));
      }
      i4_pack_row(codes, packed.codes.span().subspan(n * row_bytes, row_bytes));
    }
    return {};
  };
  QT_TRY_STATUS(for_row_parts(&pool, linear.out_features, columns, 1, quantize));
  return packed;
}

}  // namespace quantier
