#include "quantier/quantize/gptq.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "quantier/formats/i4_group.h"
#include "quantier/quantize/clip_search.h"
#include "quantier/quantize/hessian.h"
#include "quantier/quantize/row_tile.h"
#include "quantier/quantize/weight_reader.h"

namespace quantier {
namespace {

// What the rows of a layer have in common.
struct Layer {
  const LinearSpec& linear;
  const InputStatistics& statistics;
  const GptqOptions& options;
  const Hessian& hessian;
  std::vector<float> drift;   // [K, K] cross / rows, transposed, by position; empty without towards_float
  std::vector<float> weight;  // [N, K] as halves hold it
  std::uint64_t group = 0;    // inputs of a group
  I4GroupWeights& packed;

  [[nodiscard]] std::size_t inputs() const { return hessian.size; }
  [[nodiscard]] const float* factor_row(std::size_t i) const { return hessian.factor.data() + i * inputs(); }
  [[nodiscard]] const float* hessian_row(std::size_t i) const { return hessian.values.data() + i * inputs(); }
};

// Squared output errors of the rows of a tile, summed.
struct TileCosts {
  double nearest = 0;
  double result = 0;
  double output = 0;  // of the weights themselves: what the others are a share of
};

// Sixteen rows on their way from weights to codes. Everything is by position (Hessian::order).
class TileQuantizer {
 public:
  TileQuantizer(const Layer& layer, std::size_t first_row)
      : layer_(layer),
        first_row_(first_row),
        rows_(std::min<std::size_t>(kTileRows, layer.linear.out_features - first_row)),
        weights_(layer.inputs()),
        grids_(kTileRows, std::vector<I4Grid>(i4_groups(layer.inputs(), layer.options.group))) {
    for (std::size_t i = 0; i < layer_.inputs(); ++i) {
      weights_[i] = {};
      for (std::size_t lane = 0; lane < rows_; ++lane) {
        weights_[i][lane] = layer_.weight[(first_row_ + lane) * layer_.inputs() + layer_.hessian.order[i]];
      }
    }
    targets_ = weights_;
  }

  TileCosts run() {
    if (!layer_.drift.empty()) move_targets();
    TileCosts costs;
    costs.output = squared_output(weights_);
    choose_grids(false);
    costs.nearest = squared_output(nearest_errors());
    if (layer_.options.searches_grid) choose_grids(true);
    quantize_in_order();
    for (int sweep = 0; sweep < layer_.options.sweeps; ++sweep) {
      if (!refine(sweep == 0)) break;
    }
    costs.result = squared_output(errors_);
    store();
    return costs;
  }

 private:
  [[nodiscard]] std::size_t group_of(std::size_t position) const {
    return layer_.hessian.order[position] / layer_.group;
  }
  [[nodiscard]] I4Grid grid(std::size_t position, std::size_t lane) const {
    return grids_[lane][group_of(position)];
  }

  // targets = W + W C H^-1, the real weights whose outputs over the quantized model's inputs are nearest to
  // those of W over the float model's. H^-1 by the two halves of its factor.
  void move_targets() {
    const std::size_t n = layer_.inputs();
    RowTile moved(n);
    for (std::size_t i = 0; i < n; ++i) {
      tile_accumulate(layer_.drift.data() + i * n, weights_.data(), n, moved[i]);
    }
    for (std::size_t i = n; i-- > 0;) {
      const float* row = layer_.factor_row(i);
      for (float& value : moved[i]) value /= row[i];
      tile_subtract(moved.data(), row, i, moved[i]);
    }
    for (std::size_t i = 0; i < n; ++i) {
      const float* row = layer_.factor_row(i);
      TileLane before{};
      tile_accumulate(row, moved.data(), i, before);
      for (std::size_t lane = 0; lane < kTileRows; ++lane) {
        moved[i][lane] = (moved[i][lane] - before[lane]) / row[i];
        targets_[i][lane] = weights_[i][lane] + moved[i][lane];
      }
    }
  }

  void choose_grids(bool searched) {
    const std::size_t n = layer_.inputs();
    std::vector<float> row(n);
    for (std::size_t lane = 0; lane < rows_; ++lane) {
      for (std::size_t i = 0; i < n; ++i) row[layer_.hessian.order[i]] = targets_[i][lane];
      for (std::size_t g = 0; g < grids_[lane].size(); ++g) {
        const std::size_t first = g * layer_.group;
        const auto values = std::span(row).subspan(first, std::min<std::size_t>(layer_.group, n - first));
        grids_[lane][g] = searched
                              ? searched_grid(values, {layer_.statistics.gram.data() + first * (n + 1), n},
                                              layer_.options.symmetric)
                              : i4_grid(values, layer_.options.symmetric);
      }
    }
  }

