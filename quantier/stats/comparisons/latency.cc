#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "quantier/stats/comparisons/parts.h"
#include "quantier/stats/estimators/quantile.h"

namespace quantier::analysis_internal {
namespace {

bool usable(const TimingSample& sample) {
  return !sample.warm_up && sample.examples > 0 && sample.wall_ns > 0 && sample.tokenize_ns >= 0;
}

std::optional<LatencySummary> summarise(const Run& run, TimingProtocol protocol,
                                        std::vector<std::string>& remarks) {
  LatencySummary summary;
  summary.protocol = protocol;
  std::vector<double> ms_per_example;
  double wall_ns = 0.0;
  double tokenize_ns = 0.0;
  std::uint32_t largest_batch = 0;
  std::uint64_t left_out = 0;
  for (const TimingSample& sample : run.timings) {
    if (sample.protocol != protocol || sample.warm_up) continue;
    if (!usable(sample)) {
      ++left_out;
      continue;
    }
    ms_per_example.push_back(static_cast<double>(sample.wall_ns) / static_cast<double>(sample.examples) /
                             1e6);
    wall_ns += static_cast<double>(sample.wall_ns);
    tokenize_ns += static_cast<double>(sample.tokenize_ns);
    summary.batch_size =
        summary.samples == 0 ? sample.batch_size : std::min(summary.batch_size, sample.batch_size);
    largest_batch = std::max(largest_batch, sample.batch_size);
    summary.examples += sample.examples;
    ++summary.samples;
  }
  const std::string what =
      fmt::format("{}, {} timing", run.configuration.display(), timing_protocol_name(protocol));
  if (left_out > 0) {
    remarks.push_back(fmt::format("{}: {} samples without examples or time are left out", what, left_out));
  }
  if (summary.samples == 0) return std::nullopt;
  if (largest_batch != summary.batch_size) {
    remarks.push_back(fmt::format("{}: batches of {} to {}; the smaller one is named", what,
                                  summary.batch_size, largest_batch));
  }
  std::sort(ms_per_example.begin(), ms_per_example.end());
  summary.median_ms = linear_quantile(ms_per_example, 0.5);
  summary.min_ms = ms_per_example.front();
  summary.max_ms = ms_per_example.back();
  summary.median_interval = median_interval(ms_per_example);
  summary.p50_ms = supported_quantile(ms_per_example, 0.50);
  summary.p95_ms = supported_quantile(ms_per_example, 0.95);
  summary.p99_ms = supported_quantile(ms_per_example, 0.99);
  summary.tokenize_fraction = tokenize_ns / wall_ns;
  return summary;
}

}  // namespace

std::vector<LatencySummary> latency_of(const Run& run, std::vector<std::string>& remarks) {
  std::vector<LatencySummary> summaries;
  for (const TimingProtocol protocol :
       {TimingProtocol::kThroughput, TimingProtocol::kLatency, TimingProtocol::kWorkload}) {
    std::optional<LatencySummary> summary = summarise(run, protocol, remarks);
    if (summary) summaries.push_back(*std::move(summary));
  }
  return summaries;
}

std::optional<MemoryRecord> memory_of(const Run& run) {
  const MemoryRecord& memory = run.memory;
  const bool recorded = memory.weights_bytes > 0 || memory.allocator_weights_peak_bytes > 0 ||
                        memory.allocator_activations_peak_bytes > 0 || memory.process_peak_bytes > 0 ||
                        memory.device_peak_bytes.value_or(0) > 0;
  return recorded ? std::optional<MemoryRecord>(memory) : std::nullopt;
}

}  // namespace quantier::analysis_internal
