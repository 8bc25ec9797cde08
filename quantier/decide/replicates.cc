#include "quantier/decide/replicates.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "quantier/base/check.h"

namespace quantier {

std::span<const float> MetricReplicates::column(const std::string& key, std::size_t candidate) const {
  const auto found = std::ranges::find(keys, key);
  if (found == keys.end() || candidate >= candidates || replicates == 0) return {};
  const auto metric = static_cast<std::size_t>(found - keys.begin());
  const auto out = std::span(values).subspan((metric * candidates + candidate) * replicates, replicates);
  return std::isnan(out.front()) ? std::span<const float>() : out;
}

std::span<float> MetricReplicates::add_column(const std::string& key, std::size_t candidate) {
  QT_CHECK(candidate < candidates, "a column belongs to a configuration");
  auto found = std::ranges::find(keys, key);
  if (found == keys.end()) {
    keys.push_back(key);
    values.resize(keys.size() * candidates * replicates, std::numeric_limits<float>::quiet_NaN());
    found = keys.end() - 1;
  }
  const auto metric = static_cast<std::size_t>(found - keys.begin());
  return std::span(values).subspan((metric * candidates + candidate) * replicates, replicates);
}

std::vector<float> centred(std::span<const float> column, double observed) {
  double mean = 0.0;
  for (const float value : column) mean += static_cast<double>(value);
  if (!column.empty()) mean /= static_cast<double>(column.size());
  std::vector<float> moved;
  moved.reserve(column.size());
  for (const float value : column) {
    moved.push_back(static_cast<float>(static_cast<double>(value) - mean + observed));
  }
  return moved;
}

Interval percentile_interval(std::vector<float> values, const char* method) {
  QT_CHECK(!values.empty(), "an interval needs replicates");
  const auto tail = static_cast<std::ptrdiff_t>(0.025 * static_cast<double>(values.size()));
  const auto last = static_cast<std::ptrdiff_t>(values.size()) - 1 - tail;
  Interval interval;
  std::nth_element(values.begin(), values.begin() + tail, values.end());
  interval.low = static_cast<double>(values[static_cast<std::size_t>(tail)]);
  std::nth_element(values.begin(), values.begin() + last, values.end());
  interval.high = static_cast<double>(values[static_cast<std::size_t>(last)]);
  interval.method = method;
  return interval;
}

double standard_deviation(std::span<const float> values) {
  if (values.size() < 2) return 0.0;
  double mean = 0.0;
  for (const float value : values) mean += static_cast<double>(value);
  mean /= static_cast<double>(values.size());
  double squares = 0.0;
  for (const float value : values) {
    const double off = static_cast<double>(value) - mean;
    squares += off * off;
  }
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

}  // namespace quantier
