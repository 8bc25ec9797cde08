#include <algorithm>
#include <vector>

#include "quantier/base/rng.h"
#include "quantier/decide/metric_bootstrap.h"

namespace quantier {

void add_timing_replicates(std::span<const double> samples, double quantile, const std::string& key,
                           std::size_t candidate, MetricReplicates& out) {
  if (samples.size() < 2) return;
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  const std::span<float> column = out.add_column(key, candidate);
  std::vector<std::uint32_t> drawn(sorted.size());
  const double position = quantile * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::uint64_t>(position);
  const double fraction = position - static_cast<double>(below);
  // A stream of its own for every configuration: their clocks are independent of each other.
  const std::uint64_t stream = (std::uint64_t{candidate} + 1) << 40;
  for (std::size_t r = 0; r < column.size(); ++r) {
    Philox random(out.seed ^ 0x74696d65u, stream + r);
    std::ranges::fill(drawn, 0u);
    for (std::size_t k = 0; k < sorted.size(); ++k) ++drawn[random.next_below(sorted.size())];
    // The order statistics at `below` and the next one.
    std::uint64_t seen = 0;
    double low = sorted.back();
    double high = sorted.back();
    bool found = false;
    for (std::size_t k = 0; k < sorted.size(); ++k) {
      seen += drawn[k];
      if (!found && seen > below) {
        low = sorted[k];
        found = true;
      }
      if (seen > below + 1) {
        high = sorted[k];
        break;
      }
    }
    column[r] = static_cast<float>(low + fraction * (high - low));
  }
}

}  // namespace quantier
