// GPTQ against the paper's own algorithm (testdata/formats/gptq.json: the inverse Hessian, in float64), what
// each deviation is for, and statistics that cannot be used.
#include "quantier/quantize/gptq.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/formats/golden_arrays.h"
#include "quantier/formats/i4_group.h"
#include "quantier/quantize/rtn.h"

namespace quantier {
namespace {

using testing::HasSubstr;

struct Case {
  LinearSpec linear;
  std::vector<std::uint16_t> weight;
  InputStatistics statistics;
  GptqOptions options;
  std::vector<std::uint8_t> codes;

  [[nodiscard]] TensorView view() const {
    return {DType::kF16, {linear.out_features, linear.in_features}, std::as_bytes(std::span(weight))};
  }
};

Case read_case(const Json& item) {
  Case one;
  one.linear.name = "layers.0.mlp.down";
  one.linear.weight = "model.layers.0.mlp.Wo.weight";
  one.linear.out_features = goldens::dimension(item["weight"], 0);
  one.linear.in_features = goldens::dimension(item["weight"], 1);
  one.weight = goldens::half_bits(item["weight"]);
  one.statistics.in_features = one.linear.in_features;
  one.statistics.rows = item["rows"].get<std::uint64_t>();
  one.statistics.gram = goldens::floats(item["gram"]);
  if (item.contains("cross")) one.statistics.cross = goldens::floats(item["cross"]);
  one.options = GptqOptions::published(item["group"].get<std::uint32_t>(), item["symmetric"].get<bool>());
  one.options.activation_order = item["ordered"].get<bool>();
  one.options.damping = item["damping"].get<double>();
  one.options.towards_float = item.contains("cross");
  one.codes = goldens::bytes(item["codes"]);
  return one;
}

std::vector<Case> cases() {
  const Json file = goldens::read(QUANTIER_SOURCE_DIR "/testdata/formats/gptq.json");
  std::vector<Case> all;
  for (const Json& item : file["cases"]) all.push_back(read_case(item));
  return all;
}

GptqResult run(const Case& one, const GptqOptions& options, std::size_t threads = 2) {
  ThreadPool pool(threads);
  auto result = quantize_gptq(one.linear, one.view(), one.statistics, options, pool);
  EXPECT_TRUE(result) << result.error().message();
  return std::move(*result);
}

// Squared error of the outputs over the calibration inputs: sum over rows of e gram e.
double output_error(const Case& one, const I4GroupWeights& weights) {
  const std::size_t n = one.linear.in_features;
  std::vector<float> row(n);
  std::vector<double> error(n);
  double sum = 0;
  for (std::size_t r = 0; r < one.linear.out_features; ++r) {
    i4_dequantize_row(weights, r, row);
    for (std::size_t k = 0; k < n; ++k) {
      error[k] = static_cast<double>(to_float(Half{one.weight[r * n + k]})) - row[k];
    }
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) sum += error[i] * error[j] * one.statistics.gram[i * n + j];
    }
  }
  return sum;
}

TEST(Gptq, CodesAreThePapersOwn) {
  std::size_t same = 0;
  std::size_t all = 0;
  for (const Case& one : cases()) {
    const GptqResult result = run(one, one.options);
    for (std::size_t i = 0; i < one.codes.size(); ++i) {
      const std::uint64_t n = one.linear.in_features;
      same += i4_code(result.weights, n, i / n, i % n) == one.codes[i] ? 1U : 0U;
      ++all;
    }
    EXPECT_EQ(result.report.damping, one.options.damping);
  }
  EXPECT_GT(all, 5000U);
  EXPECT_GE(static_cast<double>(same), 0.999 * static_cast<double>(all)) << same << " of " << all;
}

TEST(Gptq, CompensationAndRefinementLowerTheOutputError) {
  for (Case one : cases()) {
    if (one.options.towards_float) continue;
    SCOPED_TRACE(one.linear.in_features);
    const auto nearest = quantize_rtn_i4(one.linear, one.view(), one.options.group, one.options.symmetric);
    ASSERT_TRUE(nearest);
    GptqOptions refined = one.options;
    refined.sweeps = 4;
    const double of_nearest = output_error(one, *nearest);
    const double of_published = output_error(one, run(one, one.options).weights);
    EXPECT_LT(of_published, 0.9 * of_nearest);
    EXPECT_LT(output_error(one, run(one, refined).weights), of_published);
  }
}

