// Readings of a device, taken by a thread while something else works on it.
//
// Between start() and stop() one every `interval`, and one at each of the two, so that the shortest piece of
// work has readings on both sides. Memory is bounded: when kMostReadings stand there, every second one is
// dropped and the interval doubles; reasons and memory of a dropped one go into the one before it, for what
// was seen once must not disappear.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "quantier/record/device_reading.h"

namespace quantier {

// Where readings come from: NVML (nvml.h), or a test.
class DeviceMonitor {
 public:
  virtual ~DeviceMonitor() = default;
  [[nodiscard]] virtual std::string source() const = 0;
  // at_ns is left to the sampler. Called by one thread at a time.
  [[nodiscard]] virtual DeviceReading read() = 0;
};

class DeviceSampler {
 public:
  static constexpr std::size_t kMostReadings = 4096;

  explicit DeviceSampler(std::unique_ptr<DeviceMonitor> monitor,
                         std::chrono::nanoseconds interval = std::chrono::milliseconds(50));
  ~DeviceSampler();
  DeviceSampler(const DeviceSampler&) = delete;
  DeviceSampler& operator=(const DeviceSampler&) = delete;

  // Not nested.
  void start();
  void stop();
  // What was taken since the last take(); not between start() and stop().
  [[nodiscard]] DeviceReadings take();
  // Reasons of slowdown that were seen at any time in which [begin_ns, end_ns] of the monotonic clock may
  // have been under them: between the readings before and after. 0: none. Not between start() and stop().
  [[nodiscard]] std::uint64_t slowdown_between(std::int64_t begin_ns, std::int64_t end_ns) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Starts with its life and stops with its end; a null sampler is none.
class SampledWhile {
 public:
  explicit SampledWhile(DeviceSampler* sampler) : sampler_(sampler) {
    if (sampler_ != nullptr) sampler_->start();
  }
  ~SampledWhile() { stop(); }
  SampledWhile(const SampledWhile&) = delete;
  SampledWhile& operator=(const SampledWhile&) = delete;
  void stop() {
    if (sampler_ != nullptr) sampler_->stop();
    sampler_ = nullptr;
  }

 private:
  DeviceSampler* sampler_;
};

}  // namespace quantier
