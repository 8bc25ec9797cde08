#include "quantier/stats/comparisons/calibration_bootstrap.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "quantier/stats/estimators/multinomial.h"
#include "quantier/stats/estimators/temperature_profile.h"

namespace quantier::analysis_internal {
namespace {

constexpr std::size_t kFewestRows = 20;  // of each half: fewer have no distribution worth showing
constexpr std::size_t kReplicatesPerTask = 8;
constexpr std::uint32_t kFewestReplicates = 200;
constexpr std::uint64_t kReplicatesTimesExamples = 100'000'000;

// Weighted sums of a reliability diagram.
class Bins {
 public:
  void add(std::span<const float> confidence, std::span<const std::uint8_t> right,
           std::span<const std::uint32_t> weights) {
    for (std::size_t i = 0; i < confidence.size(); ++i) {
      const float position = confidence[i] * static_cast<float>(kCalibrationBins);
      auto k = static_cast<std::size_t>(position);
      if (k > 0 && static_cast<float>(k) == position) --k;  // (low, high]
      k = std::min(k, kCalibrationBins - 1);
      const double weight = weights[i];
      excess_[k] += weight * (static_cast<double>(right[i]) - static_cast<double>(confidence[i]));
      total_ += weights[i];
    }
  }
  [[nodiscard]] double error() const {
    double error = 0.0;
    for (const double excess : excess_) error += std::abs(excess);
    return total_ > 0 ? error / static_cast<double>(total_) : 0.0;
  }

 private:
  std::array<double, kCalibrationBins> excess_{};
  std::uint64_t total_ = 0;
};

}  // namespace

std::uint32_t calibration_replicates_for(std::uint64_t examples, std::uint32_t wanted) {
  const std::uint64_t affordable = kReplicatesTimesExamples / std::max<std::uint64_t>(examples, 1);
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(wanted, std::max<std::uint64_t>(affordable, kFewestReplicates)));
}

Result<CalibrationReplicates> calibration_replicates(const RunView& view, const Calibration& calibration,
                                                     const CalibrationReplicates* reference,
                                                     std::uint32_t replicates,
                                                     const AnalysisOptions& options) {
  CalibrationReplicates out;
  // Half A first, then half B.
  std::vector<std::size_t> rows;
  for (const std::size_t i : view.finite_rows) {
    if (i % 2 == 0) rows.push_back(i);
  }
  const std::size_t of_a = rows.size();
  for (const std::size_t i : view.finite_rows) {
    if (i % 2 == 1) rows.push_back(i);
  }
  const std::size_t of_b = rows.size() - of_a;
  if (of_a < kFewestRows || of_b < kFewestRows) return out;

  const TemperatureProfile profile(view.labelled(), rows, calibration.temperature_all.value, options.pool);
  std::vector<std::uint8_t> right;
  std::vector<float> raw;
  for (const std::size_t i : rows) {
    right.push_back(view.right[i]);
    raw.push_back(static_cast<float>(top1_confidence(view.data().row(i), 1.0)));
  }
  const std::vector<std::uint64_t> ones(view.data().example_count, 1);
  const CellResampler resampler(ones);
  const bool reuse = reference != nullptr && !reference->temperature_a.empty();
  for (std::vector<double>* column : {&out.temperature, &out.temperature_a, &out.temperature_b, &out.ece_raw,
                                      &out.ece_in_sample, &out.ece_cross, &out.ece_own_halves}) {
    column->resize(replicates);
  }
  if (reuse) out.ece_reused.resize(replicates);

  const auto one_replicate = [&](std::size_t r, std::span<std::uint32_t> drawn,
                                 std::span<std::uint32_t> weights, std::span<float> confidence) {
    resampler.draw(options.seed, r, drawn);
    for (std::size_t k = 0; k < rows.size(); ++k) weights[k] = drawn[rows[k]];
    const auto a = weights.first(of_a);
    const auto b = weights.subspan(of_a);
    const std::vector<double> sums_a = profile.slope_sums(0, a);
    const std::vector<double> sums_b = profile.slope_sums(of_a, b);
    std::vector<double> sums = sums_a;
    for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += sums_b[j];
    const double all = out.temperature[r] = profile.fit(sums, 0, weights);
    const double fit_a = out.temperature_a[r] = profile.fit(sums_a, 0, a);
    const double fit_b = out.temperature_b[r] = profile.fit(sums_b, of_a, b);
    const auto error_at = [&](double on_a, double on_b) {
      profile.confidences(on_a, 0, confidence.first(of_a));
      profile.confidences(on_b, of_a, confidence.subspan(of_a));
      Bins bins;
      bins.add(confidence, right, weights);
      return bins.error();
    };
    Bins bins;
    bins.add(raw, right, weights);
    out.ece_raw[r] = bins.error();
    out.ece_in_sample[r] = error_at(all, all);
    out.ece_cross[r] = error_at(fit_b, fit_a);
    out.ece_own_halves[r] = error_at(fit_a, fit_b);
    if (reuse) out.ece_reused[r] = error_at(reference->temperature_b[r], reference->temperature_a[r]);
  };
  const std::size_t tasks = (replicates + kReplicatesPerTask - 1) / kReplicatesPerTask;
  for_each_task(options.pool, tasks, [&](std::size_t task) {
    if (stop_requested(options.interrupt)) return;
    std::vector<std::uint32_t> drawn(ones.size());
    std::vector<std::uint32_t> weights(rows.size());
    std::vector<float> confidence(rows.size());
    const std::size_t first = task * kReplicatesPerTask;
    for (std::size_t r = first; r < std::min<std::size_t>(first + kReplicatesPerTask, replicates); ++r) {
      one_replicate(r, drawn, weights, confidence);
    }
  });
  if (stop_requested(options.interrupt)) return interrupted();
  return out;
}

}  // namespace quantier::analysis_internal
