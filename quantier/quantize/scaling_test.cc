// AWQ and SmoothQuant: the scales of every exponent and the exponent chosen, against
// testdata/formats/awq.json and smooth.json (the published formulas in numpy); the clip search; columns
// without inputs.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/formats/golden_arrays.h"
#include "quantier/formats/i4_group.h"
#include "quantier/formats/i8_row.h"
#include "quantier/quantize/awq.h"
#include "quantier/quantize/smooth.h"

namespace quantier {
namespace {

struct Layer {
  LinearSpec linear;
  std::vector<std::uint16_t> weight;
  std::vector<float> x;  // [rows, K]
  Json golden;

  [[nodiscard]] TensorView view() const {
    return {DType::kF16, {linear.out_features, linear.in_features}, std::as_bytes(std::span(weight))};
  }
  [[nodiscard]] std::size_t inputs() const { return linear.in_features; }
  [[nodiscard]] std::size_t rows() const { return x.size() / inputs(); }
};

Layer read_layer(const char* name) {
  Layer layer;
  layer.golden = goldens::read(std::string(QUANTIER_SOURCE_DIR "/testdata/formats/") + name);
  layer.linear.name = "layers.0.mlp.down";
  layer.linear.out_features = goldens::dimension(layer.golden["weight"], 0);
  layer.linear.in_features = goldens::dimension(layer.golden["weight"], 1);
  layer.weight = goldens::half_bits(layer.golden["weight"]);
  layer.x = goldens::floats(layer.golden["x"]);
  return layer;
}

InputStatistics statistics_of(const Layer& layer) {
  const std::size_t n = layer.inputs();
  InputStatistics statistics;
  statistics.in_features = n;
  statistics.rows = layer.rows();
  statistics.gram.assign(n * n, 0.0F);
  for (std::size_t t = 0; t < layer.rows(); ++t) {
    const float* x = layer.x.data() + t * n;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) statistics.gram[i * n + j] += x[i] * x[j];
    }
  }
  return statistics;
}

TEST(Awq, ScaledStatisticsAreThoseOfTheScaledInputs) {
  Layer layer = read_layer("awq.json");
  const std::size_t n = layer.inputs();
  std::vector<float> scales(n);
  for (std::size_t k = 0; k < n; ++k) scales[k] = 0.5F + static_cast<float>(k % 7);
  InputStatistics statistics = statistics_of(layer);
  statistics.cross = statistics.gram;
  const InputStatistics scaled = scaled_statistics(statistics, scales);
  for (std::size_t i = 0; i < layer.x.size(); ++i) layer.x[i] /= scales[i % n];
  const InputStatistics expected = statistics_of(layer);
  for (std::size_t i = 0; i < expected.gram.size(); ++i) {
    EXPECT_NEAR(scaled.gram[i], expected.gram[i], 1e-4F * (1.0F + std::abs(expected.gram[i])));
    EXPECT_EQ(scaled.cross[i], scaled.gram[i]);
  }
}

// Mean squared error of the outputs when row n of the weight becomes `row_of(n)` for inputs `x_of(t)`.
template <class RowOf, class InputsOf>
double loss(const Layer& layer, const RowOf& row_of, const InputsOf& inputs_of) {
  const std::size_t n = layer.inputs();
  std::vector<std::vector<float>> inputs;
  for (std::size_t t = 0; t < layer.rows(); ++t) inputs.push_back(inputs_of(t));
  double sum = 0;
  for (std::size_t r = 0; r < layer.linear.out_features; ++r) {
    const std::vector<float> row = row_of(r);
    for (std::size_t t = 0; t < layer.rows(); ++t) {
      double exact = 0;
      double made = 0;
      for (std::size_t k = 0; k < n; ++k) {
        exact += static_cast<double>(to_float(Half{layer.weight[r * n + k]})) * layer.x[t * n + k];
        made += static_cast<double>(row[k]) * inputs[t][k];
      }
      sum += (made - exact) * (made - exact);
    }
  }
  return sum / static_cast<double>(layer.rows() * layer.linear.out_features);
}

std::vector<float> divided(const Layer& layer, std::size_t row, const std::vector<float>& scales) {
  std::vector<float> x(layer.inputs());
  for (std::size_t k = 0; k < x.size(); ++k) x[k] = layer.x[row * x.size() + k] / scales[k];
  return x;
}

void expect_close(std::span<const float> seen, const std::vector<float>& expected) {
  ASSERT_EQ(seen.size(), expected.size());
  for (std::size_t k = 0; k < seen.size(); ++k) EXPECT_NEAR(seen[k] / expected[k], 1.0F, 2e-6F) << k;
}

std::vector<float> dequantized(const I4GroupWeights& weights, std::size_t row, std::size_t inputs) {
  std::vector<float> out(inputs);
  i4_dequantize_row(weights, row, out);
  return out;
}

