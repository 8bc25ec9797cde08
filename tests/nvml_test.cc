// Readings of a device through NVML's interface, from a library that stands in for the driver's.
#include "quantier/measure/nvml.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "quantier/engine/cuda_engine.h"

namespace quantier {
namespace {

TEST(Nvml, ReadsTheCardOnTheBus) {
  const auto monitor = open_nvml("0000:1A:00.0", QUANTIER_FAKE_NVML);
  ASSERT_TRUE(monitor) << monitor.error().message();
  EXPECT_EQ((*monitor)->source(), "NVML of driver 123.45");
  const DeviceReading reading = (*monitor)->read();
  EXPECT_EQ(reading.sm_clock_mhz, 1980U);
  EXPECT_EQ(reading.memory_clock_mhz, 3201U);
  EXPECT_EQ(reading.power_mw, std::nullopt) << "the sensor says that it is not there";
  EXPECT_EQ(reading.temperature_c, 41U);
  EXPECT_EQ(reading.clock_reasons, 0x24U);
  EXPECT_EQ(reading.memory_used_bytes, 600U);
}

TEST(Nvml, AnotherPlaceOnTheBusIsNoCardOfIts) {
  const auto monitor = open_nvml("0000:1B:00.0", QUANTIER_FAKE_NVML);
  ASSERT_FALSE(monitor);
  EXPECT_EQ(monitor.error().kind, ErrorKind::kEnvironment);
  EXPECT_EQ(monitor.error().where, "0000:1B:00.0");
  EXPECT_EQ(monitor.error().why, "not found");
}

TEST(Nvml, ADriverThatDoesNotStartSaysWhy) {
  ::setenv("FAKE_NVML_IS_BROKEN", "1", 1);
  const auto monitor = open_nvml("0000:1A:00.0", QUANTIER_FAKE_NVML);
  ::unsetenv("FAKE_NVML_IS_BROKEN");
  ASSERT_FALSE(monitor);
  EXPECT_EQ(monitor.error().why, "driver is not loaded");
}

// On a machine with a device: the one that CUDA calls the first is found, and what it says can be.
TEST(Nvml, KnowsTheDeviceOfCuda) {
  if (const Status there = check_cuda_device(0); !there)
    GTEST_SKIP() << "no CUDA device: " << there.error().why;
  const auto bus_id = cuda_device_bus_id(0);
  ASSERT_TRUE(bus_id) << bus_id.error().message();
  const auto monitor = open_nvml(*bus_id);
  if (!monitor && monitor.error().what == "cannot load NVML") GTEST_SKIP() << monitor.error().why;
  ASSERT_TRUE(monitor) << monitor.error().message();
  EXPECT_TRUE((*monitor)->source().starts_with("NVML of driver ")) << (*monitor)->source();
  const DeviceReading reading = (*monitor)->read();
  ASSERT_TRUE(reading.sm_clock_mhz);
  EXPECT_GT(*reading.sm_clock_mhz, 100U);
  EXPECT_LT(*reading.sm_clock_mhz, 5000U);
  EXPECT_TRUE(reading.memory_clock_mhz);
  EXPECT_TRUE(reading.clock_reasons);
  ASSERT_TRUE(reading.temperature_c);
  EXPECT_LT(*reading.temperature_c, 120U);
  ASSERT_TRUE(reading.memory_used_bytes);
  EXPECT_LE(*reading.memory_used_bytes, cuda_devices().front().memory_bytes + (std::uint64_t{4} << 30));
}

}  // namespace
}  // namespace quantier
