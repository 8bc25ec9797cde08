// The fast operations against the scalar reference, for every table of kernels that this machine can run, on
// shapes that fill vectors and panels and shapes that do not; and the bits of a row alone against the bits of
// the same row among others.
#include "quantier/engine/cpu/cpu_ops.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/base/half.h"
#include "quantier/engine/cpu/kernel_list.h"
#include "quantier/engine/reference/reference_ops.h"
#include "quantier/formats/rounding.h"
#include "quantier/quantize/quantize.h"

namespace quantier {
namespace {

using ::testing::ElementsAreArray;

struct Case {
  const cpu::Kernels* kernels;
  const char* recipe;
};

std::vector<Case> cases_of(const std::vector<const char*>& recipes) {
  std::vector<Case> cases;
  for (const cpu::Kernels* kernels : cpu::runnable_kernels()) {
    for (const char* recipe : recipes) cases.push_back({kernels, recipe});
  }
  return cases;
}

class CpuOpsTest : public ::testing::TestWithParam<Case> {
 protected:
  // The distance between neighbours that the plan's rounding leaves near `value`.
  [[nodiscard]] double step_at(double value) const {
    switch (plan_.rounding) {
      case ActivationRounding::kHalf:
        return std::abs(value) * 0x1p-10 + 0x1p-24;
      case ActivationRounding::kBFloat16:
        return std::abs(value) * 0x1p-7;
      case ActivationRounding::kNone:
        break;
    }
    return 0.0;
  }

  // Values as activations are: rounded as the plan stores them.
  std::vector<float> values(std::size_t count, double deviation) {
    std::normal_distribution<float> normal(0.0F, static_cast<float>(deviation));
    std::vector<float> out(count);
    for (float& value : out) value = rounded(normal(random_), plan_.rounding);
    return out;
  }

  // The bound for a sum of `terms` products whose magnitudes add up to `magnitude`, stored as the plan says:
  // float rounds each step by 2^-24, a narrower type by half a step of its own at the end.
  [[nodiscard]] double bound(double magnitude, std::size_t terms, double result) const {
    const double sum = magnitude * static_cast<double>(terms + 2) * 0x1p-24;
    return sum + 1.01 * step_at(result) + 1e-12;
  }

  void expect_close(std::span<const float> fast, std::span<const float> truth, double relative,
                    double absolute) const {
    ASSERT_EQ(fast.size(), truth.size());
    for (std::size_t i = 0; i < truth.size(); ++i) {
      ASSERT_NEAR(fast[i], truth[i], absolute + relative * std::abs(truth[i]) + 1.01 * step_at(truth[i]))
          << "element " << i;
    }
  }

  // A layer packed by the plan's method, once as the reference reads it and once as the kernels do.
  struct Layer {
    LinearWeights stored;
    LinearWeights panels;
    std::vector<float> magnitude;  // |weights| as float, for bounds
  };
  Layer layer(std::size_t n, std::size_t k, bool with_bias) {
    LinearSpec spec;
    spec.name = spec.weight = "layer";
    spec.out_features = n;
    spec.in_features = k;
    spec.role = LinearRole::kMlpDown;
    if (with_bias) spec.bias = "bias";
    const std::vector<float> weights = values(n * k, 0.5);
    const std::vector<float> bias = values(n, 1.0);
    const TensorView weight_view{DType::kF32, {n, k}, std::as_bytes(std::span(weights))};
    const TensorView bias_view{DType::kF32, {n}, std::as_bytes(std::span(bias))};
    ModelSpec model;
    model.linears = {spec};
    const Plan plan = *resolve_recipe(GetParam().recipe, model, options_);
    const auto pack = [&] {
      PackedLinear packed =
          *pack_linear(spec, plan.layers[0], plan, weight_view, with_bias ? &bias_view : nullptr);
      decorate_(packed);
      return packed;
    };
    return {pack(), arrange_in_panels(pack()), weights};
  }

