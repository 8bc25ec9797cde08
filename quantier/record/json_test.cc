#include "quantier/record/json.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace quantier {
namespace {

TEST(RecordJson, PlanComesBack) {
  ExecutedPlan plan{
      .recipe = "int8",
      .device = "cpu",
      .options = {{"outlier_scope", "sequence"}},
      .layers = {{"layers.0.qkv", "attention_qkv", "llm-int8", "i8-row", "i8-row", "scalar", 192, 64, 12345}},
      .remarks = {"memory, not speed"},
      .weight_bytes = 99};
  const Json json = to_json(plan);
  const auto back = executed_plan_from_json(json, "test");
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(to_json(*back), json);
  EXPECT_EQ(back->layers.at(0).kernel, "scalar");
  EXPECT_EQ(back->options.at(0).second, "sequence");
}

TEST(RecordJson, TimingComesBackAndBadOnesAreRefused) {
  const TimingSample sample{TimingProtocol::kWorkload, 3, 32, 32, 1000, 5, 123456789, true};
  Json json = to_json(sample);
  const auto back = timing_from_json(json, "test");
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(to_json(*back), json);
  json["protocol"] = "guess";
  EXPECT_FALSE(timing_from_json(json, "test"));
  json = to_json(sample);
  json["examples"] = -1;
  EXPECT_FALSE(timing_from_json(json, "test"));
  json = to_json(sample);
  json["round"] = std::int64_t{1} << 40;
  EXPECT_FALSE(timing_from_json(json, "test"));
}

TEST(RecordJson, WhatIsOfADeviceComesBackAndIsAbsentElsewhere) {
  TimingSample sample{TimingProtocol::kLatency, 0, 1, 1, 10, 5, 100, false};
  EXPECT_FALSE(to_json(sample).contains("device"));
  EXPECT_FALSE(to_json(sample).contains("slowdown"));
  sample.device = DeviceTimes{1, 2, 3};
  sample.encode_ns = 7;
  sample.slowdown = 0x20;
  Json json = to_json(sample);
  const auto back = timing_from_json(json, "test");
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(to_json(*back), json);
  EXPECT_EQ(back->device, sample.device);
  json["device"] = 1;
  EXPECT_FALSE(timing_from_json(json, "test"));
}

TEST(RecordJson, ReadingsOfADeviceThatLieAreRefused) {
  const DeviceReadings readings{
      .source = "NVML", .interval_ns = 5, .readings = {{.at_ns = 1, .power_mw = 70}}};
  const Json json = to_json(readings);
  const auto back = device_readings_from_json(json, "test");
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(*back, readings);
  Json longer = json;
  longer["power_mw"].push_back(3);
  EXPECT_FALSE(device_readings_from_json(longer, "test"));
  Json negative = json;
  negative["power_mw"][0] = -1;
  EXPECT_FALSE(device_readings_from_json(negative, "test"));
  Json missing = json;
  missing.erase("temperature_c");
  EXPECT_FALSE(device_readings_from_json(missing, "test"));
  EXPECT_FALSE(device_readings_from_json(Json(3), "test"));
}

TEST(RecordJson, NoiseFloorKeepsNan) {
  const NoiseFloor noise{"again", 10, std::numeric_limits<double>::quiet_NaN(), 1};
  const auto json = parse_json(to_json(noise).dump(), "test");
  ASSERT_TRUE(json);
  const auto back = noise_floor_from_json(*json, "test");
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_TRUE(std::isnan(back->max_abs_logit_difference));
}

}  // namespace
}  // namespace quantier
