// What runs on a device left beside their numbers, in words for the appendix and as JSON: clocks, power,
// temperature and memory as the driver said, samples that were taken while the card slowed itself down, and
// where the time went.
//
// Counted from the raw readings of each run (record/device_reading.h). A sample that was taken under a
// slowdown stays a sample: it is counted and named, because leaving it out would choose the numbers.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "quantier/base/json.h"
#include "quantier/record/run.h"

namespace quantier {

// Rows of the appendix; none when no run was on a device.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> device_rows(const std::vector<Run>& runs);

// Samples of all runs that were taken while a card slowed itself down.
struct SlowedSamples {
  std::uint64_t slowed = 0;
  std::uint64_t of = 0;       // on a device whose reasons were read; warm-up left out
  std::uint64_t reasons = 0;  // of ClockReason, or'ed
};
[[nodiscard]] SlowedSamples slowed_samples(const std::vector<Run>& runs);
// "14 of 6,042 timing samples were taken while the card slowed itself down (thermal slowdown)".
[[nodiscard]] std::string slowed_text(const SlowedSamples& samples);

// By configuration; null when no run was on a device.
[[nodiscard]] Json device_to_json(const std::vector<Run>& runs);

// "tokenization 1.2 %, transfer in 0.3 %, compute 93.0 %, transfer out 0.1 %, host 5.4 %", of the wall time.
[[nodiscard]] std::string split_text(const DeviceSplit& split);

}  // namespace quantier