  RecipeOptions options_;
  std::function<void(PackedLinear&)> decorate_ = [](PackedLinear&) {};
  Plan plan_ = *resolve_recipe(GetParam().recipe, ModelSpec{});
  ReferenceOps truth_{plan_};
  CpuOps fast_{plan_, *GetParam().kernels};
  std::mt19937 random_{7};
};

class Int8OpsTest : public CpuOpsTest {};

// What follows a product inside its kernel gives the bits of the same steps one after another.
TEST_P(CpuOpsTest, FusedStepsGiveTheBitsOfSeparateOnes) {
  struct Shape {
    std::size_t rows, k, features;
  };
  for (const auto& [rows, k, features] :
       {Shape{1, 17, 5}, Shape{9, 64, 16}, Shape{70, 65, 48}, Shape{13, 192, 40}}) {
    SCOPED_TRACE(features);
    const Layer both = layer(2 * features, k, true);
    const Layer gate = layer(features, k, true);
    const Layer up = layer(features, k, false);
    std::vector<float> x = values(rows * k, 1.0);
    for (std::size_t i = 0; i < x.size(); i += 37) x[i] *= 16.0F;
    const std::vector<std::uint32_t> scopes = {0, static_cast<std::uint32_t>(rows)};
    std::vector<float> scratch(rows * 2 * features);
    std::vector<float> separate = values(rows * features, 1.0);
    std::vector<float> fused = separate;
    fast_.Ops::linear_add(up.panels, x, scopes, scratch, separate);
    fast_.linear_add(up.panels, x, scopes, scratch, fused);
    EXPECT_THAT(fused, ElementsAreArray(separate));
    for (const Activation activation : {Activation::kGelu, Activation::kSilu}) {
      fast_.Ops::linear_gated(activation, both.panels, nullptr, x, scopes, scratch, separate);
      fast_.linear_gated(activation, both.panels, nullptr, x, scopes, scratch, fused);
      EXPECT_THAT(fused, ElementsAreArray(separate));
      fast_.Ops::linear_gated(activation, gate.panels, &up.panels, x, scopes, scratch, separate);
      fast_.linear_gated(activation, gate.panels, &up.panels, x, scopes, scratch, fused);
      EXPECT_THAT(fused, ElementsAreArray(separate));
    }
  }
}

TEST_P(CpuOpsTest, LinearAgreesWithTheReference) {
  struct Shape {
    std::size_t rows, k, n;
  };
  for (const auto& [rows, k, n] : {Shape{1, 1, 1}, Shape{3, 17, 5}, Shape{6, 64, 16}, Shape{13, 65, 33},
                                   Shape{23, 192, 58}, Shape{5, 100, 40}}) {
    for (const bool with_bias : {false, true}) {
      const Layer weights = layer(n, k, with_bias);
      std::vector<float> x = values(rows * k, 1.0);
      // A few outliers, for LLM.int8().
      for (std::size_t i = 0; i < x.size(); i += 37) x[i] *= 16.0F;
      const std::vector<std::uint32_t> scopes =
          rows > 2 ? std::vector<std::uint32_t>{0, 2, static_cast<std::uint32_t>(rows)}
                   : std::vector<std::uint32_t>{0, static_cast<std::uint32_t>(rows)};
      std::vector<float> truth(rows * n);
      std::vector<float> fast(rows * n);
      truth_.linear(weights.stored, x, scopes, truth);
      fast_.linear(weights.panels, x, scopes, fast);
      for (std::size_t row = 0; row < rows; ++row) {
        double magnitude = 1.0;
        for (std::size_t i = 0; i < k; ++i) magnitude += 2.0 * std::abs(x[row * k + i]);
        for (std::size_t i = 0; i < n; ++i) {
          const double expected = truth[row * n + i];
          ASSERT_NEAR(fast[row * n + i], expected, bound(magnitude, k, expected))
              << GetParam().recipe << " " << rows << "x" << k << "x" << n << " row " << row << " output "
              << i;
        }
      }
    }
  }
}

// What a layer may carry beside its weights: a multiplier for its inputs and an adapter.
TEST_P(CpuOpsTest, MultiplierAndAdapterAgreeWithTheReference) {
  const std::size_t rows = 9;
  const std::size_t k = 64;
  const std::size_t n = 40;
  const std::uint32_t rank = 5;
  std::vector<float> multiplier = values(k, 0.2);
  for (float& value : multiplier) value = 1.0F + std::abs(value);
  const std::vector<float> a = values(rank * k, 0.1);
  const std::vector<float> b = values(n * rank, 0.1);
  decorate_ = [&](PackedLinear& packed) {
    packed.input.multiplier = multiplier;
    LowRank& adapter = packed.low_rank;
    adapter.rank = rank;
    adapter.scaling = 1.5F;
    adapter.a = AlignedBuffer<std::uint16_t>(a.size(), MemoryOwner::kWeights);
    adapter.b = AlignedBuffer<std::uint16_t>(b.size(), MemoryOwner::kWeights);
    for (std::size_t i = 0; i < a.size(); ++i) adapter.a[i] = to_half(a[i]).bits;
    for (std::size_t i = 0; i < b.size(); ++i) adapter.b[i] = to_half(b[i]).bits;
  };
  const Layer weights = layer(n, k, true);
  const std::vector<float> x = values(rows * k, 1.0);
  const std::vector<std::uint32_t> scopes{0, rows};
  std::vector<float> truth(rows * n);
  std::vector<float> fast(rows * n);
  truth_.linear(weights.stored, x, scopes, truth);
  fast_.linear(weights.panels, x, scopes, fast);
  // A sum that two orders of additions round to either side of a tie moves what is added to it by a step.
  for (std::size_t i = 0; i < truth.size(); ++i)
    ASSERT_NEAR(fast[i], truth[i], 3e-4 + 3 * step_at(std::abs(truth[i]) + 1.0)) << "element " << i;
  // And they are not without effect.
  decorate_ = [](PackedLinear&) {};
  const Layer plain = layer(n, k, true);
  std::vector<float> without(rows * n);
  truth_.linear(plain.stored, x, scopes, without);
  double moved = 0;
  for (std::size_t i = 0; i < truth.size(); ++i)
    moved = std::max(moved, std::abs(double{truth[i]} - without[i]));
  EXPECT_GT(moved, 0.5);
}

// Integer sums are exact, so here the kernels must agree to the last bit.
TEST_P(Int8OpsTest, WithoutOutliersIsTheReferenceToTheBit) {
  const Layer weights = layer(70, 130, true);
  const std::vector<float> x = values(std::size_t{19} * 130, 0.9);
  const std::vector<std::uint32_t> scopes{0, 19};
  std::vector<float> truth(std::size_t{19} * 70);
  std::vector<float> fast(truth.size());
  truth_.linear(weights.stored, x, scopes, truth);
  fast_.linear(weights.panels, x, scopes, fast);
  EXPECT_THAT(fast, ElementsAreArray(truth));
}

// Four-bit weights, too, are integers until their groups' scales.
class Int4Int8OpsTest : public CpuOpsTest {};
TEST_P(Int4Int8OpsTest, IsTheReferenceToTheBit) {
  for (const std::size_t k : {64U, 130U, 192U}) {
    const Layer weights = layer(37, k, true);
    const std::vector<float> x = values(11 * k, 0.9);
    const std::vector<std::uint32_t> scopes{0, 11};
    std::vector<float> truth(std::size_t{11} * 37);
    std::vector<float> fast(truth.size());
    truth_.linear(weights.stored, x, scopes, truth);
    fast_.linear(weights.panels, x, scopes, fast);
    EXPECT_THAT(fast, ElementsAreArray(truth));
  }
}

// Columns chosen beforehand stay out of the integers whatever they hold.
class FixedOutlierOpsTest : public CpuOpsTest {};
TEST_P(FixedOutlierOpsTest, AgreeWithTheReferenceAndSaveTheOtherColumns) {
  const std::size_t k = 96;
  const std::vector<std::uint32_t> scopes{0, 6};
  decorate_ = [](PackedLinear& packed) {
    packed.input.format = InputFormat::kI8FixedOutliers;
    packed.input.outlier_columns = {3, 70};
  };
  const Layer weights = layer(33, k, true);
  std::vector<float> x = values(6 * k, 0.5);
  for (std::size_t row = 0; row < 6; ++row) x[row * k + 70] = 60.0F;
  std::vector<float> truth(std::size_t{6} * 33);
  std::vector<float> fast(truth.size());
  truth_.linear(weights.stored, x, scopes, truth);
  fast_.linear(weights.panels, x, scopes, fast);
  expect_close(fast, truth, 0, 2e-3);
  // Without them, the large column leaves the others a step of 60 / 127.
  for (std::size_t row = 0; row < 6; ++row) {
    for (std::size_t n = 0; n < 33; ++n) {
      double exact = 0;
      for (std::size_t i = 0; i < k; ++i)
        exact += static_cast<double>(x[row * k + i]) * weights.magnitude[n * k + i];
      EXPECT_NEAR(truth[row * 33 + n] - std::get<PackedLinear>(weights.stored).bias[n], exact,
                  0.25 + 0.01 * std::abs(exact));
    }
  }
}

TEST_P(Int8OpsTest, OutliersMayMultiplyWithTheOriginalHalves) {
  options_.outlier_weights = OutlierWeights::kF16;
  plan_.outlier_weights = OutlierWeights::kF16;
  const Layer weights = layer(33, 64, false);
  std::vector<float> x = values(std::size_t{7} * 64, 1.0);
  x[5] = x[64 + 9] = 31.0F;
  const std::vector<std::uint32_t> scopes{0, 7};
  std::vector<float> truth(std::size_t{7} * 33);
  std::vector<float> fast(truth.size());
  truth_.linear(weights.stored, x, scopes, truth);
  fast_.linear(weights.panels, x, scopes, fast);
  expect_close(fast, truth, 0, 1e-3);
}

TEST_P(CpuOpsTest, ARowOfALinearLayerHasTheSameBitsAloneAndAmongOthers) {
  const std::size_t k = 192;
  const std::size_t n = 58;
  const Layer weights = layer(n, k, true);
  const std::vector<float> x = values(17 * k, 2.0);
  std::vector<std::uint32_t> each(18);
  for (std::size_t i = 0; i < each.size(); ++i) each[i] = static_cast<std::uint32_t>(i);
  std::vector<float> together(17 * n);
  fast_.linear(weights.panels, x, each, together);
  for (std::size_t row = 0; row < 17; ++row) {
    std::vector<float> alone(n);
    fast_.linear(weights.panels, std::span(x).subspan(row * k, k), std::vector<std::uint32_t>{0, 1}, alone);
    EXPECT_THAT(alone, ElementsAreArray(std::span(together).subspan(row * n, n))) << "row " << row;
  }
}

TEST_P(CpuOpsTest, NormsAgreeWithTheReference) {
  for (const std::size_t width : {1U, 7U, 8U, 45U, 192U, 261U}) {
    NormWeights norm{values(width, 1.0), {}};
    const std::vector<float> x = values(5 * width, 3.0);
    std::vector<float> truth(x.size());
    std::vector<float> fast(x.size());
    for (const bool with_bias : {false, true}) {
      if (with_bias) norm.bias = values(width, 1.0);
      truth_.layer_norm(norm, 1e-5, x, truth);
      fast_.layer_norm(norm, 1e-5, x, fast);
      expect_close(fast, truth, 2e-6, 2e-6);
    }
    truth_.rms_norm(norm, 1e-6, x, truth);
    fast_.rms_norm(norm, 1e-6, x, fast);
    expect_close(fast, truth, 2e-6, 1e-6);
  }
}

TEST_P(CpuOpsTest, RopeAgreesWithTheReference) {
  for (const std::size_t dim : {6U, 16U, 64U}) {
    const std::vector<std::uint32_t> offsets{0, 3, 12};
    const std::vector<std::int32_t> tokens(12);
    const TokenBatch batch{tokens, offsets};
    const std::size_t stride = 3 * dim + 5;
    std::vector<float> truth = values(12 * stride, 1.0);
    std::vector<float> fast = truth;
    truth_.rope(truth, batch, 0, stride, dim, 2, dim, 10000.0);
    fast_.rope(fast, batch, 0, stride, dim, 2, dim, 10000.0);
    expect_close(fast, truth, 1e-6, 1e-6);
  }
}

TEST_P(CpuOpsTest, AttentionAgreesWithTheReference) {
  for (const std::size_t tokens : {1U, 2U, 8U, 17U, 70U, 131U}) {
    for (const bool causal : {false, true}) {
      for (const std::optional<std::uint32_t> window : {std::optional<std::uint32_t>(), std::optional(5U)}) {
        for (const std::size_t dim : {12U, 64U}) {
          const AttentionShape shape{4, 2, dim, 4 * dim + 3, 2 * dim + 1, causal, window};
          const std::vector<float> queries = values(tokens * shape.query_stride, 1.0);
          const std::vector<float> keys = values(tokens * shape.key_stride, 1.0);
          const std::vector<float> answers = values(tokens * shape.key_stride, 1.0);
          std::vector<float> truth(tokens * 4 * dim);
          std::vector<float> fast(truth.size());
          truth_.attention(shape, queries.data(), keys.data(), answers.data(), tokens, 0, tokens, truth);
          fast_.attention(shape, queries.data(), keys.data(), answers.data(), tokens, 0, tokens, fast);
          // Where bfloat16 is multiplied, probabilities are rounded to it: by 2^-9 of themselves, and they
          // sum to one.
          const bool rounds =
              plan_.rounding == ActivationRounding::kBFloat16 && GetParam().kernels->multiply_bf16 != nullptr;
          const auto largest = std::ranges::max(answers, {}, [](float x) { return std::abs(x); });
          expect_close(fast, truth, 1e-5, 5e-6 + (rounds ? 0x1p-9 * std::abs(largest) : 0.0));
          // One query alone: the same bits as among all.
          const std::size_t last = tokens - 1;
          std::vector<float> alone(4 * dim);
          fast_.attention(shape, queries.data(), keys.data(), answers.data(), tokens, last, 1, alone);
          EXPECT_THAT(alone, ElementsAreArray(std::span(fast).subspan(last * 4 * dim, 4 * dim)));
        }
      }
    }
  }
}

TEST_P(CpuOpsTest, ActivationsAgreeWithTheReferenceOverTheirRange) {
  std::vector<float> x;
  for (float value = -100.0F; value <= 100.0F; value += 0.137F) x.push_back(rounded(value, plan_.rounding));
  x.insert(x.end(), {0.0F, -0.0F, 1e-7F, -1e-7F, 60000.0F, -60000.0F});
  for (float& value : x) value = rounded(value, plan_.rounding);
  const std::vector<float> up(x.size(), 0.5F);
  std::vector<float> truth(x.size());
  std::vector<float> fast(x.size());
  for (const Activation activation : {Activation::kGelu, Activation::kSilu}) {
    truth_.gated(activation, x.data(), up.data(), x.size(), 1, x.size(), truth);
    fast_.gated(activation, x.data(), up.data(), x.size(), 1, x.size(), fast);
    expect_close(fast, truth, 2e-6, 2e-6);
    std::vector<float> in_place_truth = x;
    std::vector<float> in_place_fast = x;
    truth_.activate(activation, in_place_truth);
    fast_.activate(activation, in_place_fast);
    expect_close(in_place_fast, in_place_truth, 2e-6, 2e-6);
  }
}

TEST_P(CpuOpsTest, SumsAndMeansAgreeWithTheReference) {
  std::vector<float> truth = values(41, 2.0);
  std::vector<float> fast = truth;
  const std::vector<float> more = values(41, 2.0);
  truth_.add(truth, more);
  fast_.add(fast, more);
  EXPECT_THAT(fast, ElementsAreArray(truth));
  const std::vector<float> rows = values(std::size_t{9} * 41, 2.0);
  truth_.mean(rows, 9, truth);
  fast_.mean(rows, 9, fast);
  expect_close(fast, truth, 1e-6, 1e-6);
}

// A NaN must not be quantized away: what diverged has to show in the logits.
TEST_P(CpuOpsTest, NanActivationsStayNan) {
  const Layer weights = layer(20, 48, true);
  std::vector<float> x = values(2 * 48, 1.0);
  x[48 + 11] = NAN;
  std::vector<float> fast(2 * 20);
  fast_.linear(weights.panels, x, std::vector<std::uint32_t>{0, 1, 2}, fast);
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_FALSE(std::isnan(fast[i]));
    EXPECT_TRUE(std::isnan(fast[20 + i]));
  }
}

std::string case_name(const ::testing::TestParamInfo<Case>& instance) {
  std::string name = std::string(instance.param.kernels->name) + "_" + instance.param.recipe;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}
INSTANTIATE_TEST_SUITE_P(
    Kernels, CpuOpsTest,
    ::testing::ValuesIn(cases_of({"fp32", "fp16", "bf16", "int8", "int8-rtn", "int4", "int4:double=off",
                                  "int4-rtn:group=32", "int4-rtn:group=row,zero=on", "int4-w4a8:group=32",
                                  "int4-w4a8:group=64,zero=on", "fp8", "fp8:scale=tensor"})),
    case_name);
INSTANTIATE_TEST_SUITE_P(Kernels, Int8OpsTest, ::testing::ValuesIn(cases_of({"int8"})), case_name);
INSTANTIATE_TEST_SUITE_P(Kernels, Int4Int8OpsTest,
                         ::testing::ValuesIn(cases_of({"int4-w4a8:group=32", "int4-w4a8:group=row",
                                                       "int4-w4a8:group=64,zero=on"})),
                         case_name);
INSTANTIATE_TEST_SUITE_P(Kernels, FixedOutlierOpsTest, ::testing::ValuesIn(cases_of({"int8-rtn"})),
                         case_name);

}  // namespace
}  // namespace quantier