TEST(Awq, ScalesAndTheBestExponentAreThePublishedOnes) {
  const Layer layer = read_layer("awq.json");
  const auto abs_mean = goldens::floats(layer.golden["abs_mean"]);
  const InputStatistics statistics = statistics_of(layer);
  ThreadPool pool(2);
  int best = -1;
  double least = 0;
  for (int step = 0; step < kAwqAlphas; ++step) {
    SCOPED_TRACE(step);
    const Json& expected = layer.golden["steps"][static_cast<std::size_t>(step)];
    const std::vector<float> scales = awq_scales(abs_mean, awq_alpha(step));
    expect_close(scales, goldens::floats(expected["scales"]));
    const auto weights = quantize_awq(layer.linear, layer.view(), statistics, scales,
                                      {.group = 32, .symmetric = false, .clips = false}, pool);
    ASSERT_TRUE(weights);
    const double made = loss(
        layer, [&](std::size_t r) { return dequantized(*weights, r, layer.inputs()); },
        [&](std::size_t t) { return divided(layer, t, scales); });
    EXPECT_NEAR(made / expected["loss"].get<double>(), 1.0, 1e-3);
    if (best < 0 || made < least) {
      best = step;
      least = made;
    }
  }
  EXPECT_EQ(best, layer.golden["best"].get<int>());
}

TEST(Awq, ClippingLowersTheErrorAndNeverRaisesIt) {
  const Layer layer = read_layer("awq.json");
  const InputStatistics statistics = statistics_of(layer);
  ThreadPool pool(2);
  const std::vector<float> ones(layer.inputs(), 1.0F);
  for (const bool symmetric : {false, true}) {
    double errors[2] = {};
    for (const bool clips : {false, true}) {
      const auto weights = quantize_awq(layer.linear, layer.view(), statistics, ones,
                                        {.group = 32, .symmetric = symmetric, .clips = clips}, pool);
      ASSERT_TRUE(weights);
      errors[clips ? 1 : 0] = loss(
          layer, [&](std::size_t r) { return dequantized(*weights, r, layer.inputs()); },
          [&](std::size_t t) { return divided(layer, t, ones); });
    }
    EXPECT_LT(errors[1], errors[0]);
  }
}

TEST(Awq, InputsThatAreZeroKeepFiniteScales) {
  const std::vector<float> abs_mean = {0.0F, 1e-30F, 2.0F};
  for (int step = 0; step < kAwqAlphas; ++step) {
    for (const float scale : awq_scales(abs_mean, awq_alpha(step))) {
      EXPECT_TRUE(std::isfinite(scale) && scale > 0.0F) << step;
    }
  }
}

TEST(SmoothQuant, ScalesAndTheBestExponentAreThePublishedOnes) {
  const Layer layer = read_layer("smooth.json");
  const auto absmax_x = goldens::floats(layer.golden["absmax_x"]);
  std::vector<float> absmax_w(layer.inputs(), 0.0F);
  ASSERT_TRUE(raise_column_absmax(layer.linear, layer.view(), absmax_w));
  expect_close(absmax_w, goldens::floats(layer.golden["absmax_w"]));
  int best = -1;
  double least = 0;
  for (int step = 0; step < 20; ++step) {
    SCOPED_TRACE(step);
    const Json& expected = layer.golden["steps"][static_cast<std::size_t>(step)];
    const std::vector<float> scales = smooth_scales(absmax_x, absmax_w, static_cast<float>(step) / 20.0F);
    expect_close(scales, goldens::floats(expected["scales"]));
    const auto weights = quantize_smoothed_i8(layer.linear, layer.view(), scales);
    ASSERT_TRUE(weights);
    const std::size_t n = layer.inputs();
    const auto by_row = [](std::vector<float> values, std::span<const std::int8_t> codes, float absmax) {
      for (std::size_t k = 0; k < values.size(); ++k)
        values[k] = static_cast<float>(codes[k]) * absmax / 127.0F;
      return values;
    };
    const double made = loss(
        layer,
        [&](std::size_t r) {
          return by_row(std::vector<float>(n), weights->codes.span().subspan(r * n, n),
                        weights->row_absmax[r]);
        },
        [&](std::size_t t) {
          const std::vector<float> x = divided(layer, t, scales);
          const float absmax = i8_row_absmax(x);
          std::vector<std::int8_t> codes(n);
          i8_quantize_row(x, absmax, codes);
          return by_row(x, codes, absmax);
        });
    EXPECT_NEAR(made / expected["loss"].get<double>(), 1.0, 1e-2);
    if (best < 0 || made < least) {
      best = step;
      least = made;
    }
  }
  EXPECT_EQ(best, layer.golden["best"].get<int>());
}

TEST(SmoothQuant, AColumnWithoutInputsOrWeightsIsLeftAlone) {
  const std::vector<float> x = {0.0F, 3.0F, 4.0F};
  const std::vector<float> w = {1.0F, 0.0F, 1.0F};
  EXPECT_THAT(smooth_scales(x, w, 0.5F), testing::ElementsAre(1.0F, 1.0F, 2.0F));
}

}  // namespace
}  // namespace quantier
