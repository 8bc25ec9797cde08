#include "quantier/quantize/gptq.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "quantier/formats/i4_group.h"
#include "quantier/quantize/gptq_tile.h"
#include "quantier/quantize/hessian.h"
#include "quantier/quantize/weight_reader.h"

namespace quantier {
namespace {

// cross / rows by position, transposed: row j holds what moves output column j.
std::vector<float> drift_by_position(const InputStatistics& statistics, const Hessian& hessian) {
  const std::size_t n = hessian.size;
  std::vector<float> drift(n * n);
  const auto rows = static_cast<float>(statistics.rows);
  for (std::size_t i = 0; i < n; ++i) {
    const float* row = statistics.cross.data() + hessian.order[i] * n;
    for (std::size_t j = 0; j < n; ++j) drift[j * n + i] = row[hessian.order[j]] / rows;
  }
  return drift;
}

// The Hessian's parts that refitting a grid looks at, in the order of the inputs.
void cut_into_groups(GptqLayer& layer) {
  const std::size_t n = layer.inputs();
  std::vector<std::uint32_t> position_of(n);
  for (std::size_t i = 0; i < n; ++i) position_of[layer.hessian.order[i]] = static_cast<std::uint32_t>(i);
  for (std::size_t first = 0; first < n; first += layer.group) {
    const std::size_t size = std::min<std::size_t>(layer.group, n - first);
    std::vector<float> part(size * size);
    for (std::size_t i = 0; i < size; ++i) {
      const float* row = layer.hessian_row(position_of[first + i]);
      for (std::size_t j = 0; j < size; ++j) part[i * size + j] = row[position_of[first + j]];
    }
    const auto begin = position_of.begin() + static_cast<std::ptrdiff_t>(first);
    layer.group_positions.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
    layer.group_hessians.push_back(std::move(part));
  }
}

}  // namespace

Result<GptqResult> quantize_gptq(const LinearSpec& linear, const TensorView& weight,
                                 const InputStatistics& statistics, const GptqOptions& options,
                                 ThreadPool& pool) {
  QT_TRY(const Hessian hessian,
         factor_hessian(statistics, options.activation_order, options.damping, linear.name, pool));
  if (options.towards_float && statistics.cross.size() != statistics.gram.size()) {
    return fail(ErrorKind::kBug, "GPTQ was asked to follow the float model without its inputs", linear.name);
  }
  GptqResult result;
  result.weights = make_i4_group(linear.out_features, linear.in_features, options.group, options.symmetric);
  GptqLayer layer{
      .linear = linear,
      .statistics = statistics,
      .options = options,
      .hessian = hessian,
      .drift = options.towards_float ? drift_by_position(statistics, hessian) : std::vector<float>{},
      .weight = std::vector<float>(linear.out_features * linear.in_features),
      .group = options.group == 0 ? linear.in_features : options.group,
      .group_of = {},
      .group_positions = {},
      .group_hessians = {},
      .packed = result.weights};
  for (const std::uint32_t input : hessian.order)
    layer.group_of.push_back(static_cast<std::uint32_t>(input / layer.group));
  if (options.refits_grid) cut_into_groups(layer);
  QT_TRY_STATUS(read_half_weight(linear, weight, 0, layer.weight));

  const std::size_t tiles = (linear.out_features + kTileRows - 1) / kTileRows;
  std::vector<GptqTileCosts> costs(tiles);
  pool.run(tiles,
           [&](std::size_t tile, std::size_t) { costs[tile] = GptqTile(layer, tile * kTileRows).run(); });
  GptqTileCosts total;
  for (const GptqTileCosts& cost : costs) {
    total.nearest += cost.nearest;
    total.result += cost.result;
    total.output += cost.output;
  }
  result.report.damping = hessian.damping;
  result.report.dead_inputs = hessian.dead_inputs;
  if (total.output > 0) {
    result.report.nearest_output_error = std::sqrt(total.nearest / total.output);
    result.report.output_error = std::sqrt(total.result / total.output);
  }
  return result;
}

}  // namespace quantier