  [[nodiscard]] RowTile nearest_errors() const {
    RowTile errors(layer_.inputs());
    for (std::size_t i = 0; i < layer_.inputs(); ++i) {
      errors[i] = {};
      for (std::size_t lane = 0; lane < rows_; ++lane) {
        const I4Grid points = grid(i, lane);
        errors[i][lane] = targets_[i][lane] - points.value(points.code(weights_[i][lane]));
      }
    }
    return errors;
  }

  // |M e|^2 over all rows.
  [[nodiscard]] double squared_output(const RowTile& errors) const {
    double sum = 0;
    for (std::size_t i = 0; i < layer_.inputs(); ++i) {
      TileLane output{};
      tile_accumulate(layer_.factor_row(i), errors.data(), i + 1, output);
      for (const float value : output) sum += static_cast<double>(value) * value;
    }
    return sum;
  }

  // Gives input i of a lane the code nearest to `wanted`; the change of its error.
  float set_code(std::size_t i, std::size_t lane, float wanted) {
    const I4Grid points = grid(i, lane);
    const std::uint8_t code = points.code(wanted);
    const float error = targets_[i][lane] - points.value(code);
    const float change = error - errors_[i][lane];
    codes_[i * kTileRows + lane] = code;
    errors_[i][lane] = error;
    return change;
  }

  // Each input takes the code nearest to what cancels the errors of those before it.
  void quantize_in_order() {
    errors_.assign(layer_.inputs(), {});
    codes_.assign(layer_.inputs() * kTileRows, 0);
    for (std::size_t i = 0; i < layer_.inputs(); ++i) {
      const float* row = layer_.factor_row(i);
      TileLane before{};
      tile_accumulate(row, errors_.data(), i, before);
      for (std::size_t lane = 0; lane < rows_; ++lane) {
        set_code(i, lane, targets_[i][lane] + before[lane] / row[i]);
      }
    }
  }

  // Each input in turn takes its best code given all others; whether any changed.
  bool refine(bool is_first) {
    const std::size_t n = layer_.inputs();
    if (is_first) {
      slopes_.assign(n, {});
      for (std::size_t i = 0; i < n; ++i)
        tile_accumulate(layer_.hessian_row(i), errors_.data(), n, slopes_[i]);
    }
    bool any = false;
    for (std::size_t i = 0; i < n; ++i) {
      const float* row = layer_.hessian_row(i);
      TileLane taken{};
      bool changed = false;
      for (std::size_t lane = 0; lane < rows_; ++lane) {
        // The slope at i without i's own error.
        const float others = slopes_[i][lane] - row[i] * errors_[i][lane];
        taken[lane] = -set_code(i, lane, targets_[i][lane] + others / row[i]);
        changed = changed || taken[lane] != 0.0F;
      }
      if (!changed) continue;
      any = true;
      tile_subtract(slopes_.data(), row, n, taken);
    }
    return any;
  }

  void store() {
    const std::size_t n = layer_.inputs();
    for (std::size_t lane = 0; lane < rows_; ++lane) {
      const std::size_t row = first_row_ + lane;
      for (std::size_t g = 0; g < grids_[lane].size(); ++g) {
        i4_set_grid(layer_.packed, n, row, g, grids_[lane][g]);
      }
      for (std::size_t i = 0; i < n; ++i) {
        i4_set_code(layer_.packed, n, row, layer_.hessian.order[i], codes_[i * kTileRows + lane]);
      }
    }
  }

  const Layer& layer_;
  std::size_t first_row_;
  std::size_t rows_;  // of the tile; the other lanes hold zeros
  RowTile weights_;
  RowTile targets_;
  RowTile errors_;  // targets - what the codes stand for
  RowTile slopes_;  // H e
  std::vector<std::uint8_t> codes_;
  std::vector<std::vector<I4Grid>> grids_;  // [lane][group]
};

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
  Layer layer{.linear = linear,
              .statistics = statistics,
              .options = options,
              .hessian = hessian,
              .drift = options.towards_float ? drift_by_position(statistics, hessian) : std::vector<float>{},
              .weight = std::vector<float>(linear.out_features * linear.in_features),
              .group = options.group == 0 ? linear.in_features : options.group,
              .packed = result.weights};
  QT_TRY_STATUS(read_half_weight(linear, weight, 0, layer.weight));

  const std::size_t tiles = (linear.out_features + kTileRows - 1) / kTileRows;
  std::vector<TileCosts> costs(tiles);
  pool.run(tiles, [&](std::size_t tile, std::size_t) {
    costs[tile] = TileQuantizer(layer, tile * kTileRows).run();
  });
  TileCosts total;
  for (const TileCosts& cost : costs) {
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
