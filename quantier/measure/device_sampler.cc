#include "quantier/measure/device_sampler.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "quantier/base/check.h"
#include "quantier/base/clock.h"

namespace quantier {
namespace {

void keep_larger(std::optional<std::uint64_t>& kept, const std::optional<std::uint64_t>& other) {
  if (other) kept = std::max(kept.value_or(0), *other);
}

void thin_out(std::vector<DeviceReading>& readings) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < readings.size(); i += 2) {
    DeviceReading reading = readings[i];
    if (i + 1 < readings.size()) {
      const DeviceReading& dropped = readings[i + 1];
      if (dropped.clock_reasons)
        reading.clock_reasons = reading.clock_reasons.value_or(0) | *dropped.clock_reasons;
      keep_larger(reading.memory_used_bytes, dropped.memory_used_bytes);
    }
    readings[kept++] = reading;
  }
  readings.resize(kept);
}

}  // namespace

struct DeviceSampler::State {
  std::unique_ptr<DeviceMonitor> monitor;
  std::chrono::nanoseconds interval;
  const std::int64_t made_ns = monotonic_ns();
  std::vector<DeviceReading> readings;  // the thread's while it runs
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;  // under the mutex
  std::thread thread;

  void add() {
    if (readings.size() >= kMostReadings) {
      thin_out(readings);
      interval *= 2;
    }
    DeviceReading reading = monitor->read();
    reading.at_ns = monotonic_ns() - made_ns;
    readings.push_back(reading);
  }

  void sample() {
    std::unique_lock lock(mutex);
    while (!changed.wait_for(lock, interval, [this] { return stopping; })) add();
  }
};

DeviceSampler::DeviceSampler(std::unique_ptr<DeviceMonitor> monitor, std::chrono::nanoseconds interval)
    : state_(std::make_unique<State>()) {
  QT_CHECK(monitor != nullptr && interval.count() > 0, "a sampler has a source and an interval");
  state_->monitor = std::move(monitor);
  state_->interval = interval;
}

DeviceSampler::~DeviceSampler() {
  if (state_->thread.joinable()) stop();
}

void DeviceSampler::start() {
  QT_CHECK(!state_->thread.joinable(), "a sampler is started once at a time");
  state_->stopping = false;
  state_->add();
  state_->thread = std::thread([state = state_.get()] { state->sample(); });
}

void DeviceSampler::stop() {
  QT_CHECK(state_->thread.joinable(), "a sampler was started before it is stopped");
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  state_->thread.join();
  state_->add();
}

DeviceReadings DeviceSampler::take() {
  QT_CHECK(!state_->thread.joinable(), "nothing is taken from a sampler that runs");
  DeviceReadings out;
  out.source = state_->monitor->source();
  out.interval_ns = state_->interval.count();
  out.readings = std::exchange(state_->readings, {});
  return out;
}

std::uint64_t DeviceSampler::slowdown_between(std::int64_t begin_ns, std::int64_t end_ns) const {
  const std::vector<DeviceReading>& readings = state_->readings;
  const std::int64_t begin = begin_ns - state_->made_ns;
  const std::int64_t end = end_ns - state_->made_ns;
  auto first = std::ranges::upper_bound(readings, begin, {}, &DeviceReading::at_ns);
  if (first != readings.begin()) --first;
  auto last = std::ranges::lower_bound(readings, end, {}, &DeviceReading::at_ns);
  if (last != readings.end()) ++last;
  std::uint64_t reasons = 0;
  for (; first < last; ++first) reasons |= first->clock_reasons.value_or(0);
  return reasons & kSlowdownReasons;
}

}  // namespace quantier
