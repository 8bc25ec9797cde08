// Readings of a device through NVML's interface, from a library that stands in for the driver's.
#include "quantier/measure/nvml.h"

#include <cstdlib>

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace quantier
