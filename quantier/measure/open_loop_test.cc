#include "quantier/measure/open_loop.h"

#include <cmath>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/measure/load_fixture.h"

namespace quantier {
namespace {

using load_fixture::ConstantServer;
using load_fixture::kMs;
using load_fixture::SimulatedClock;
using ::testing::Each;
using ::testing::ElementsAre;

// Remembers what it was given.
class RecordingServer final : public LoadServer {
 public:
  RecordingServer(SimulatedClock& clock, std::int64_t service_ns) : clock_(clock), service_ns_(service_ns) {}
  Status serve(std::span<const std::uint32_t> requests) override {
    started.push_back(clock_.now_ns());
    batches.emplace_back(requests.begin(), requests.end());
    clock_.advance(service_ns_);
    return {};
  }
  std::vector<std::int64_t> started;
  std::vector<std::vector<std::uint32_t>> batches;

 private:
  SimulatedClock& clock_;
  std::int64_t service_ns_;
};

OfferOptions offer(std::uint32_t max_batch, std::int64_t max_wait_ns) {
  return {.max_batch = max_batch, .max_wait_ns = max_wait_ns, .give_up_ns = 1000 * kMs};
}

TEST(PoissonSchedule, HasTheRateAndTheGapsOfAPoissonProcess) {
  const LoadSchedule schedule =
      poisson_schedule({.rate = 200.0, .requests = 50000, .measured_ns = 0, .warm_up_ns = 0, .seed = 5}, 7);
  ASSERT_EQ(schedule.arrivals_ns.size(), 50000U);
  EXPECT_TRUE(std::ranges::is_sorted(schedule.arrivals_ns));
  double sum = 0.0;
  double squares = 0.0;
  std::int64_t before = 0;
  for (const std::int64_t arrival : schedule.arrivals_ns) {
    const double gap = static_cast<double>(arrival - before) * 1e-9;
    sum += gap;
    squares += gap * gap;
    before = arrival;
  }
  const double mean = sum / 50000.0;
  const double deviation = std::sqrt(squares / 50000.0 - mean * mean);
  // Four standard errors; an exponential gap has the deviation of its mean.
  EXPECT_NEAR(mean, 0.005, 4.0 * 0.005 / std::sqrt(50000.0));
  EXPECT_NEAR(deviation, 0.005, 4.0 * 0.005 * std::sqrt(2.0 / 50000.0));
}

TEST(PoissonSchedule, IsAFunctionOfItsSeed) {
  const ScheduleOptions options{
      .rate = 50.0, .requests = 100, .measured_ns = 3'000'000'000, .warm_up_ns = 1'000'000'000, .seed = 1};
  const LoadSchedule first = poisson_schedule(options, 10);
  const LoadSchedule again = poisson_schedule(options, 10);
  EXPECT_EQ(first.arrivals_ns, again.arrivals_ns);
  EXPECT_EQ(first.texts, again.texts);
  ScheduleOptions other = options;
  other.seed = 2;
  EXPECT_NE(first.arrivals_ns, poisson_schedule(other, 10).arrivals_ns);
  EXPECT_GE(first.arrivals_ns.size() - first.warm_up, 100U);
  EXPECT_LT(first.arrivals_ns[first.warm_up - 1], 1'000'000'000);
  EXPECT_GE(first.arrivals_ns[first.warm_up], 1'000'000'000);
  // Every text comes once before any comes again.
  EXPECT_EQ(std::set<std::uint32_t>(first.texts.begin(), first.texts.begin() + 10).size(), 10U);
}

TEST(OfferLoad, AnIdleServerWaitsForAFullBatchOrForTheOldestRequest) {
  SimulatedClock clock;
  RecordingServer server(clock, 10 * kMs);
  const LoadSchedule schedule{
      .arrivals_ns = {0, 1 * kMs, 2 * kMs, 50 * kMs, 52 * kMs}, .texts = {5, 6, 7, 8, 9}, .warm_up = 0};
  const auto seen = offer_load(schedule, offer(3, 5 * kMs), server, clock);
  ASSERT_TRUE(seen);
  ASSERT_EQ(server.batches.size(), 2U);
  EXPECT_THAT(server.batches[0], ElementsAre(5, 6, 7));  // full at 2 ms
  EXPECT_THAT(server.batches[1], ElementsAre(8, 9));     // the oldest had waited 5 ms
  EXPECT_THAT(server.started, ElementsAre(2 * kMs, 55 * kMs));
  EXPECT_THAT(seen->latencies_ns, ElementsAre(12 * kMs, 11 * kMs, 10 * kMs, 15 * kMs, 13 * kMs));
  EXPECT_EQ(seen->window_ns, 53 * kMs);
  EXPECT_EQ(seen->completed_in_window, 2U);
  EXPECT_EQ(seen->busy_ns, 10 * kMs);
}

TEST(OfferLoad, AServerThatComesFreeTakesWhatIsDueInOrder) {
  SimulatedClock clock;
  RecordingServer server(clock, 10 * kMs);
  const LoadSchedule schedule{.arrivals_ns = {0, 1 * kMs, 2 * kMs, 3 * kMs, 4 * kMs, 9 * kMs},
                              .texts = {0, 1, 2, 3, 4, 5},
                              .warm_up = 0};
  const auto seen = offer_load(schedule, offer(2, 0), server, clock);
  ASSERT_TRUE(seen);
  EXPECT_THAT(server.batches[0], ElementsAre(0));
  EXPECT_THAT(server.batches[1], ElementsAre(1, 2));
  EXPECT_THAT(server.batches[2], ElementsAre(3, 4));
  EXPECT_THAT(server.batches[3], ElementsAre(5));
  EXPECT_THAT(server.started, ElementsAre(0, 10 * kMs, 20 * kMs, 30 * kMs));
  EXPECT_EQ(seen->latencies_ns.back(), 31 * kMs);
}

TEST(OfferLoad, WarmUpIsServedAndNotMeasured) {
  SimulatedClock clock;
  ConstantServer server(clock, 4 * kMs);
  const LoadSchedule schedule{
      .arrivals_ns = {0, 1 * kMs, 2 * kMs, 20 * kMs}, .texts = {0, 1, 2, 3}, .warm_up = 2};
  const auto seen = offer_load(schedule, offer(1, 0), server, clock);
  ASSERT_TRUE(seen);
  EXPECT_THAT(seen->latencies_ns, ElementsAre(10 * kMs, 4 * kMs));  // the warm-up kept the first one waiting
  EXPECT_EQ(seen->window_ns, 12 * kMs);
}

TEST(OfferLoad, ALoneRequestWaitsForOthersAndIsServed) {
  SimulatedClock clock;
  ConstantServer server(clock, 7 * kMs);
  const LoadSchedule schedule =
      poisson_schedule({.rate = 0.5, .requests = 200, .measured_ns = 0, .warm_up_ns = 0, .seed = 3}, 1);
  const auto seen = offer_load(schedule, offer(32, 0), server, clock);
  ASSERT_TRUE(seen);
  // At half a request a second two rarely meet; then the second one waits at most for the first.
  std::size_t alone = 0;
  for (const std::int64_t latency : seen->latencies_ns) {
    EXPECT_LT(latency, 14 * kMs);
    if (latency == 7 * kMs) ++alone;
  }
  EXPECT_GE(alone, 190U);
}

TEST(OfferLoad, AQueueThatGrowsIsStopped) {
  SimulatedClock clock;
  ConstantServer server(clock, 10 * kMs);  // at most 100 a second
  const LoadSchedule schedule = poisson_schedule(
      {.rate = 200.0, .requests = 100000, .measured_ns = 0, .warm_up_ns = 100 * kMs, .seed = 3}, 1);
  const auto seen = offer_load(schedule, offer(1, 0), server, clock);
  ASSERT_TRUE(seen);
  EXPECT_TRUE(seen->stopped);
  // The oldest request is a second old; as many as came in that second wait.
  EXPECT_NEAR(static_cast<double>(seen->left_waiting), 200.0, 60.0);
  EXPECT_LT(clock.now_ns(), 3000 * kMs);
  const double achieved =
      static_cast<double>(seen->completed_in_window) / static_cast<double>(seen->window_ns);
  EXPECT_NEAR(achieved * 1e9, 100.0, 1.0);
}

TEST(OfferLoad, AnErrorOfTheServerAndASignalEndTheTrial) {
  class Failing final : public LoadServer {
   public:
    Status serve(std::span<const std::uint32_t> /*requests*/) override {
      return fail(ErrorKind::kEnvironment, "broken");
    }
  };
  SimulatedClock clock;
  Failing server;
  const LoadSchedule schedule{.arrivals_ns = {0}, .texts = {0}, .warm_up = 0};
  const auto broken = offer_load(schedule, offer(1, 0), server, clock);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().what, "broken");
  Interrupt interrupt;
  interrupt.signal = 2;
  OfferOptions options = offer(1, 0);
  options.interrupt = &interrupt;
  EXPECT_EQ(offer_load(schedule, options, server, clock).error().kind, ErrorKind::kInterrupted);
}

// A signal must be noticed while an idle server waits for a request that is an hour away.
TEST(WallClock, WaitsUntilTheDeadlineOrTheSignal) {
  WallClock clock;
  const std::int64_t start = clock.now_ns();
  clock.wait_until(start + 3 * kMs, nullptr);
  EXPECT_GE(clock.now_ns(), start + 3 * kMs);
  Interrupt interrupt;
  interrupt.signal = 2;
  clock.wait_until(start + 3'600'000 * kMs, &interrupt);
  EXPECT_LT(clock.now_ns(), start + 60'000 * kMs);
}

}  // namespace
}  // namespace quantier
