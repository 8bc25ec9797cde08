#include "quantier/stats/estimators/calibration_interval.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "quantier/base/check.h"

namespace quantier {
namespace {

constexpr double kNormalQuantile = 1.959963984540054;  // of 0.975
// The shape at the lower end is read from the same data, and too few large gaps may be read: a wider test
// pays for that (found in simulation: one bin that holds all of the error would else be covered 91 times in
// 100).
constexpr double kLowerNormalQuantile = 2.241402727604947;  // of 0.9875
constexpr int kBisections = 60;

struct Bin {
  double weight = 0.0;
  double gap = 0.0;        // |accuracy - confidence| as seen
  double deviation = 0.0;  // of the gap
};

struct Moments {
  double mean = 0.0;
  double deviation = 0.0;
};

class Inversion {
 public:
  explicit Inversion(std::span<const ReliabilityBin> bins) {
    double total = 0.0;
    for (const ReliabilityBin& bin : bins) total += static_cast<double>(bin.n);
    QT_CHECK(total > 0.0, "a calibration error needs examples");
    examples_ = total;
    for (const ReliabilityBin& bin : bins) {
      if (bin.n == 0) continue;
      const auto n = static_cast<double>(bin.n);
      const double smoothed = (bin.accuracy * n + 0.5) / (n + 1.0);
      bins_.push_back({.weight = n / total,
                       .gap = std::abs(bin.accuracy - bin.mean_confidence),
                       .deviation = std::sqrt(smoothed * (1.0 - smoothed) / n)});
      seen_ += bins_.back().weight * bins_.back().gap;
      spread_ += bins_.back().weight * bins_.back().deviation;
    }
  }

  [[nodiscard]] double lower() const {
    // In the threshold: 0 leaves the gaps seen, the largest leaves nothing.
    double none = 0.0;
    for (const Bin& bin : bins_) none = std::max(none, bin.gap / bin.deviation);
    if (accepts_from_above(shrunk(none))) return 0.0;
    double inside = 0.0;
    double outside = none;
    for (int step = 0; step < kBisections; ++step) {
      const double middle = 0.5 * (inside + outside);
      (accepts_from_above(shrunk(middle)) ? inside : outside) = middle;
    }
    return size_of(shrunk(inside));
  }

  [[nodiscard]] double upper() const {
    double inside = 0.0;
    double outside = 1.0 / spread_;  // an error of 1
    if (accepts_from_below(spread(outside))) return 1.0;
    for (int step = 0; step < kBisections; ++step) {
      const double middle = 0.5 * (inside + outside);
      (accepts_from_below(spread(middle)) ? inside : outside) = middle;
    }
    return size_of(spread(inside));
  }

 private:
  using Gaps = std::vector<double>;

  [[nodiscard]] Gaps shrunk(double threshold) const {
    Gaps gaps;
    for (const Bin& bin : bins_) gaps.push_back(std::max(bin.gap - threshold * bin.deviation, 0.0));
    return gaps;
  }
  [[nodiscard]] Gaps spread(double standard_errors) const {
    Gaps gaps;
    for (const Bin& bin : bins_) gaps.push_back(standard_errors * bin.deviation);
    return gaps;
  }
  [[nodiscard]] double size_of(const Gaps& gaps) const {
    double size = 0.0;
    for (std::size_t k = 0; k < gaps.size(); ++k) size += bins_[k].weight * gaps[k];
    return size;
  }
  // Of the plug-in, were these the true gaps.
  [[nodiscard]] Moments moments(const Gaps& gaps) const {
    double mean = 0.0;
    double variance = 0.0;
    double size = 0.0;
    double square = 0.0;
    for (std::size_t k = 0; k < gaps.size(); ++k) {
      const Bin& bin = bins_[k];
      const double folded = folded_normal_mean(gaps[k], bin.deviation);
      mean += bin.weight * folded;
      variance += bin.weight * bin.weight *
                  std::max(gaps[k] * gaps[k] + bin.deviation * bin.deviation - folded * folded, 0.0);
      size += bin.weight * gaps[k];
      square += bin.weight * gaps[k] * gaps[k];
    }
    variance += std::max(square - size * size, 0.0) / examples_;
    return {mean, std::sqrt(variance)};
  }
  [[nodiscard]] bool accepts_from_above(const Gaps& gaps) const {
    const Moments at = moments(gaps);
    return seen_ <= at.mean + kLowerNormalQuantile * at.deviation;
  }
  [[nodiscard]] bool accepts_from_below(const Gaps& gaps) const {
    const Moments at = moments(gaps);
    return seen_ >= at.mean - kNormalQuantile * at.deviation;
  }

  std::vector<Bin> bins_;
  double examples_ = 0.0;
  double seen_ = 0.0;    // the plug-in
  double spread_ = 0.0;  // error when every gap is one standard error
};

}  // namespace

Interval calibration_error_interval(std::span<const ReliabilityBin> bins) {
  const Inversion inversion(bins);
  Interval interval;
  interval.low = std::clamp(inversion.lower(), 0.0, 1.0);
  interval.high = std::clamp(inversion.upper(), interval.low, 1.0);
  interval.level = 0.95;
  interval.method = "folded-normal test inversion";
  return interval;
}

}  // namespace quantier
