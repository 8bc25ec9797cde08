#include "quantier/measure/device_sampler.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "quantier/base/clock.h"
#include "quantier/measure/nvml.h"

namespace quantier {
namespace {

// What the card says is what the test wrote there.
struct FakeCard {
  std::atomic<std::uint64_t> reasons{0};
  std::atomic<std::uint64_t> memory{100};
  std::atomic<int> reads{0};
};

class FakeMonitor final : public DeviceMonitor {
 public:
  explicit FakeMonitor(FakeCard& card) : card_(card) {}
  [[nodiscard]] std::string source() const override { return "a test"; }
  [[nodiscard]] DeviceReading read() override {
    ++card_.reads;
    DeviceReading reading;
    reading.clock_reasons = card_.reasons.load();
    reading.memory_used_bytes = card_.memory.load();
    return reading;
  }

 private:
  FakeCard& card_;
};

void pass(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

TEST(DeviceSampler, ReadsAtBothEndsAndInBetween) {
  FakeCard card;
  DeviceSampler sampler(std::make_unique<FakeMonitor>(card), std::chrono::milliseconds(1));
  {
    const SampledWhile sampled(&sampler);
    EXPECT_EQ(card.reads > 0, true);
    while (card.reads < 5) pass(std::chrono::milliseconds(1));
  }
  const int reads = card.reads;
  pass(std::chrono::milliseconds(10));
  EXPECT_EQ(card.reads, reads) << "it goes on after it was stopped";
  const DeviceReadings taken = sampler.take();
  EXPECT_EQ(taken.source, "a test");
  EXPECT_EQ(taken.interval_ns, 1'000'000);
  ASSERT_EQ(taken.readings.size(), static_cast<std::size_t>(reads));
  for (std::size_t i = 1; i < taken.readings.size(); ++i)
    EXPECT_GE(taken.readings[i].at_ns, taken.readings[i - 1].at_ns);
  EXPECT_TRUE(sampler.take().readings.empty());
}

TEST(DeviceSampler, WorkShorterThanTheIntervalIsUnderTheReadingsAroundIt) {
  FakeCard card;
  DeviceSampler sampler(std::make_unique<FakeMonitor>(card), std::chrono::hours(1));
  const auto once = [&](std::uint64_t reasons_before, std::uint64_t reasons_after) {
    card.reasons = reasons_before;
    sampler.start();
    const std::int64_t begin = monotonic_ns();
    const std::int64_t end = monotonic_ns();
    card.reasons = reasons_after;
    sampler.stop();
    return sampler.slowdown_between(begin, end);
  };
  const auto thermal = static_cast<std::uint64_t>(ClockReason::kThermalSlowdown);
  const auto idle = static_cast<std::uint64_t>(ClockReason::kIdle);
  const auto asked = static_cast<std::uint64_t>(ClockReason::kApplicationClocks);
  const auto cap = static_cast<std::uint64_t>(ClockReason::kPowerCap);
  EXPECT_EQ(once(idle, asked), 0U);
  EXPECT_EQ(once(cap, cap | idle), 0U) << "the power limit is no slowdown";
  EXPECT_EQ(once(thermal | cap, 0), thermal);
  EXPECT_EQ(once(0, thermal), thermal);
  EXPECT_EQ(once(0, 0), 0U) << "what was slow before is not slow now";
}

TEST(DeviceSampler, ForgetsNoReasonWhenItThinsOut) {
  FakeCard card;
  DeviceSampler sampler(std::make_unique<FakeMonitor>(card), std::chrono::hours(1));
  for (std::size_t i = 0; i < DeviceSampler::kMostReadings; ++i) {
    const bool is_seen = i == 1001;
    card.reasons = is_seen ? static_cast<std::uint64_t>(ClockReason::kPowerBrake) : 0;
    card.memory = is_seen ? 900 : 100;
    sampler.start();
    sampler.stop();
  }
  const DeviceReadings taken = sampler.take();
  EXPECT_LE(taken.readings.size(), DeviceSampler::kMostReadings);
  EXPECT_GT(taken.interval_ns, std::chrono::nanoseconds(std::chrono::hours(1)).count());
  bool braked = false;
  bool filled = false;
  for (const DeviceReading& reading : taken.readings) {
    braked = braked || reading.clock_reasons == static_cast<std::uint64_t>(ClockReason::kPowerBrake);
    filled = filled || reading.memory_used_bytes == 900U;
  }
  EXPECT_TRUE(braked);
  EXPECT_TRUE(filled);
}

TEST(Nvml, WithoutItsLibrarySaysSo) {
  const auto monitor = open_nvml("0000:00:00.0", "libquantier-has-no-such-library.so");
  ASSERT_FALSE(monitor);
  EXPECT_EQ(monitor.error().kind, ErrorKind::kEnvironment);
  EXPECT_EQ(monitor.error().what, "cannot load NVML");
}

TEST(Nvml, ALibraryWithoutItsFunctionsIsRefused) {
  const auto monitor = open_nvml("0000:00:00.0", "libc.so.6");
  ASSERT_FALSE(monitor);
  EXPECT_EQ(monitor.error().why, "it has no nvmlInit_v2") << monitor.error().message();
}

}  // namespace
}  // namespace quantier
