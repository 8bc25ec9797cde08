#include "quantier/pipeline/load_search.h"

#include <cmath>
#include <functional>
#include <set>

#include <gtest/gtest.h>

#include "quantier/measure/load_fixture.h"
#include "quantier/pipeline/load.h"
#include "quantier/pipeline/load_verdict.h"

namespace quantier {
namespace {

constexpr std::int64_t kBound = 50;

LoadSearchOptions options() {
  LoadSearchOptions options;
  options.find = true;
  options.start_rate = 100.0;
  options.bound_ns = kBound;
  options.lowest_rate = 0.01;
  options.seed = 7;
  return options;
}

// Passes up to a capacity, which may be another one for confirmations.
struct Machine {
  double searched = 0.0;
  double confirmed = 0.0;
  std::size_t requests = 2000;
  int interrupt_at = -1;
  int made = 0;

  Result<MadeLoadTrial> operator()(const LoadTrialRequest& request) {
    if (made++ == interrupt_at) return interrupted();
    const bool passes = request.rate <= (request.kind == LoadTrialKind::kConfirm ? confirmed : searched);
    MadeLoadTrial trial;
    trial.trial.kind = request.kind;
    trial.trial.seed = request.seed;
    trial.trial.offered_rate = request.rate;
    trial.trial.verdict = passes ? LoadVerdict::kWithin : LoadVerdict::kExceeded;
    trial.latencies_ns.assign(requests, passes ? kBound : kBound + 1);
    return trial;
  }
};

LoadSearchOutcome search(const LoadSearchOptions& options, Machine machine) {
  auto outcome = search_load(options, [&](const LoadTrialRequest& request) { return machine(request); });
  EXPECT_TRUE(outcome);
  return *std::move(outcome);
}

TEST(LoadSearch, FindsTheHighestRateFromBelowAndFromAbove) {
  for (const double capacity : {0.7, 99.0, 100.0, 101.0, 777.0, 12345.0}) {
    const LoadSearchOutcome found = search(options(), {.searched = capacity, .confirmed = capacity});
    ASSERT_TRUE(found.summary.highest_confirmed_rate) << capacity;
    EXPECT_LE(*found.summary.highest_confirmed_rate, capacity);
    EXPECT_GE(*found.summary.highest_confirmed_rate, capacity / 1.05) << capacity;
    EXPECT_GT(*found.summary.lowest_failed_rate, capacity);
    EXPECT_EQ(found.summary.confirmed_requests, 3U * 2000U);
    EXPECT_EQ(found.summary.confirmed_latency->value_ns, kBound);
    std::set<std::uint64_t> seeds;
    for (const LoadTrial& trial : found.trials) seeds.insert(trial.seed);
    EXPECT_EQ(seeds.size(), found.trials.size());
  }
}

TEST(LoadSearch, ARateThatOnlyTheSearchPassesIsNotConfirmed) {
  const LoadSearchOutcome found = search(options(), {.searched = 500.0, .confirmed = 450.0});
  ASSERT_TRUE(found.summary.highest_confirmed_rate);
  EXPECT_LE(*found.summary.highest_confirmed_rate, 450.0);
  EXPECT_GE(*found.summary.highest_confirmed_rate, 450.0 / 1.06);
  EXPECT_GT(*found.summary.lowest_failed_rate, *found.summary.highest_confirmed_rate);
}

TEST(LoadSearch, NothingPasses) {
  LoadSearchOptions never = options();
  never.asked_rate = 100.0;
  const LoadSearchOutcome found = search(never, {});
  EXPECT_FALSE(found.summary.highest_confirmed_rate);
  EXPECT_EQ(found.summary.asked_rate_sustained, false);
  EXPECT_EQ(found.trials.size(), 1U + kLoadHalvings);
  never.lowest_rate = 30.0;
  EXPECT_EQ(search(never, {}).trials.size(), 2U);
}

TEST(LoadSearch, AServerWithoutLimitEndsAtTheHighestRate) {
  const LoadSearchOutcome found = search(options(), {.searched = 1e12, .confirmed = 1e12});
  EXPECT_EQ(found.summary.highest_confirmed_rate, kHighestLoadRate);
  EXPECT_FALSE(found.summary.lowest_failed_rate);
}

TEST(LoadSearch, AnAskedRateAloneIsConfirmedOrNot) {
  LoadSearchOptions asked = options();
  asked.find = false;
  asked.asked_rate = 80.0;
  const LoadSearchOutcome yes = search(asked, {.confirmed = 80.0});
  EXPECT_EQ(yes.trials.size(), 3U);
  EXPECT_EQ(yes.summary.asked_rate_sustained, true);
  EXPECT_EQ(yes.summary.highest_confirmed_rate, 80.0);
  const LoadSearchOutcome no = search(asked, {.confirmed = 79.0});
  EXPECT_EQ(no.trials.size(), 3U);
  EXPECT_EQ(no.summary.asked_rate_sustained, false);
  EXPECT_EQ(no.summary.lowest_failed_rate, 80.0);
  // All pass, and three together are too few for an upper end at p99 (368): a fourth one is made.
  const LoadSearchOutcome more = search(asked, {.confirmed = 80.0, .requests = 100});
  EXPECT_EQ(more.trials.size(), 4U);
  EXPECT_EQ(more.summary.asked_rate_sustained, true);
  EXPECT_EQ(more.summary.confirmed_requests, 400U);
  const LoadSearchOutcome few = search(asked, {.confirmed = 80.0, .requests = 30});
  EXPECT_EQ(few.trials.size(), 9U);
  EXPECT_EQ(few.summary.asked_rate_sustained, std::nullopt);
  EXPECT_FALSE(few.summary.highest_confirmed_rate);
}

TEST(LoadSearch, AnAskedRateBetweenTwoStepsGetsItsOwnAnswer) {
  LoadSearchOptions asked = options();
  asked.asked_rate = 100.0;
  const LoadSearchOutcome found = search(asked, {.searched = 103.5, .confirmed = 100.5});
  EXPECT_EQ(found.summary.asked_rate_sustained, true);
  EXPECT_GE(*found.summary.highest_confirmed_rate, 100.0);
}

TEST(LoadSearch, AnInterruptionKeepsTheTrials) {
  const LoadSearchOutcome found =
      search(options(), {.searched = 500.0, .confirmed = 500.0, .interrupt_at = 4});
  EXPECT_FALSE(found.finished);
  EXPECT_EQ(found.trials.size(), 4U);
  EXPECT_FALSE(found.summary.highest_confirmed_rate);
  LoadSearchOptions asked = options();
  asked.asked_rate = 100.0;
  EXPECT_EQ(
      search(asked, {.searched = 500.0, .confirmed = 500.0, .interrupt_at = 2}).summary.asked_rate_sustained,
      std::nullopt);
}

// The whole of it on a server with a known law: M/M/1 keeps p95 within 100 ms up to mu + ln(0.05) / 0.1.
TEST(LoadSearch, FindsTheRateThatTheoryGives) {
  using namespace load_fixture;  // NOLINT: the servers
  LoadOptions asked;
  asked.percentile = 95.0;
  asked.bound_ms = 100.0;
  asked.max_batch = 1;
  asked.max_wait_ms = 0.0;
  asked.duration_s = 200.0;
  const auto protocol = plan_load(asked);
  ASSERT_TRUE(protocol) << protocol.error().message();
  LoadSearchOptions search_options = options();
  search_options.percentile = 95.0;
  search_options.bound_ns = protocol->bound_ns;
  const auto found =
      search_load(search_options, [&](const LoadTrialRequest& request) -> Result<MadeLoadTrial> {
        SimulatedClock clock;
        ExponentialServer server(clock, 10.0 * kMs, request.seed);
        const LoadSchedule schedule = poisson_schedule({.rate = request.rate,
                                                        .requests = protocol->trial_requests,
                                                        .measured_ns = protocol->trial_ns,
                                                        .warm_up_ns = protocol->warm_up_ns,
                                                        .seed = request.seed},
                                                       10);
        OfferOptions offer;
        offer.give_up_ns = give_up_after_ns(protocol->bound_ns);
        QT_TRY(LoadObservation seen, offer_load(schedule, offer, server, clock));
        MadeLoadTrial made{.trial = judge_trial(seen, *protocol),
                           .latencies_ns = std::move(seen.latencies_ns)};
        made.trial.kind = request.kind;
        made.trial.offered_rate = request.rate;
        return made;
      });
  ASSERT_TRUE(found);
  ASSERT_TRUE(found->summary.highest_confirmed_rate);
  const double truth = 100.0 + std::log(0.05) / 0.1;  // 70.04
  // Never far above: what is confirmed has its upper end within the bound.
  EXPECT_LT(*found->summary.highest_confirmed_rate, truth * 1.02);
  EXPECT_GT(*found->summary.highest_confirmed_rate, truth * 0.85);
}

TEST(LoadPlan, TrialsAreAsLongAsThePercentileNeeds) {
  LoadOptions options;
  const auto usual = plan_load(options);
  ASSERT_TRUE(usual) << usual.error().message();
  EXPECT_EQ(usual->trial_requests, 1522U);  // 1.96^2 0.99 0.01 / 0.005^2
  EXPECT_EQ(usual->trial_ns, 10'000'000'000);
  EXPECT_EQ(usual->bound_ns, 50'000'000);
  options.duration_s = 60.0;
  EXPECT_EQ(plan_load(options)->trial_requests, 368U);  // ln 0.025 / ln 0.99
  EXPECT_EQ(plan_load(options)->warm_up_ns, 6'000'000'000);
  options.rate = 5.0;
  const auto few = plan_load(options);
  ASSERT_FALSE(few);
  EXPECT_EQ(few.error().kind, ErrorKind::kUsage);
  EXPECT_NE(few.error().why.find("368"), std::string::npos) << few.error().message();
  EXPECT_NE(few.error().why.find("74 s"), std::string::npos) << few.error().message();
  options.duration_s = 100.0;
  EXPECT_TRUE(plan_load(options));
}

TEST(LoadPlan, RefusesWhatCannotBeTested) {
  const auto refused = [](const std::function<void(LoadOptions&)>& change) {
    LoadOptions options;
    change(options);
    const auto plan = plan_load(options);
    return !plan && plan.error().kind == ErrorKind::kUsage;
  };
  for (const double rate : {0.0, -1.0, std::nan(""), 1e300, HUGE_VAL, 2e6, 1e-9}) {
    EXPECT_TRUE(refused([rate](LoadOptions& o) { o.rate = rate; })) << rate;
  }
  for (const double percentile : {0.0, 100.0, -5.0, std::nan(""), 1e-12, 99.9999999, 250.0}) {
    EXPECT_TRUE(refused([percentile](LoadOptions& o) { o.percentile = percentile; })) << percentile;
  }
  for (const double bound : {0.0, -1.0, std::nan(""), HUGE_VAL, 1e12}) {
    EXPECT_TRUE(refused([bound](LoadOptions& o) { o.bound_ms = bound; })) << bound;
  }
  for (const std::int64_t batch : {0L, -1L, 1L << 40}) {
    EXPECT_TRUE(refused([batch](LoadOptions& o) { o.max_batch = batch; })) << batch;
  }
  for (const double seconds : {0.0, -1.0, std::nan(""), 1e9}) {
    EXPECT_TRUE(refused([seconds](LoadOptions& o) { o.duration_s = seconds; })) << seconds;
  }
  EXPECT_TRUE(refused([](LoadOptions& o) { o.max_wait_ms = -1.0; }));
  EXPECT_TRUE(refused([](LoadOptions& o) { o.warm_up_s = std::nan(""); }));
  EXPECT_TRUE(refused([](LoadOptions& o) { o.repeats = 0; }));
  EXPECT_TRUE(refused([](LoadOptions& o) { o.resolution = 0.0; }));
  EXPECT_TRUE(refused([](LoadOptions& o) { o.max_length = 0; }));
  EXPECT_TRUE(refused([](LoadOptions& o) {
    o.rate = 1e6;
    o.duration_s = 86400.0;
  }));
}

}  // namespace
}  // namespace quantier
