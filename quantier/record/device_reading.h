// What a device's driver says about it while it works: how fast its clocks ran, what it drew, how warm it
// was, what held it back, and the time its work took by part.
//
// Raw readings, as they were taken; what is said of them (device_words) is counted from these.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quantier {

// Why clocks were not at their highest: bits as NVML has them (nvmlDeviceGetCurrentClocksEventReasons).
enum class ClockReason : std::uint64_t {
  kIdle = 0x1,
  kApplicationClocks = 0x2,  // somebody set them
  kPowerCap = 0x4,           // the card's power limit: how most cards run under full load
  kHardwareSlowdown = 0x8,
  kSyncBoost = 0x10,
  kThermalSlowdown = 0x20,  // by the driver
  kHardwareThermalSlowdown = 0x40,
  kPowerBrake = 0x80,  // asked for from outside, by the power supply
  kDisplayClocks = 0x100,
};

// The card protects itself: what is timed then is not what the card does.
inline constexpr std::uint64_t kSlowdownReasons =
    static_cast<std::uint64_t>(ClockReason::kHardwareSlowdown) |
    static_cast<std::uint64_t>(ClockReason::kThermalSlowdown) |
    static_cast<std::uint64_t>(ClockReason::kHardwareThermalSlowdown) |
    static_cast<std::uint64_t>(ClockReason::kPowerBrake);

// What the driver does not know is absent.
struct DeviceReading {
  std::int64_t at_ns = 0;  // since the sampler was made
  std::optional<std::uint64_t> sm_clock_mhz = {};
  std::optional<std::uint64_t> memory_clock_mhz = {};
  std::optional<std::uint64_t> power_mw = {};
  std::optional<std::uint64_t> temperature_c = {};
  std::optional<std::uint64_t> clock_reasons = {};  // of ClockReason, or'ed
  std::optional<std::uint64_t> memory_used_bytes =
      {};  // of the whole device, by all processes and the driver

  friend bool operator==(const DeviceReading&, const DeviceReading&) = default;
};

// The readings of one phase of one run.
struct DeviceReadings {
  std::string source = {};   // "NVML of driver 580.159.03"; empty: there are none
  std::string problem = {};  // why there are none, or why some are missing
  std::int64_t interval_ns = 0;
  // Of the whole device before the model was loaded.
  std::optional<std::uint64_t> memory_before_bytes = {};
  std::vector<DeviceReading> readings = {};

  friend bool operator==(const DeviceReadings&, const DeviceReadings&) = default;
};

}  // namespace quantier
