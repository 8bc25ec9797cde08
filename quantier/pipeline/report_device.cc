#include "quantier/pipeline/report_device.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "quantier/pipeline/report_findings.h"

namespace quantier {
namespace {

using Column = std::optional<std::uint64_t> DeviceReading::*;

constexpr std::array<std::pair<ClockReason, const char*>, 9> kReasonNames = {{
    {ClockReason::kIdle, "idle"},
    {ClockReason::kApplicationClocks, "clocks that somebody set"},
    {ClockReason::kPowerCap, "power limit"},
    {ClockReason::kHardwareSlowdown, "hardware slowdown"},
    {ClockReason::kSyncBoost, "clocks kept together with another card's"},
    {ClockReason::kThermalSlowdown, "thermal slowdown by the driver"},
    {ClockReason::kHardwareThermalSlowdown, "thermal slowdown by the hardware"},
    {ClockReason::kPowerBrake, "power brake"},
    {ClockReason::kDisplayClocks, "clocks of a display"},
}};

bool is_on_device(const Run& run) {
  const DeviceEvidence& device = run.device;
  return device.predictions || device.predictions_readings || device.timing_readings ||
         std::ranges::any_of(run.timings,
                             [](const TimingSample& sample) { return sample.device.has_value(); });
}

// Of all the readings, those that know it; ascending.
std::vector<std::uint64_t> values_of(const std::vector<const DeviceReadings*>& all, Column column) {
  std::vector<std::uint64_t> values;
  for (const DeviceReadings* readings : all) {
    for (const DeviceReading& reading : readings->readings)
      if (reading.*column) values.push_back(*(reading.*column));
  }
  std::ranges::sort(values);
  return values;
}

std::uint64_t middle_of(const std::vector<std::uint64_t>& sorted) { return sorted[(sorted.size() - 1) / 2]; }

// "SM clock 1,980 MHz (1,755 to 1,980)": the median and the extremes, in `unit` of `scale` each.
void add_range(std::string& text, const std::vector<std::uint64_t>& sorted, const char* name,
               const char* unit, std::uint64_t scale = 1) {
  if (sorted.empty()) return;
  text += fmt::format("; {} {} {} ({} to {})", name, grouped(middle_of(sorted) / scale), unit,
                      grouped(sorted.front() / scale), grouped(sorted.back() / scale));
}

std::string reason_names(std::uint64_t reasons) {
  std::string names;
  for (const auto& [reason, name] : kReasonNames) {
    if ((reasons & static_cast<std::uint64_t>(reason)) != 0)
      names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return names;
}

// Which reasons were seen, and in how many of the readings.
std::string reasons_text(const std::vector<const DeviceReadings*>& all) {
  const std::vector<std::uint64_t> seen = values_of(all, &DeviceReading::clock_reasons);
  if (seen.empty()) return {};
  std::string text;
  for (const auto& [reason, name] : kReasonNames) {
    const auto count = std::ranges::count_if(
        seen,
        [bit = static_cast<std::uint64_t>(reason)](std::uint64_t reasons) { return (reasons & bit) != 0; });
    if (count == 0) continue;
    text += fmt::format("{}{} in {:.1f} %", text.empty() ? "" : ", ", name,
                        100.0 * static_cast<double>(count) / static_cast<double>(seen.size()));
  }
  return text.empty() ? "; nothing held its clocks back" : "; what held its clocks: " + text;
}

std::string readings_text(const std::vector<const DeviceReadings*>& all) {
  std::size_t readings = 0;
  std::int64_t interval_ns = 0;
  std::string source;
  std::string problem;
  for (const DeviceReadings* each : all) {
    readings += each->readings.size();
    interval_ns = std::max(interval_ns, each->interval_ns);
    if (source.empty()) source = each->source;
    if (problem.empty()) problem = each->problem;
  }
  if (readings == 0) return "not watched: " + (problem.empty() ? "nothing was read" : problem);
  std::string text =
      fmt::format("{}, {} readings, one every {} ms", source, grouped(readings), interval_ns / 1'000'000);
  add_range(text, values_of(all, &DeviceReading::sm_clock_mhz), "SM clock", "MHz");
  add_range(text, values_of(all, &DeviceReading::memory_clock_mhz), "memory clock", "MHz");
  add_range(text, values_of(all, &DeviceReading::power_mw), "power", "W", 1000);
  add_range(text, values_of(all, &DeviceReading::temperature_c), "temperature", "°C");
  return text + reasons_text(all);
}

std::vector<const DeviceReadings*> readings_of(const std::vector<Run>& runs,
                                               std::optional<DeviceReadings> DeviceEvidence::* phase) {
  std::vector<const DeviceReadings*> all;
  for (const Run& run : runs)
    if (run.device.*phase) all.push_back(&*(run.device.*phase));
  return all;
}

std::string driver_memory_text(const std::vector<Run>& runs) {
  std::string text;
  for (const Run& run : runs) {
    if (!run.device.predictions_readings) continue;
    const std::vector<std::uint64_t> used =
        values_of({&*run.device.predictions_readings}, &DeviceReading::memory_used_bytes);
    if (used.empty()) continue;
    text += fmt::format("{}{} {:.3f} GB", text.empty() ? "" : "; ", run.configuration.display(),
                        static_cast<double>(used.back()) * 1e-9);
    if (const auto before = run.device.predictions_readings->memory_before_bytes)
      text += fmt::format(" ({:.3f} GB before it was loaded)", static_cast<double>(*before) * 1e-9);
  }
  return text;
}

DeviceSplit split_of(const TimingSample& sample) {
  return {sample.wall_ns, sample.tokenize_ns, sample.encode_ns, sample.device.value_or(DeviceTimes{})};
}

void add(DeviceSplit& sum, const DeviceSplit& split) {
  sum.wall_ns += split.wall_ns;
  sum.tokenize_ns += split.tokenize_ns;
  sum.encode_ns += split.encode_ns;
  sum.device.transfer_in_ns += split.device.transfer_in_ns;
  sum.device.compute_ns += split.device.compute_ns;
  sum.device.transfer_out_ns += split.device.transfer_out_ns;
}

// Of all samples of a protocol together.
std::optional<DeviceSplit> split_of(const Run& run, TimingProtocol protocol) {
  std::optional<DeviceSplit> sum;
  for (const TimingSample& sample : run.timings) {
    if (sample.protocol != protocol || sample.warm_up || !sample.device) continue;
    if (!sum) sum.emplace();
    add(*sum, split_of(sample));
  }
  return sum;
}

std::int64_t host_ns(const DeviceSplit& split) {
  return split.wall_ns - split.tokenize_ns - split.device.total_ns();
}

std::string splits_text(const std::vector<Run>& runs, TimingProtocol protocol) {
  std::string text;
  for (const Run& run : runs) {
    if (const auto split = split_of(run, protocol))
      text +=
          fmt::format("{}{}: {}", text.empty() ? "" : "; ", run.configuration.display(), split_text(*split));
  }
  return text;
}

Json range_json(const DeviceReadings& readings, Column column) {
  const std::vector<std::uint64_t> values = values_of({&readings}, column);
  if (values.empty()) return nullptr;
  return Json{{"lowest", values.front()}, {"median", middle_of(values)}, {"highest", values.back()}};
}

Json readings_json(const std::optional<DeviceReadings>& readings) {
  if (!readings) return nullptr;
  Json held = Json::object();
  for (const auto& [reason, name] : kReasonNames) {
    std::uint64_t count = 0;
    for (const DeviceReading& reading : readings->readings)
      count += (reading.clock_reasons.value_or(0) & static_cast<std::uint64_t>(reason)) != 0 ? 1 : 0;
    if (count != 0) held[name] = count;
  }
  return Json{{"source", readings->source},
              {"problem", readings->problem.empty() ? Json(nullptr) : Json(readings->problem)},
              {"readings", readings->readings.size()},
              {"interval_ms", static_cast<double>(readings->interval_ns) * 1e-6},
              {"sm_clock_mhz", range_json(*readings, &DeviceReading::sm_clock_mhz)},
              {"memory_clock_mhz", range_json(*readings, &DeviceReading::memory_clock_mhz)},
              {"power_mw", range_json(*readings, &DeviceReading::power_mw)},
              {"temperature_c", range_json(*readings, &DeviceReading::temperature_c)},
              {"readings_with_reason", std::move(held)},
              {"memory_used_bytes", range_json(*readings, &DeviceReading::memory_used_bytes)},
              {"memory_before_bytes",
               readings->memory_before_bytes ? Json(*readings->memory_before_bytes) : Json(nullptr)}};
}

Json split_json(const std::optional<DeviceSplit>& split) {
  if (!split) return nullptr;
  return Json{{"wall_ns", split->wall_ns},
              {"tokenize_wait_ns", split->tokenize_ns},
              {"tokenize_all_threads_ns", split->encode_ns},
              {"transfer_in_ns", split->device.transfer_in_ns},
              {"compute_ns", split->device.compute_ns},
              {"transfer_out_ns", split->device.transfer_out_ns},
              {"host_ns", host_ns(*split)}};
}

}  // namespace

std::string split_text(const DeviceSplit& split) {
  const auto percent = [&](std::int64_t ns) {
    return split.wall_ns > 0 ? 100.0 * static_cast<double>(ns) / static_cast<double>(split.wall_ns) : 0.0;
  };
  return fmt::format(
      "tokenization {:.1f} %, transfer in {:.1f} %, compute {:.1f} %, transfer out {:.1f} %, host {:.1f} %",
      percent(split.tokenize_ns), percent(split.device.transfer_in_ns), percent(split.device.compute_ns),
      percent(split.device.transfer_out_ns), percent(host_ns(split)));
}

SlowedSamples slowed_samples(const std::vector<Run>& runs) {
  SlowedSamples out;
  for (const Run& run : runs) {
    const bool is_read = run.device.timing_readings &&
                         !values_of({&*run.device.timing_readings}, &DeviceReading::clock_reasons).empty();
    for (const TimingSample& sample : run.timings) {
      if (sample.warm_up || (!is_read && sample.slowdown == 0)) continue;
      ++out.of;
      if (sample.slowdown != 0) ++out.slowed;
      out.reasons |= sample.slowdown;
    }
  }
  return out;
}

std::string slowed_text(const SlowedSamples& samples) {
  std::string text = fmt::format("{} of {} timing samples were taken while the card slowed itself down",
                                 grouped(samples.slowed), grouped(samples.of));
  if (samples.slowed != 0) text += fmt::format(" ({})", reason_names(samples.reasons));
  return text;
}

std::vector<std::pair<std::string, std::string>> device_rows(const std::vector<Run>& runs) {
  std::vector<std::pair<std::string, std::string>> rows;
  const auto predicting = readings_of(runs, &DeviceEvidence::predictions_readings);
  const auto timing = readings_of(runs, &DeviceEvidence::timing_readings);
  if (!predicting.empty()) rows.emplace_back("Device while predicting", readings_text(predicting));
  if (!timing.empty()) rows.emplace_back("Device while timing", readings_text(timing));
  if (const SlowedSamples slowed = slowed_samples(runs); slowed.of != 0)
    rows.emplace_back("Slowed down", slowed_text(slowed));
  if (std::string text = driver_memory_text(runs); !text.empty())
    rows.emplace_back("Device memory in use", "as the driver reports it, of all processes, at most: " + text);
  constexpr std::array<std::pair<TimingProtocol, const char*>, 2> kShown = {
      {{TimingProtocol::kThroughput, "Time of a pass"}, {TimingProtocol::kLatency, "Time of single texts"}}};
  for (const auto& [protocol, name] : kShown) {
    if (std::string text = splits_text(runs, protocol); !text.empty())
      rows.emplace_back(name, std::move(text));
  }
  return rows;
}

Json device_to_json(const std::vector<Run>& runs) {
  Json document = nullptr;
  for (const Run& run : runs) {
    if (!is_on_device(run)) continue;
    const SlowedSamples slowed = slowed_samples({run});
    document[run.configuration.display()] = {
        {"run_key", run.key},
        {"predictions",
         {{"split", split_json(run.device.predictions)},
          {"device", readings_json(run.device.predictions_readings)}}},
        {"timing",
         {{"throughput", split_json(split_of(run, TimingProtocol::kThroughput))},
          {"latency", split_json(split_of(run, TimingProtocol::kLatency))},
          {"workload", split_json(split_of(run, TimingProtocol::kWorkload))},
          {"device", readings_json(run.device.timing_readings)},
          {"samples", slowed.of},
          {"slowed_samples", slowed.slowed}}}};
  }
  return document;
}

}  // namespace quantier
