// Findings of one configuration alone: accuracy, time by protocol, memory by definition.
#include <cmath>

#include <fmt/format.h>

#include "quantier/note/words.h"
#include "quantier/pipeline/findings_parts.h"

namespace quantier::findings_internal {
namespace {

Finding start(const ConfigurationFindings& one, const std::string& what, std::string statement,
              double estimate) {
  Finding finding;
  finding.name = fmt::format("{}/{}/{}", one.model, one.recipe, what);
  finding.statement = std::move(statement);
  finding.estimate = estimate;
  finding.runs = {one.run_key};
  return finding;
}

Finding accuracy_of(const ConfigurationFindings& one) {
  const Quality& quality = one.quality;
  Finding finding =
      start(one, "accuracy", fmt::format("Accuracy of {}: {:.4f}", one.display(), quality.accuracy),
            quality.accuracy);
  finding.n = quality.n;
  const auto right = [](double accuracy, std::uint64_t n) {
    return fmt::format("{} / {} = {:.6f}", std::llround(accuracy * static_cast<double>(n)), n, accuracy);
  };
  finding.arithmetic = {{"right", right(quality.accuracy, quality.n)}};
  for (const TierQuality& tier : quality.tiers) {
    if (!tier.accuracy) continue;
    finding.arithmetic.emplace_back("in " + tier.name, right(*tier.accuracy, tier.n));
    finding.fields.push_back({tier.name, {*tier.accuracy}});
  }
  return finding;
}

Finding time_of(const ConfigurationFindings& one, const LatencySummary& latency) {
  const char* protocol = timing_protocol_name(latency.protocol);
  Finding finding =
      start(one, fmt::format("time/{}", protocol),
            fmt::format("Time of {} by the {} protocol: {} ms/example, the median", one.display(), protocol,
                        note_internal::milliseconds(latency.median_ms, 4)),
            latency.median_ms);
  finding.interval = latency.median_interval;
  finding.n = latency.samples;
  finding.arithmetic = {
      {"samples", fmt::format("{} of {} examples together, in batches of {}", latency.samples,
                              latency.examples, latency.batch_size)},
      {"range", fmt::format("{:.6f} to {:.6f} ms/example", latency.min_ms, latency.max_ms)}};
  const auto quantile = [&](const char* name, const std::optional<double>& value) {
    if (!value) return;
    finding.arithmetic.emplace_back(name, fmt::format("{:.6f} ms", *value));
    finding.fields.push_back({name, {*value}});
  };
  quantile("p50", latency.p50_ms);
  quantile("p95", latency.p95_ms);
  quantile("p99", latency.p99_ms);
  if (latency.tokenize_fraction) {
    finding.arithmetic.emplace_back("tokenization",
                                    fmt::format("{:.6f} of the wall time", *latency.tokenize_fraction));
    finding.fields.push_back({"tokenization", {*latency.tokenize_fraction}});
  }
  return finding;
}

void add_memory(const ConfigurationFindings& one, const MemoryRecord& memory,
                std::vector<Finding>& findings) {
  // Zero bytes are a measurement that was not made.
  const auto add = [&](const char* what, const char* words, std::uint64_t bytes) {
    if (bytes == 0) return;
    findings.push_back(start(
        one, fmt::format("memory/{}", what),
        fmt::format("Memory of {}, {}: {:.1f} MB", one.display(), words, static_cast<double>(bytes) / 1e6),
        static_cast<double>(bytes)));
    findings.back().n = 1;
    findings.back().arithmetic = {{"bytes", fmt::format("{}", bytes)}};
  };
  add("process-peak", "peak of the whole process", memory.process_peak_bytes);
  add("device-peak", "peak of allocated device memory, as stated", memory.device_peak_bytes.value_or(0));
  add("weights", "weights, computed", memory.weights_bytes);
  const std::uint64_t peak = memory.device_peak_bytes.value_or(memory.process_peak_bytes);
  if (memory.weights_bytes == 0 || peak == 0) return;
  const double share = static_cast<double>(memory.weights_bytes) / static_cast<double>(peak);
  findings.back().arithmetic.emplace_back("share of the peak",
                                          fmt::format("{} / {} = {:.6f}", memory.weights_bytes, peak, share));
  findings.back().fields = {{"share of the peak", {share}}};
}

}  // namespace

void add_cost_findings(const Analysis& analysis, std::vector<Finding>& findings) {
  for (const ConfigurationFindings& one : analysis.configurations) {
    findings.push_back(accuracy_of(one));
    for (const LatencySummary& latency : one.latency) findings.push_back(time_of(one, latency));
    if (one.memory) add_memory(one, *one.memory, findings);
  }
}

}  // namespace quantier::findings_internal
