// Servers whose latency is known from theory, in simulated time, through the code that runs real ones: the
// percentile must come back inside its interval, about as often as the interval promises.
#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "quantier/measure/load_fixture.h"
#include "quantier/pipeline/load_verdict.h"
#include "quantier/stats/estimators/percentile_interval.h"

namespace quantier {
namespace {

using namespace load_fixture;  // NOLINT: the servers

constexpr int kTrials = 200;

struct Law {
  double rate = 0.0;
  double percentile = 99.0;
  std::uint64_t requests = 0;
  std::uint32_t max_batch = 1;
  std::int64_t bound_ns = 50 * kMs;
};

LoadProtocol protocol_of(const Law& law) {
  LoadProtocol protocol;
  protocol.percentile = law.percentile;
  protocol.bound_ns = law.bound_ns;
  protocol.max_batch = law.max_batch;
  protocol.trial_requests = law.requests;
  protocol.warm_up_ns = 2'000 * kMs;
  return protocol;
}

LoadObservation observe(const Law& law, std::uint64_t seed, LoadServer& server, SimulatedClock& clock) {
  const LoadSchedule schedule = poisson_schedule(
      {.rate = law.rate, .requests = law.requests, .measured_ns = 0, .warm_up_ns = 2'000 * kMs, .seed = seed},
      100);
  OfferOptions options;
  options.max_batch = law.max_batch;
  options.give_up_ns = give_up_after_ns(60'000 * kMs);
  auto seen = offer_load(schedule, options, server, clock);
  EXPECT_TRUE(seen);
  return *std::move(seen);
}

using MakeTrial = std::function<LoadObservation(std::uint64_t seed)>;

struct Coverage {
  double share = 0.0;        // of intervals that hold the truth
  double naive_share = 0.0;  // of those that take all requests as independent
  int open = 0;              // without an upper or lower end
};

Coverage coverage_of(const Law& law, double truth_ns, const MakeTrial& trial) {
  Coverage coverage;
  for (std::uint64_t seed = 0; seed < kTrials; ++seed) {
    LoadObservation seen = trial(seed);
    const LoadTrial judged = judge_trial(seen, protocol_of(law));
    const LatencyPercentile& latency = *judged.latency;
    if (!latency.low_ns || !latency.high_ns) ++coverage.open;
    const bool holds = (!latency.low_ns || static_cast<double>(*latency.low_ns) <= truth_ns) &&
                       (!latency.high_ns || static_cast<double>(*latency.high_ns) >= truth_ns);
    coverage.share += holds ? 1.0 / kTrials : 0.0;
    std::ranges::sort(seen.latencies_ns);
    const QuantileRanks ranks = quantile_ranks(seen.latencies_ns.size(), law.percentile / 100.0);
    const bool naive = static_cast<double>(seen.latencies_ns[*ranks.low - 1]) <= truth_ns &&
                       static_cast<double>(seen.latencies_ns[*ranks.high - 1]) >= truth_ns;
    coverage.naive_share += naive ? 1.0 / kTrials : 0.0;
  }
  return coverage;
}

// Memoryless service, one server: the time in the system is exponential with rate mu - lambda (Kleinrock,
// "Queueing systems", volume 1, section 5.12).
double mm1_percentile_ns(double rate, double mean_service_ns, double percentile) {
  return -std::log(1.0 - percentile / 100.0) * 1e9 / (1e9 / mean_service_ns - rate);
}

// Constant service: P(W <= t) by Erlang's formula (Tijms, "A first course in stochastic models", section
// 9.6.2).
double md1_percentile_ns(double rate, double service_ns, double percentile) {
  const double service = service_ns * 1e-9;
  const auto waits_at_most = [&](double t) {
    double sum = 0.0;
    for (int k = 0; k <= static_cast<int>(std::floor(t / service)); ++k) {
      const double x = rate * (k * service - t);
      sum += std::pow(x, k) / std::tgamma(k + 1.0) * std::exp(-x);
    }
    return (1.0 - rate * service) * sum;
  };
  double low = 0.0;
  double high = 20.0 * service;
  for (int i = 0; i < 200; ++i) {
    const double middle = 0.5 * (low + high);
    (waits_at_most(middle) < percentile / 100.0 ? low : high) = middle;
  }
  return (low + service) * 1e9;
}

MakeTrial exponential(const Law& law, double mean_ns) {
  return [=](std::uint64_t seed) {
    SimulatedClock clock;
    ExponentialServer server(clock, mean_ns, seed);
    return observe(law, seed, server, clock);
  };
}

struct Case {
  double rate;
  double percentile;
};

// The promise is 95 %; 200 trials of an interval that keeps it rarely cover fewer than 90 %.
constexpr double kCovered = 0.90;

TEST(LoadLaws, ExponentialService) {
  for (const Case& one :
       {Case{30.0, 99.0}, Case{50.0, 50.0}, Case{50.0, 95.0}, Case{50.0, 99.0}, Case{70.0, 95.0}}) {
    const Law law{.rate = one.rate, .percentile = one.percentile, .requests = 4000};
    const Coverage coverage = coverage_of(law, mm1_percentile_ns(one.rate, 10.0 * kMs, one.percentile),
                                          exponential(law, 10.0 * kMs));
    EXPECT_GE(coverage.share, kCovered) << one.rate << " p" << one.percentile;
    // Why the dependence has to be allowed for.
    EXPECT_LT(coverage.naive_share, 0.85) << one.rate << " p" << one.percentile;
    // An interval without ends would cover everything.
    EXPECT_LT(coverage.open, kTrials / 2) << one.rate << " p" << one.percentile;
  }
}

TEST(LoadLaws, ConstantService) {
  for (const Case& one : {Case{50.0, 95.0}, Case{50.0, 99.0}, Case{70.0, 50.0}, Case{70.0, 95.0}}) {
    const Law law{.rate = one.rate, .percentile = one.percentile, .requests = 4000};
    const Coverage coverage =
        coverage_of(law, md1_percentile_ns(one.rate, 10.0 * kMs, one.percentile), [&](std::uint64_t seed) {
          SimulatedClock clock;
          ConstantServer server(clock, 10 * kMs);
          return observe(law, seed, server, clock);
        });
    EXPECT_GE(coverage.share, kCovered) << one.rate << " p" << one.percentile;
    EXPECT_LT(coverage.open, kTrials / 2) << one.rate << " p" << one.percentile;
  }
}

// A server that stands still for 200 ms every 2 s and else needs 1 ms for everything that waits.
constexpr std::int64_t kService = 1 * kMs;
constexpr std::int64_t kStall = 200 * kMs;
constexpr std::int64_t kPeriod = 2000 * kMs;

// Who comes at phase u of a stall waits for its end. The first one is then served alone, those behind it one
// service later. P(latency > t) follows by integration over the phase.
double stalling_percentile_ns(double rate, double percentile) {
  const auto beyond = [&](double t_ns) {
    const double per_ns = rate * 1e-9;
    const double as_first = std::max(0.0, static_cast<double>(kStall + kService) - t_ns);
    const double behind = std::max(0.0, static_cast<double>(kStall + 2 * kService) - t_ns);
    const double first = -std::expm1(-per_ns * as_first) / per_ns;
    const double others = behind + std::expm1(-per_ns * behind) / per_ns;
    return (first + others) / static_cast<double>(kPeriod);
  };
  double low = 3.0 * kService;
  double high = kStall + 2.0 * kService;
  for (int i = 0; i < 200; ++i) {
    const double middle = 0.5 * (low + high);
    (beyond(middle) > 1.0 - percentile / 100.0 ? low : high) = middle;
  }
  return low;
}

TEST(LoadLaws, AStallingServer) {
  const Law law{.rate = 100.0, .percentile = 99.0, .requests = 4000, .max_batch = 4096};
  const double truth = stalling_percentile_ns(100.0, 99.0);
  EXPECT_NEAR(truth, 182.0 * kMs, 1.0 * kMs);
  const MakeTrial trial = [&](std::uint64_t seed) {
    SimulatedClock clock;
    StallingServer server(clock, kService, kStall, kPeriod);
    return observe(law, seed, server, clock);
  };
  const Coverage coverage = coverage_of(law, truth, trial);
  EXPECT_GE(coverage.share, kCovered);
  EXPECT_LT(coverage.open, kTrials / 20);
  EXPECT_EQ(judge_trial(trial(1), protocol_of(law)).verdict, LoadVerdict::kExceeded);

  // The same server asked again as soon as it has answered: 4,000 requests meet two stalls, and the
  // percentile of what they took is that of a server that never stands still.
  SimulatedClock clock;
  StallingServer server(clock, kService, kStall, kPeriod);
  std::vector<std::int64_t> closed_loop;
  const std::uint32_t request = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::int64_t start = clock.now_ns();
    ASSERT_TRUE(server.serve(std::span(&request, 1)));
    closed_loop.push_back(clock.now_ns() - start);
  }
  EXPECT_EQ(judge_percentile(closed_loop, 99.0).latency.value_ns, kService);
}

TEST(LoadVerdict, OverloadIsSeenWhateverTheBound) {
  const Law law{.rate = 105.0, .percentile = 99.0, .requests = 4000, .bound_ns = 3600'000 * kMs};
  SimulatedClock clock;
  ConstantServer server(clock, 10 * kMs);  // 100 a second
  const LoadObservation seen = observe(law, 1, server, clock);
  EXPECT_FALSE(seen.stopped);
  const LoadTrial judged = judge_trial(seen, protocol_of(law));
  EXPECT_EQ(judged.verdict, LoadVerdict::kOverloaded);
  EXPECT_NEAR(*judged.achieved_rate, 100.0, 0.5);
  EXPECT_NEAR(*judged.utilisation, 1.0, 1e-3);
  EXPECT_TRUE(judged.latency);
}

TEST(LoadVerdict, AQueueThatIsStableIsNotOverloaded) {
  const Law law{.rate = 80.0, .percentile = 50.0, .requests = 4000, .bound_ns = 3600'000 * kMs};
  int overloaded = 0;
  for (std::uint64_t seed = 0; seed < kTrials; ++seed) {
    const LoadTrial judged = judge_trial(exponential(law, 10.0 * kMs)(seed), protocol_of(law));
    if (judged.verdict == LoadVerdict::kOverloaded) ++overloaded;
    EXPECT_NEAR(*judged.utilisation, 0.8, 0.1);
  }
  EXPECT_LE(overloaded, kTrials / 50);
}

TEST(LoadVerdict, TheBoundItselfIsWithin) {
  LoadProtocol protocol;
  protocol.percentile = 50.0;
  protocol.bound_ns = 7;
  LoadObservation seen;
  seen.latencies_ns.assign(1000, 7);
  seen.window_ns = 1'000'000;
  EXPECT_EQ(judge_trial(seen, protocol).verdict, LoadVerdict::kSustained);
  protocol.bound_ns = 6;
  EXPECT_EQ(judge_trial(seen, protocol).verdict, LoadVerdict::kExceeded);
  seen.latencies_ns.assign(5, 7);  // too few for an upper end
  protocol.bound_ns = 7;
  EXPECT_EQ(judge_trial(seen, protocol).verdict, LoadVerdict::kWithin);
  seen.stopped = true;
  const LoadTrial stopped = judge_trial(seen, protocol);
  EXPECT_EQ(stopped.verdict, LoadVerdict::kOverloaded);
  EXPECT_FALSE(stopped.latency);
}

}  // namespace
}  // namespace quantier
