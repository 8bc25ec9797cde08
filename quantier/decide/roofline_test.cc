#include "quantier/decide/roofline.h"

#include <cmath>

#include <gtest/gtest.h>

namespace quantier {
namespace {

// One product of 64-row tiles that fill every device, one pass over memory.
ForwardCost cost_of(Arithmetic arithmetic, double flops, double bytes, Stack stack = Stack::kFused) {
  ForwardCost cost;
  cost.stack = stack;
  cost.batch = 1;
  OpCost product;
  product.arithmetic = arithmetic;
  product.flops = flops;
  product.bytes = 1;
  product.rows = 64 * 40 * 108 * 132.0;
  product.columns = 64 * 58 * 72.0;
  product.launches = 1;
  OpCost pass;
  pass.kind = OpKind::kElementwise;
  pass.bytes = bytes;
  pass.launches = 1;
  cost.ops = {product, pass};
  return cost;
}

TEST(Roofline, ByHandOnAT4) {
  const Device& device = *find_device("T4");
  const auto time = roofline_time(cost_of(Arithmetic::kF16, 24e12, 270e9), device);
  ASSERT_TRUE(time.has_value());
  EXPECT_NEAR(time->products_ms, 1000, 1e-6);
  EXPECT_NEAR(time->elementwise_ms, 1000, 1e-6);
  EXPECT_NEAR(time->launches_ms, 2 * 0.004, 1e-9);
  EXPECT_NEAR(time->point_ms, 2000.008, 1e-6);
  EXPECT_FALSE(time->launches_matter);
}

TEST(Roofline, EagerTakesTheLongerOfHostAndDeviceUnlessItMustWait) {
  const Device& device = *find_device("t4");
  ForwardCost cost = cost_of(Arithmetic::kF16, 24e9, 0, Stack::kEager);
  EXPECT_NEAR(roofline_time(cost, device)->point_ms, 1.0, 1e-6);
  cost.ops[0].launches = 399;
  EXPECT_NEAR(roofline_time(cost, device)->point_ms, 400 * 0.025, 1e-6);
  EXPECT_TRUE(roofline_time(cost, device)->launches_matter);
  cost.ops[0].host_syncs = 1;
  EXPECT_NEAR(roofline_time(cost, device)->point_ms, 1.0 + 402 * 0.025, 1e-6);
}

TEST(Roofline, SmallProductsFillOnlyAPartOfADevice) {
  const Device& device = *find_device("a100");
  ForwardCost cost = cost_of(Arithmetic::kF16, 1e12, 0);
  const double full = roofline_time(cost, device)->products_ms;
  cost.ops[0].rows = 64;
  cost.ops[0].columns = 64;
  EXPECT_NEAR(roofline_time(cost, device)->products_ms / full, 196.0 / 234.0 * 108, 1e-6);
}

TEST(Roofline, Monotone) {
  for (const Device& device : device_table()) {
    double last = 0;
    for (double scale = 1; scale < 1e6; scale *= 7) {
      const auto time = roofline_time(cost_of(Arithmetic::kI8, 1e7 * scale, 1e4 * scale), device);
      ASSERT_TRUE(time.has_value()) << device.name;
      EXPECT_GT(time->point_ms, last) << device.name;
      last = time->point_ms;
    }
  }
}

TEST(Roofline, NoRateNoTime) {
  EXPECT_FALSE(roofline_time(cost_of(Arithmetic::kF32, 1e9, 0), *find_device("h100")).has_value());
  EXPECT_FALSE(roofline_time(cost_of(Arithmetic::kFp8, 1e9, 0), *find_device("t4")).has_value());
}

RooflineError error_of(const std::vector<double>& ratios, const std::vector<std::string>& together = {}) {
  std::vector<RooflineResidual> residuals;
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    residuals.push_back(
        {Stack::kFused, DeviceClass::kGpu, false, ratios[i], together.empty() ? std::string() : together[i]});
  }
  return RooflineError(residuals);
}

TEST(RooflineError, BandIsAnOrderStatisticOfSizes) {
  EXPECT_FALSE(error_of({0.1, 0.2, 0.3}).band(Stack::kFused, DeviceClass::kGpu, false).has_value());
  const auto few = error_of({-0.4, 0.1, 0.2, 0.3}).band(Stack::kFused, DeviceClass::kGpu, false);
  ASSERT_TRUE(few.has_value());
  EXPECT_DOUBLE_EQ(few->size, 0.4);
  EXPECT_DOUBLE_EQ(few->nominal_coverage, 4.0 / 5);
  std::vector<double> many;
  for (int i = 1; i <= 19; ++i) many.push_back((i % 2 == 0 ? -0.01 : 0.01) * i);
  const auto band = error_of(many).band(Stack::kFused, DeviceClass::kGpu, false);
  EXPECT_DOUBLE_EQ(band->size, 0.18);
  EXPECT_DOUBLE_EQ(band->nominal_coverage, 0.9);
  // No anchor of the kind: those where launches do not matter stand in; none of another stack do.
  EXPECT_TRUE(error_of(many).band(Stack::kFused, DeviceClass::kGpu, true).has_value());
  EXPECT_FALSE(error_of(many).band(Stack::kEager, DeviceClass::kGpu, false).has_value());
}

TEST(RooflineError, PairsShareTheirCommonError) {
  const auto error =
      error_of({0.5, 0.6, -0.3, -0.35, 0.1, 0.1, 0.9, 0.7}, {"a", "a", "b", "b", "c", "c", "d", "d"});
  const auto pairs = error.pair_band(Stack::kFused, DeviceClass::kGpu, false);
  ASSERT_TRUE(pairs.has_value());
  EXPECT_EQ(pairs->anchors, 4U);
  EXPECT_NEAR(pairs->size, 0.2, 1e-12);
}

}  // namespace
}  // namespace quantier
