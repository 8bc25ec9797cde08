// The reference products against the linear layers of bitsandbytes 0.50.2 on a CPU (testdata/formats), and
// what decides LLM.int8() beyond them: scopes, integer sums, the paper's outlier weights.
#include "quantier/engine/reference/reference_linear.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/base/half.h"
#include "quantier/formats/golden_arrays.h"
#include "quantier/formats/i8_row.h"
#include "quantier/formats/nf4_block.h"

namespace quantier {
namespace {

using testing::ElementsAreArray;

Json golden(const std::string& name) {
  return goldens::read(QUANTIER_SOURCE_DIR "/testdata/formats/" + name + ".json");
}

Plan plan_of(const char* recipe) { return *resolve_recipe(recipe, ModelSpec{}); }

template <class T>
AlignedBuffer<T> buffer_of(const std::vector<T>& values) {
  AlignedBuffer<T> buffer(values.size(), MemoryOwner::kOther);
  std::ranges::copy(values, buffer.data());
  return buffer;
}

// Distance from |value| to the next half.
double half_spacing(double value) {
  return std::exp2(std::max(-24, std::ilogb(std::max(std::abs(value), 0x1p-24)) - 10));
}

PackedLinear int8_layer(const Json& item, bool with_bias) {
  PackedLinear linear;
  linear.out_features = goldens::dimension(item["weight"], 0);
  linear.in_features = goldens::dimension(item["weight"], 1);
  I8RowWeights weights;
  weights.codes = buffer_of(goldens::codes(item["weight_codes"]));
  weights.row_absmax = buffer_of(goldens::floats(item["weight_absmax"]));
  linear.input.format = InputFormat::kI8Outliers;
  linear.weights = std::move(weights);
  if (with_bias) linear.bias = goldens::halves(item["bias"]);
  return linear;
}

PackedLinear nf4_layer(const Json& item, bool with_bias) {
  PackedLinear linear;
  linear.out_features = goldens::dimension(item["weight"], 0);
  linear.in_features = goldens::dimension(item["weight"], 1);
  Nf4Weights weights;
  weights.packed = buffer_of(goldens::bytes(item["packed"]));
  weights.absmax_codes = buffer_of(goldens::bytes(item["absmax_codes"]));
  weights.nested_absmax = buffer_of(goldens::floats(item["nested_absmax"]));
  weights.offset = goldens::floats(item["offset"])[0];
  linear.weights = std::move(weights);
  if (with_bias) linear.bias = goldens::halves(item["bias"]);
  return linear;
}

std::vector<float> multiply(const PackedLinear& linear, const Plan& plan, const std::vector<float>& x,
                            std::vector<std::uint32_t> scopes = {}) {
  const std::size_t rows = x.size() / linear.in_features;
  if (scopes.empty()) scopes = {0, static_cast<std::uint32_t>(rows)};
  std::vector<float> y(rows * linear.out_features);
  reference_linear(linear, plan, x, scopes, y);
  return y;
}

// The CPU backend of bitsandbytes scales with 6.200124e-05 where 1 / 127^2 is 6.200012e-05 (its CUDA kernels
// have the latter, and so have we). So the comparison goes in two steps. With that constant in our
// arithmetic, a product without outliers is the golden to the last bit: sums, scales, bias and rounding are
// the same. With the right constant, per output, with p the scaled int32 sum, s the outlier sum of m terms, S
// the sum of their magnitudes, u(v) the spacing of halves at v, and e = 2^-24:
//   the constants differ by less than 1.81e-5, three float roundings of each side add less than 6 e:
//     d1 <= 1.9e-5 |p|;   both round h = p + bias once to half:  d2 <= d1 + 4 e (|p| + |bias|) + u(h)
//   with outliers both round h + s once more, theirs summing in float in some order: |ds| <= (m + 1) e (S +
//   |h|)
//     d3 <= d2 + |ds| + u(y).
TEST(ReferenceLinear, Int8AgreesWithBitsandbytes) {
  constexpr float kTheirScale = 6.200124e-05F;
  constexpr double kEpsilon = 0x1p-24;
  const Json file = golden("llm_int8");
  const Plan plan = plan_of("int8");
  ASSERT_EQ(plan.outlier_threshold, file["threshold"].get<float>());
  std::size_t exact = 0;
  std::size_t compared = 0;
  double worst = 0;
  for (const Json& item : file["cases"]) {
    const std::vector<float> x = goldens::halves(item["x"]);
    const std::vector<std::int32_t> sums = goldens::sums(item["sums"]);
    const std::vector<float> x_absmax = goldens::floats(item["x_absmax"]);
    const auto outliers = item["outlier_columns"].get<std::vector<std::size_t>>();
    const std::vector<float> outlier_weights = goldens::halves(item["outlier_weights"]);
    for (const bool with_bias : {false, true}) {
      SCOPED_TRACE(item["name"].get<std::string>() + (with_bias ? ", bias" : ""));
      const PackedLinear linear = int8_layer(item, with_bias);
      const auto& weights = std::get<I8RowWeights>(linear.weights);
      const std::vector<float> theirs = goldens::halves(item[with_bias ? "y_bias" : "y"]);
      const std::vector<float> ours = multiply(linear, plan, x);
      ASSERT_EQ(ours.size(), theirs.size());
      for (std::size_t i = 0; i < ours.size(); ++i, ++compared) {
        const std::size_t row = i / linear.out_features;
        const std::size_t n = i % linear.out_features;
        const double bias = with_bias ? linear.bias[n] : 0.0;
        const float scale = x_absmax[row] * weights.row_absmax[n];
        const double p = static_cast<double>(sums[i]) * scale / (127.0 * 127.0);
        double s = 0;
        double magnitudes = 0;
        for (std::size_t c = 0; c < outliers.size(); ++c) {
          const double term = static_cast<double>(x[row * linear.in_features + outliers[c]]) *
                              outlier_weights[n * outliers.size() + c];
          s += term;
          magnitudes += std::abs(term);
        }
        if (outliers.empty()) {
          float value = static_cast<float>(sums[i]) * scale * kTheirScale;
          if (with_bias) value += linear.bias[n];
          ASSERT_EQ(round_to_half(value), theirs[i]) << i;
        }
        const double h = p + bias;
        double bound = 1.9e-5 * std::abs(p) + 4 * kEpsilon * (std::abs(p) + std::abs(bias)) + half_spacing(h);
        if (!outliers.empty()) {
          bound += static_cast<double>(outliers.size() + 1) * kEpsilon * (magnitudes + std::abs(h)) +
                   half_spacing(std::max(std::abs(h + s), std::abs(double{theirs[i]})));
        }
        const double difference = std::abs(double{ours[i]} - theirs[i]);
        ASSERT_LE(difference, bound) << i << ": " << ours[i] << " " << theirs[i];
        worst = std::max(worst, difference / bound);
        exact += ours[i] == theirs[i] ? 1 : 0;
      }
    }
  }
  // The bound allows a last bit everywhere; nearly all outputs must be equal, or a rounding is misplaced.
  EXPECT_GT(static_cast<double>(exact), 0.95 * static_cast<double>(compared));
  RecordProperty("equal_of", std::to_string(exact) + " of " + std::to_string(compared));
  RecordProperty("worst_share_of_bound", std::to_string(worst));
}

// Both multiply the same half weights with the same halves. They sum in float in an order of their own, we in
// double: per output with K products and magnitudes summing to S (bias included), e = 2^-24 and u the spacing
// of halves, |difference| <= (K + 1) e S + u(y): one rounding to half on each side.
TEST(ReferenceLinear, Nf4AgreesWithBitsandbytes) {
  const Json file = golden("nf4");
  const Plan plan = plan_of("int4");
  std::size_t exact = 0;
  std::size_t compared = 0;
  for (const Json& item : file["cases"]) {
    const std::vector<float> x = goldens::halves(item["x"]);
    const std::vector<float> weights = goldens::halves(item["dequantized"]);
    for (const bool with_bias : {false, true}) {
      SCOPED_TRACE(item["name"].get<std::string>() + (with_bias ? ", bias" : ""));
      const PackedLinear linear = nf4_layer(item, with_bias);
      const std::size_t k_count = linear.in_features;
      const std::vector<float> theirs = goldens::halves(item[with_bias ? "y_bias" : "y"]);
      const std::vector<float> ours = multiply(linear, plan, x);
      ASSERT_EQ(ours.size(), theirs.size());
      for (std::size_t i = 0; i < ours.size(); ++i, ++compared) {
        const std::size_t row = i / linear.out_features;
        const std::size_t n = i % linear.out_features;
        double magnitudes = with_bias ? std::abs(linear.bias[n]) : 0.0;
        for (std::size_t k = 0; k < k_count; ++k) {
          magnitudes += std::abs(static_cast<double>(x[row * k_count + k]) * weights[n * k_count + k]);
        }
        const double bound = static_cast<double>(k_count + 1) * 0x1p-24 * magnitudes +
                             half_spacing(std::max(std::abs(ours[i]), std::abs(theirs[i])));
        ASSERT_LE(std::abs(double{ours[i]} - theirs[i]), bound) << i << ": " << ours[i] << " " << theirs[i];
        exact += ours[i] == theirs[i] ? 1 : 0;
      }
    }
  }
  EXPECT_GT(static_cast<double>(exact), 0.95 * static_cast<double>(compared));
  RecordProperty("equal_of", std::to_string(exact) + " of " + std::to_string(compared));
}

// A text's result does not depend on its neighbours when the scope is the text, and does when it is the
// batch.
TEST(ReferenceLinear, OutlierColumnsBelongToTheirScope) {
  const Json file = golden("llm_int8");
  const Json& item = file["cases"].at(1);  // outliers of both signs, in five of nine rows
  const PackedLinear linear = int8_layer(item, true);
  const Plan plan = plan_of("int8");
  const std::vector<float> x = goldens::halves(item["x"]);
  const std::size_t cut = 4;
  const auto cut_x = static_cast<std::ptrdiff_t>(cut * linear.in_features);
  std::vector<float> apart = multiply(linear, plan, {x.begin(), x.begin() + cut_x});
  const std::vector<float> rest = multiply(linear, plan, {x.begin() + cut_x, x.end()});
  apart.insert(apart.end(), rest.begin(), rest.end());
  EXPECT_THAT(multiply(linear, plan, x, {0, 4, 9}), ElementsAreArray(apart));
  EXPECT_NE(multiply(linear, plan, x, {0, 9}), apart);
}

PackedLinear one_output(const std::vector<float>& weight, bool keep_halves) {
  PackedLinear linear;
  linear.out_features = 1;
  linear.in_features = weight.size();
  I8RowWeights weights;
  weights.codes = AlignedBuffer<std::int8_t>(weight.size(), MemoryOwner::kOther);
  weights.row_absmax = buffer_of(std::vector<float>{i8_row_absmax(weight)});
  i8_quantize_row(weight, weights.row_absmax[0], weights.codes.span());
  if (keep_halves) {
    std::vector<std::uint16_t> bits;
    std::ranges::transform(weight, std::back_inserter(bits), [](float value) { return to_half(value).bits; });
    weights.outlier_f16 = buffer_of(bits);
  }
  linear.input.format = InputFormat::kI8Outliers;
  linear.weights = std::move(weights);
  return linear;
}

// 1 + 1500 * 127^2 - 1500 * 127^2: a float sum loses the one on its way.
TEST(ReferenceLinear, Int8SumsAreExactBeyondTheIntegersOfAFloat) {
  std::vector<float> x(3001, 1.0F);
  std::vector<float> weight(3001, 1.0F);
  std::fill(weight.begin() + 1501, weight.end(), -1.0F);
  x[0] = round_to_half(1.0F / 127.0F);
  weight[0] = round_to_half(1.0F / 127.0F);
  EXPECT_THAT(multiply(one_output(weight, false), plan_of("int8"), x),
              testing::ElementsAre(round_to_half(1.0F / (127.0F * 127.0F))));
}

TEST(ReferenceLinear, OutliersMultiplyWithCodesOrWithTheOriginalHalves) {
  const float half_third = round_to_half(0.33F);  // no multiple of 1/127
  const std::vector<float> weight{half_third, 1.0F};
  const std::vector<float> x{64.0F, 0.0F};
  const Plan plan = plan_of("int8");
  EXPECT_EQ(multiply(one_output(weight, true), plan, x)[0], round_to_half(64.0F * half_third));
  EXPECT_EQ(multiply(one_output(weight, false), plan, x)[0], 64.0F * round_to_half(42.0F / 127.0F));
}

TEST(ReferenceLinear, ANanActivationIsNotHidden) {
  const Plan plan = plan_of("int8");
  const std::vector<float> y = multiply(one_output({0.5F, 1.0F}, false), plan, {NAN, 1.0F, 1.0F, 1.0F});
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_FALSE(std::isnan(y[1]));
}

}  // namespace
}  // namespace quantier
