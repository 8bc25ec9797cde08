#include "quantier/decide/hardware_counterfactual.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quantier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

CounterfactualInput input(const std::string& recipe, Technique technique, Arithmetic arithmetic, double flops,
                          double extra_bytes, Stack stack = Stack::kFused) {
  CounterfactualInput out{"m " + recipe, "m", recipe, {}};
  out.cost.technique = technique;
  out.cost.stack = stack;
  out.cost.batch = 10;
  out.cost.tokens_per_text = 7;
  out.cost.memory = {1e9, 17e9};
  OpCost product;
  product.arithmetic = arithmetic;
  product.flops = flops;
  OpCost pass;
  pass.kind = OpKind::kQuantize;
  pass.bytes = extra_bytes;
  out.cost.ops = {product, pass};
  return out;
}

// Times are off by up to 20 %, ratios of pairs by up to exp(0.3).
RooflineError error() {
  std::vector<RooflineResidual> residuals;
  for (const Stack stack : {Stack::kFused, Stack::kEager}) {
    for (int i = 0; i < 4; ++i) {
      const std::string group = std::to_string(i);
      residuals.push_back({stack, DeviceClass::kGpu, false, 0.15, group});
      residuals.push_back({stack, DeviceClass::kGpu, false, -0.15, group});
    }
  }
  return RooflineError(residuals);
}

std::vector<CounterfactualInput> three(Stack stack, double int8_passes) {
  return {input("fp16", Technique::kFp16, Arithmetic::kF16, 24e9, 0, stack),              // 1 ms
          input("int8", Technique::kLlmInt8, Arithmetic::kI8, 24e9, int8_passes, stack),  // 0.5 ms + passes
          input("int4", Technique::kNf4, Arithmetic::kF16, 24e9, 27e6, stack)};           // 1 ms + 0.1 ms
}

TEST(HardwareCounterfactual, OrderIsKnownOnlyOutsideTheErrorOfRatios) {
  const auto place = model_hardware(*find_device("t4"), Stack::kFused, three(Stack::kFused, 0), error());
  EXPECT_THAT(place.order, ElementsAre(1, 0, 2));
  EXPECT_EQ(order_text(place), "m int8 < m fp16 ? m int4");
  EXPECT_EQ(known_order(place, 1, 0), -1);
  EXPECT_EQ(known_order(place, 0, 1), 1);
  EXPECT_EQ(known_order(place, 0, 2), 0);
  EXPECT_TRUE(place.configurations[1].rank_known);
  EXPECT_FALSE(place.configurations[0].rank_known);
  EXPECT_THAT(place.configurations[0].unordered_with, ElementsAre(2));
  EXPECT_NEAR(place.configurations[0].point_ms_per_example(), 0.1, 1e-9);
  EXPECT_LT(place.configurations[0].low_ms_per_example(), 0.09);
  EXPECT_GT(place.configurations[0].high_ms_per_example(), 0.115);
  EXPECT_FALSE(*place.configurations[0].fits);
}

TEST(HardwareCounterfactual, MechanismIsTheDifferenceOfTheParts) {
  const auto place = model_hardware(*find_device("t4"), Stack::kFused, three(Stack::kFused, 270e6), error());
  const Mechanism& mechanism = place.configurations[1].mechanism;
  EXPECT_EQ(mechanism.reference, "m fp16");
  EXPECT_NEAR(mechanism.products_ms, -0.5, 1e-9);
  EXPECT_NEAR(mechanism.quantize_ms, 1.0, 1e-9);
  EXPECT_THAT(mechanism_sentence(place.configurations[1]),
              ::testing::AllOf(HasSubstr("0.5 ms a batch more than m fp16"), HasSubstr("products -0.5"),
                               HasSubstr("dequantize +1")));
  EXPECT_EQ(mechanism_sentence(place.configurations[0]), "");
}

TEST(HardwareCounterfactual, AnOrderThatTurnsOver) {
  const Device& device = *find_device("t4");
  const std::vector<HardwareCounterfactual> places = {
      model_hardware(device, Stack::kEager, three(Stack::kEager, 540e6), error()),
      model_hardware(device, Stack::kFused, three(Stack::kFused, 0), error())};
  const std::vector<OrderChange> changes = order_changes(places);
  ASSERT_EQ(changes.size(), 2U);  // fp16 and int8, int8 and int4
  EXPECT_EQ(changes[0].faster_here, "m fp16");
  EXPECT_EQ(changes[0].slower_here, "m int8");
  EXPECT_EQ(changes[0].here, 0U);
  EXPECT_EQ(changes[0].there, 1U);
  EXPECT_TRUE(order_changes({}).empty());
}

TEST(HardwareCounterfactual, WhatIsNotThereHasNoTime) {
  const std::vector<CounterfactualInput> inputs = {input("fp8", Technique::kFp8, Arithmetic::kFp8, 1e9, 0)};
  const auto on_t4 = model_hardware(*find_device("t4"), Stack::kFused, inputs, error());
  EXPECT_FALSE(on_t4.configurations[0].time.has_value());
  EXPECT_FALSE(on_t4.configurations[0].rank.has_value());
  EXPECT_THAT(on_t4.configurations[0].why_absent, HasSubstr("no FP8"));
  EXPECT_TRUE(on_t4.order.empty());
  EXPECT_TRUE(model_hardware(*find_device("l4"), Stack::kFused, inputs, error()).configurations[0].time);
  // No anchor, no interval, no time.
  const auto blind = model_hardware(*find_device("cpu"), Stack::kFused, three(Stack::kFused, 0), error());
  EXPECT_THAT(blind.configurations[0].why_absent, HasSubstr("no published time"));
}

}  // namespace
}  // namespace quantier
