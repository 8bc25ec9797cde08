// What resampled data say of every metric of every configuration, all on the same draws.
//
// Replicate r is one draw of the examples (and of the timing samples); it is read for every configuration and
// metric, so that any function of several numbers (a limit met by one and missed by another, a choice) has
// its distribution over r. Stored as float32: a choice does not turn on the eighth digit.
// Layout: values[metric][candidate][replicate]; a metric that a configuration lacks is NaN throughout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "quantier/decide/metric.h"
#include "quantier/stats/estimators/interval.h"

namespace quantier {

struct MetricReplicates {
  std::size_t candidates = 0;
  std::size_t replicates = 0;
  std::uint64_t seed = 0;
  std::vector<std::string> keys;  // of the metrics (Metric::key())
  std::vector<float> values;

  [[nodiscard]] bool empty() const { return replicates == 0 || keys.empty(); }
  // Empty when nothing is known.
  [[nodiscard]] std::span<const float> column(const std::string& key, std::size_t candidate) const;
  // For writing: appends the metric when it is new, NaN everywhere.
  [[nodiscard]] std::span<float> add_column(const std::string& key, std::size_t candidate);
};

// Keys of what the correction for selection reads: macro-F1 of the examples that a replicate did not draw.
inline constexpr const char* kOutOfBagKey = "macro-F1, out of bag";

// The column moved so that its mean is the value observed. Macro-F1 and ECE are biased under resampling, all
// configurations alike but not equally; moved, a replicate differs from the observation by noise only.
[[nodiscard]] std::vector<float> centred(std::span<const float> column, double observed);

// 95 % percentile interval.
[[nodiscard]] Interval percentile_interval(std::vector<float> values, const char* method);

[[nodiscard]] double standard_deviation(std::span<const float> values);

}  // namespace quantier
