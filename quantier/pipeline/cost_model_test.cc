#include "quantier/pipeline/cost_model.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/formats/packed_linear.h"

namespace quantier {
namespace {

ModelSpec spec_of(const RandomGeometry& geometry) {
  auto spec = spec_from_geometry(geometry);
  EXPECT_TRUE(spec.has_value()) << spec.error().message();
  return *std::move(spec);
}

ForwardCost cost_of(const ModelSpec& spec, Technique technique, const CostWorkload& workload, Stack stack) {
  auto cost = forward_cost(spec, technique, workload, stack);
  EXPECT_TRUE(cost.has_value()) << cost.error().message();
  return *std::move(cost);
}

const OpCost& op(const ForwardCost& cost, const std::string& name) {
  for (const OpCost& candidate : cost.ops) {
    if (candidate.name == name) return candidate;
  }
  ADD_FAILURE() << "no operation " << name;
  return cost.ops.front();
}

// One layer of hidden 8, intermediate 12, 2 heads, 3 classes: small enough to compute by hand.
RandomGeometry tiny() {
  RandomGeometry geometry;
  geometry.hidden = 8;
  geometry.intermediate = 12;
  geometry.layers = 1;
  geometry.heads = 2;
  geometry.vocabulary = 10;
  geometry.classes = 3;
  return geometry;
}

TEST(CostModel, TinyEncoderByHand) {
  const ModelSpec spec = spec_of(tiny());
  const ForwardCost cost = cost_of(spec, Technique::kFp16, {2, 5}, Stack::kFused);
  // 10 tokens; qkv 24x8, output 8x8, gate and up 24x8, down 8x12; head 8x8 and 3x8 for 2 texts.
  const double linear = 2.0 * 10 * (24 * 8 + 8 * 8 + 24 * 8 + 8 * 12) + 2.0 * 2 * (8 * 8 + 3 * 8);
  // Layer 0 sees everything: 25 pairs a text, two products of 8 wide.
  const double attention = 2.0 * 4 * 25 * 8;
  const CostTotals sum = totals(cost);
  EXPECT_DOUBLE_EQ(sum.linear_flops, linear);
  EXPECT_DOUBLE_EQ(sum.attention_flops, attention);
  EXPECT_DOUBLE_EQ(sum.flops, linear + attention);
  // Weights, inputs and outputs once, two bytes each.
  EXPECT_DOUBLE_EQ(op(cost, "mlp.down").bytes, 8 * 12 * 2 + 10 * 12 * 2 + 10 * 8 * 2);
  EXPECT_DOUBLE_EQ(op(cost, "attention").bytes, 10 * (2 * 8 + 2 * 8) * 2);
  // 6 products, attention, 2 norms, embedding.
  EXPECT_DOUBLE_EQ(sum.launches, 6 + 1 + 2 + 1);
  EXPECT_DOUBLE_EQ(sum.host_syncs, 0);
}

TEST(CostModel, TinyQuantizedByHand) {
  const ModelSpec spec = spec_of(tiny());
  const ForwardCost fused = cost_of(spec, Technique::kLlmInt8, {2, 5}, Stack::kFused);
  EXPECT_EQ(op(fused, "mlp.down").arithmetic, Arithmetic::kI8);
  EXPECT_EQ(op(fused, "classifier").arithmetic, Arithmetic::kF16);
  const double weights = static_cast<double>(weight_bytes(WeightFormat::kI8Row, {}, {8, 12, false}));
  EXPECT_DOUBLE_EQ(op(fused, "mlp.down").bytes, weights + 10 * 12 * 1 + 10 * 8 * 2);
  EXPECT_DOUBLE_EQ(op(fused, "quantize mlp.down").bytes, 10 * 12 * 3);
  const ForwardCost eager = cost_of(spec, Technique::kLlmInt8, {2, 5}, Stack::kEager);
  EXPECT_DOUBLE_EQ(op(eager, "mlp.down").bytes, weights + 10 * 12 * 1 + 10 * 8 * 4);
  EXPECT_DOUBLE_EQ(op(eager, "quantize mlp.down").bytes, 10 * 12 * 13 + 10 * 8 * 10);
  EXPECT_DOUBLE_EQ(totals(eager).host_syncs, 2 * 4);
  const ForwardCost nf4 = cost_of(spec, Technique::kNf4, {2, 5}, Stack::kEager);
  const double packed = static_cast<double>(weight_bytes(WeightFormat::kNf4Block, {}, {8, 12, false}));
  EXPECT_DOUBLE_EQ(op(nf4, "quantize mlp.down").bytes, packed + 8 * 12 * 4);
  EXPECT_EQ(op(nf4, "mlp.down").arithmetic, Arithmetic::kF16);
}

// Pairs by counting them.
TEST(CostModel, VisiblePairs) {
  for (const bool causal : {false, true}) {
    for (const std::uint64_t tokens : {1U, 2U, 7U, 33U}) {
      for (const int window : {-1, 1, 4, 6, 40}) {
        ModelSpec spec;
        spec.causal = causal;
        LayerSpec layer;
        if (window >= 0) layer.half_window = static_cast<std::uint32_t>(window);
        double count = 0;
        for (int i = 0; i < static_cast<int>(tokens); ++i) {
          for (int j = 0; j < static_cast<int>(tokens); ++j) {
            if (causal && j > i) continue;
            if (window >= 0 && std::abs(i - j) > window) continue;
            ++count;
          }
        }
        EXPECT_DOUBLE_EQ(visible_pairs(spec, layer, tokens), count) << causal << tokens << window;
      }
    }
  }
}

TEST(CostModel, RealGeometriesAreTwiceTheirParametersATokenAndAttention) {
  for (const RandomGeometry& geometry : {modernbert_base_geometry(113), qwen2_half_billion_geometry(113)}) {
    const ModelSpec spec = spec_of(geometry);
    const ForwardCost cost = cost_of(spec, Technique::kFp16, {32, 128}, Stack::kFused);
    const double tokens = 32.0 * 128;
    double attention = 0;
    for (const LayerSpec& layer : spec.layers) {
      attention += 32 * 4 * visible_pairs(spec, layer, 128) * static_cast<double>(spec.heads * spec.head_dim);
    }
    const double expected = 2 * tokens * static_cast<double>(count_parameters(spec).linear) + attention;
    EXPECT_NEAR(totals(cost).flops / expected, 1.0, 0.01);
    // Weights that a plan knows are the weights of the technique.
    const auto plan = resolve_recipe("fp16", spec);
    ASSERT_TRUE(plan.has_value());
    EXPECT_NEAR(cost.weight_bytes / static_cast<double>(plan->total_bytes()), 1.0, 1e-6);
  }
  // 110.3 and 357.8 million parameters in linear layers; 29.2 and 92.3 GFLOP a text of 128 tokens.
  const ModelSpec encoder = spec_of(modernbert_base_geometry(113));
  const ModelSpec decoder = spec_of(qwen2_half_billion_geometry(113));
  EXPECT_NEAR(totals(cost_of(encoder, Technique::kFp16, {1, 128}, Stack::kFused)).flops, 29.2e9, 0.2e9);
  EXPECT_NEAR(totals(cost_of(decoder, Technique::kFp16, {1, 128}, Stack::kFused)).flops, 92.3e9, 0.5e9);
}

TEST(CostModel, RecipesAreTheirTechniques) {
  const ModelSpec spec = spec_of(tiny());
  const std::vector<std::pair<std::string, Technique>> expected = {{"fp32", Technique::kFp32},
                                                                   {"fp16", Technique::kFp16},
                                                                   {"int8", Technique::kLlmInt8},
                                                                   {"int4", Technique::kNf4}};
  for (const auto& [recipe, technique] : expected) {
    const auto plan = resolve_recipe(recipe, spec);
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ(*technique_of(*plan), technique);
    const auto cost = forward_cost(spec, *plan, {2, 5}, Stack::kFused);
    ASSERT_TRUE(cost.has_value());
    const double weights = static_cast<double>(plan->total_bytes());
    EXPECT_NEAR(cost->weight_bytes, weights, 1e-9);
    EXPECT_DOUBLE_EQ(totals(*cost).flops, totals(cost_of(spec, technique, {2, 5}, Stack::kFused)).flops);
  }
}

TEST(CostModel, EagerMovesAndLaunchesMore) {
  const ModelSpec spec = spec_of(qwen2_half_billion_geometry(5));
  for (const Technique technique : {Technique::kFp16, Technique::kLlmInt8, Technique::kNf4}) {
    const CostTotals fused = totals(cost_of(spec, technique, {8, 64}, Stack::kFused));
    const CostTotals eager = totals(cost_of(spec, technique, {8, 64}, Stack::kEager));
    EXPECT_DOUBLE_EQ(fused.flops, eager.flops);
    EXPECT_GT(eager.bytes, fused.bytes);
    EXPECT_GT(eager.launches, 3 * fused.launches);
  }
}

TEST(CostModel, RefusesWhatCannotBe) {
  const ModelSpec spec = spec_of(tiny());
  for (const CostWorkload& workload : {CostWorkload{0, 5}, CostWorkload{2, 0}, CostWorkload{2, 257}}) {
    const auto cost = forward_cost(spec, Technique::kFp16, workload, Stack::kFused);
    ASSERT_FALSE(cost.has_value());
    EXPECT_EQ(cost.error().kind, ErrorKind::kUsage);
  }
  RandomGeometry odd = tiny();
  odd.heads = 3;
  EXPECT_FALSE(spec_from_geometry(odd).has_value());
}

}  // namespace
}  // namespace quantier
