#include "quantier/pipeline/load_verdict.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "quantier/stats/estimators/percentile_interval.h"

namespace quantier {
namespace {

double mean_ns(std::span<const std::int64_t> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Whether waiting grew steadily while requests came: by its amount, and by a trend over the parts that a
// queue which only goes up and down seldom shows (Mann 1945: for ten values p < 0.005, one-sided).
bool falls_behind(const LoadObservation& seen) {
  constexpr std::size_t kParts = 10;
  constexpr int kTrend = 29;
  const std::span<const std::int64_t> all(seen.latencies_ns);
  const std::size_t length = all.size() / kParts;
  if (length == 0) return false;
  std::array<double, kParts> means{};
  for (std::size_t part = 0; part < kParts; ++part) means[part] = mean_ns(all.subspan(part * length, length));
  int rising = 0;  // pairs that rise, less those that fall
  for (std::size_t i = 0; i < kParts; ++i) {
    for (std::size_t j = i + 1; j < kParts; ++j) rising += means[j] > means[i] ? 1 : -1;
  }
  const double growth = means.back() - means.front();
  return rising >= kTrend && growth > kDriftFraction * static_cast<double>(seen.window_ns);
}

LoadVerdict verdict_of(const LatencyPercentile& latency, std::int64_t bound_ns) {
  if (latency.value_ns > bound_ns) return LoadVerdict::kExceeded;
  return latency.high_ns && *latency.high_ns <= bound_ns ? LoadVerdict::kSustained : LoadVerdict::kWithin;
}

}  // namespace

std::int64_t give_up_after_ns(std::int64_t bound_ns) {
  constexpr std::int64_t kShortest = 2'000'000'000;
  return std::max(kShortest, 20 * bound_ns);
}

JudgedPercentile judge_percentile(std::span<const std::int64_t> latencies_ns, double percentile) {
  const DependentQuantile quantile = dependent_quantile(latencies_ns, percentile / 100.0);
  return {.latency = {.percentile = percentile,
                      .value_ns = quantile.value,
                      .low_ns = quantile.low,
                      .high_ns = quantile.high},
          .independent = quantile.independent_samples};
}

LoadTrial judge_trial(const LoadObservation& seen, const LoadProtocol& protocol) {
  LoadTrial trial;
  trial.requests = seen.latencies_ns.size();
  trial.stopped_early = seen.stopped;
  trial.left_waiting = seen.left_waiting;
  trial.window_ns = seen.window_ns;
  trial.latest_wake_up_ns = seen.latest_wake_up_ns;
  if (seen.window_ns > 0) {
    const auto window_ns = static_cast<double>(seen.window_ns);
    trial.achieved_rate = static_cast<double>(seen.completed_in_window) / (window_ns * 1e-9);
    trial.utilisation = static_cast<double>(seen.busy_ns) / window_ns;
  }
  if (seen.batches_in_window > 0) {
    trial.mean_batch =
        static_cast<double>(seen.completed_in_window) / static_cast<double>(seen.batches_in_window);
  }
  if (!seen.stopped && !seen.latencies_ns.empty()) {
    const JudgedPercentile judged = judge_percentile(seen.latencies_ns, protocol.percentile);
    trial.latency = judged.latency;
    trial.independent_requests = judged.independent;
    for (const double percentile : {50.0, 95.0, 99.0}) {
      trial.profile.push_back(judge_percentile(seen.latencies_ns, percentile).latency);
    }
    trial.verdict = verdict_of(*trial.latency, protocol.bound_ns);
  }
  if (seen.stopped || falls_behind(seen)) trial.verdict = LoadVerdict::kOverloaded;
  return trial;
}

}  // namespace quantier
