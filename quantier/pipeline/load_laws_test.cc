// Servers whose latency is known from theory, in simulated time, through the code that runs real ones: the
// percentile must come back inside its interval, about as often as the interval promises.
#include <cmath>
#include <functional>

#include <fmt/format.h>
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
  fmt::print("p{} n={} truth {:.3f} ms: coverage {:.3f}, as if independent {:.3f}, open {}\n", law.percentile,
             law.requests, truth_ns * 1e-6, coverage.share, coverage.naive_share, coverage.open);
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

TEST(LoadLaws, ExponentialService) {
  for (const double rate : {30.0, 50.0, 70.0}) {
    for (const double percentile : {50.0, 95.0, 99.0}) {
      const Law law{.rate = rate, .percentile = percentile, .requests = 4000};
      const double truth = mm1_percentile_ns(rate, 10.0 * kMs, percentile);
      const Coverage coverage = coverage_of(law, truth, exponential(law, 10.0 * kMs));
      EXPECT_GE(coverage.share, 0.90) << rate << " p" << percentile;
    }
  }
}

TEST(LoadLaws, ConstantService) {
  for (const double rate : {50.0, 70.0}) {
    for (const double percentile : {50.0, 95.0, 99.0}) {
      const Law law{.rate = rate, .percentile = percentile, .requests = 4000};
      const double truth = md1_percentile_ns(rate, 10.0 * kMs, percentile);
      const Coverage coverage = coverage_of(law, truth, [&](std::uint64_t seed) {
        SimulatedClock clock;
        ConstantServer server(clock, 10 * kMs);
        return observe(law, seed, server, clock);
      });
      EXPECT_GE(coverage.share, 0.90) << rate << " p" << percentile;
    }
  }
}

TEST(LoadLaws, DefaultSize) {
  for (const double rate : {30.0, 50.0, 70.0, 85.0}) {
    const Law law{.rate = rate, .percentile = 99, .requests = 1521};
    const double truth = mm1_percentile_ns(rate, 10.0 * kMs, 99);
    (void)coverage_of(law, truth, exponential(law, 10.0 * kMs));
  }
}

TEST(LoadLaws, Explore) {
  for (const double base : {2.0, 20.0})
    for (const double load : {0.2, 0.4, 0.6, 0.8, 0.9}) {
      const double capacity = 32.0 / (base * 1e-3 * (1 + 32 * 0.15));
      const Law law{.rate = capacity * load,
                    .percentile = 99,
                    .requests = std::max<std::uint64_t>(1521, capacity * load * 10),
                    .max_batch = 32};
      for (int seed = 0; seed < 3; ++seed) {
        SimulatedClock clock;
        LinearServer server(clock, base * kMs, 0.15 * base * kMs);
        auto seen = observe(law, seed, server, clock);
        auto t = judge_trial(seen, protocol_of(law));
        fmt::print(
            "base {} load {} rate {:.0f} n {} p99 {:.2f} [{:.2f},{:.2f}] ind {:.0f} util {:.2f} batch "
            "{:.1f}\n",
            base, load, law.rate, t.requests, t.latency->value_ns * 1e-6,
            t.latency->low_ns.value_or(0) * 1e-6, t.latency->high_ns.value_or(0) * 1e-6,
            *t.independent_requests, *t.utilisation, *t.mean_batch);
      }
    }
}

}  // namespace
}  // namespace quantier
