#include "quantier/pipeline/report_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quantier {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;

constexpr auto kThermal = static_cast<std::uint64_t>(ClockReason::kThermalSlowdown);
constexpr auto kPowerCap = static_cast<std::uint64_t>(ClockReason::kPowerCap);

DeviceReadings some_readings() {
  DeviceReadings readings{.source = "NVML of driver 580.1", .interval_ns = 50'000'000};
  for (const std::uint64_t mhz : {1980, 1755, 1900}) {
    DeviceReading reading;
    reading.sm_clock_mhz = mhz;
    reading.power_mw = 1000 * (mhz - 1500);
    reading.clock_reasons = mhz == 1755 ? kPowerCap : 0;
    reading.memory_used_bytes = mhz * 1'000'000;
    readings.readings.push_back(reading);
  }
  return readings;
}

TimingSample sample_of(TimingProtocol protocol, std::uint64_t slowdown) {
  TimingSample sample{.protocol = protocol,
                      .batch_size = 32,
                      .examples = 32,
                      .tokens = 320,
                      .tokenize_ns = 10,
                      .wall_ns = 1000};
  sample.device = DeviceTimes{20, 900, 30};
  sample.encode_ns = 70;
  sample.slowdown = slowdown;
  return sample;
}

Run run_on_device() {
  Run run;
  run.configuration = {"encoder", "fp16", "cuda:0"};
  run.key = "k";
  run.device.predictions = DeviceSplit{2000, 100, 400, {50, 1500, 50}};
  run.device.predictions_readings = some_readings();
  run.device.predictions_readings->memory_before_bytes = 500'000'000;
  run.device.timing_readings = some_readings();
  run.timings = {sample_of(TimingProtocol::kThroughput, 0), sample_of(TimingProtocol::kThroughput, kThermal),
                 sample_of(TimingProtocol::kLatency, 0)};
  return run;
}

TEST(ReportDevice, ClocksPowerAndWhatHeldThemAreInTheAppendix) {
  const auto rows = device_rows({run_on_device()});
  ASSERT_EQ(rows.size(), 6U);
  EXPECT_THAT(rows[1],
              Pair("Device while timing",
                   "NVML of driver 580.1, 3 readings, one every 50 ms; SM clock 1,900 MHz (1,755 to 1,980); "
                   "power 400 W (255 to 480); what held its clocks: power limit in 33.3 %"));
  EXPECT_THAT(rows[2], Pair("Slowed down",
                            "1 of 3 timing samples were taken while the card slowed itself down (thermal "
                            "slowdown by the driver)"));
  EXPECT_THAT(rows[3].second, HasSubstr("encoder fp16 1.980 GB (0.500 GB before it was loaded)"));
  EXPECT_THAT(rows[4], Pair("Time of a pass",
                            "encoder fp16: tokenization 1.0 %, transfer in 2.0 %, compute 90.0 %, transfer "
                            "out 3.0 %, host 4.0 %"));
}

TEST(ReportDevice, OnTheProcessorThereIsNothing) {
  quantier::Run run;
  run.timings = {{TimingProtocol::kLatency, 0, 1, 1, 12, 5, 100, false}};
  EXPECT_TRUE(device_rows({run}).empty());
  EXPECT_TRUE(device_to_json({run}).is_null());
  EXPECT_EQ(slowed_samples({run}).of, 0U);
}

TEST(ReportDevice, WithoutReadingsItSaysWhyAndCallsNoSampleSound) {
  quantier::Run run = run_on_device();
  run.device.predictions_readings.reset();
  run.device.timing_readings = DeviceReadings{.problem = "cannot load NVML: no such file"};
  for (TimingSample& sample : run.timings) sample.slowdown = 0;
  const auto rows = device_rows({run});
  EXPECT_THAT(rows[0], Pair("Device while timing", "not watched: cannot load NVML: no such file"));
  for (const auto& [name, text] : rows) EXPECT_NE(name, "Slowed down") << text;
}

TEST(ReportDevice, JsonHasTheSamplesTheSplitAndTheReadings) {
  quantier::Run on_processor;
  on_processor.configuration = {"decoder", "fp16", "cpu"};
  const Json json = device_to_json({run_on_device(), on_processor});
  ASSERT_EQ(json.size(), 1U);
  const Json& run = json["encoder fp16"];
  EXPECT_EQ(run["timing"]["samples"], 3);
  EXPECT_EQ(run["timing"]["slowed_samples"], 1);
  EXPECT_EQ(run["timing"]["throughput"]["compute_ns"], 1800);
  EXPECT_EQ(run["timing"]["throughput"]["host_ns"], 80);
  EXPECT_EQ(run["timing"]["workload"], nullptr);
  EXPECT_EQ(run["predictions"]["split"]["tokenize_all_threads_ns"], 400);
  EXPECT_EQ(run["predictions"]["device"]["sm_clock_mhz"]["highest"], 1980);
  EXPECT_EQ(run["predictions"]["device"]["temperature_c"], nullptr);
  EXPECT_EQ(run["predictions"]["device"]["readings_with_reason"]["power limit"], 1);
}

}  // namespace
}  // namespace quantier