// Scales, and zero points where there are some, that fit the codes: the same codes could not lose less, and
// the sweeps that follow go on from there.
TEST(Gptq, RefittedGridsLowerTheOutputError) {
  double with_refits = 0;
  double without = 0;
  for (const Case& one : cases()) {
    if (one.options.towards_float) continue;
    SCOPED_TRACE(one.linear.in_features);
    for (const bool symmetric : {true, false}) {
      GptqOptions options = one.options;
      options.symmetric = symmetric;
      options.searches_grid = true;
      options.sweeps = 12;
      without += output_error(one, run(one, options).weights);
      options.refits_grid = true;
      with_refits += output_error(one, run(one, options).weights);
    }
  }
  EXPECT_LT(with_refits, 0.97 * without);
}

TEST(Gptq, ReportsTheErrorsOfBothWays) {
  const Case one = cases().front();
  const GptqResult result = run(one, one.options);
  EXPECT_GT(result.report.nearest_output_error, result.report.output_error);
  EXPECT_GT(result.report.output_error, 0.0);
  EXPECT_LT(result.report.nearest_output_error, 0.5);
}

TEST(Gptq, DoesNotDependOnThreads) {
  const Case one = cases().front();
  GptqOptions options = one.options;
  options.searches_grid = true;
  options.sweeps = 3;
  options.refits_grid = true;
  const GptqResult alone = run(one, options, 1);
  const GptqResult together = run(one, options, 3);
  EXPECT_THAT(alone.weights.codes.span(), testing::ElementsAreArray(together.weights.codes.span()));
  EXPECT_THAT(alone.weights.scales.span(), testing::ElementsAreArray(together.weights.scales.span()));
}

TEST(Gptq, ADeadInputIsCountedAndRoundedToNearest) {
  const Case one = cases().at(3);
  const GptqResult result = run(one, one.options);
  EXPECT_EQ(result.report.dead_inputs, 1U);
  const auto nearest = quantize_rtn_i4(one.linear, one.view(), one.options.group, one.options.symmetric);
  const std::uint64_t n = one.linear.in_features;
  for (std::uint64_t row = 0; row < one.linear.out_features; ++row) {
    EXPECT_EQ(i4_code(result.weights, n, row, 5), i4_code(*nearest, n, row, 5)) << row;
  }
}

TEST(Gptq, ASingularHessianTakesMoreDampingAndSaysSo) {
  Case one = cases().front();
  // One token seen: rank one.
  const std::size_t n = one.linear.in_features;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j)
      one.statistics.gram[i * n + j] = 1.0F + static_cast<float>(i == j) * -1e-3F;
  }
  one.statistics.rows = 1;
  one.options.damping = 1e-9;
  const GptqResult result = run(one, one.options);
  EXPECT_GT(result.report.damping, one.options.damping);
  EXPECT_LE(result.report.damping, 1.0);
}

TEST(Gptq, StatisticsThatSayNothingAreRefused) {
  Case one = cases().front();
  ThreadPool pool(1);
  const auto refused = [&](const InputStatistics& statistics) {
    const auto result = quantize_gptq(one.linear, one.view(), statistics, one.options, pool);
    EXPECT_FALSE(result);
    return result ? std::string() : result.error().message();
  };
  InputStatistics empty = one.statistics;
  empty.rows = 0;
  EXPECT_THAT(refused(empty), HasSubstr("no token was seen"));
  InputStatistics zero = one.statistics;
  zero.gram.assign(zero.gram.size(), 0.0F);
  EXPECT_THAT(refused(zero),
              testing::AllOf(HasSubstr("all inputs are zero"), HasSubstr("layers.0.mlp.down")));
  InputStatistics overflown = one.statistics;
  overflown.gram[0] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(refused(overflown), HasSubstr("not a finite number"));
}

}  // namespace
}  // namespace quantier
