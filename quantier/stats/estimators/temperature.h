// The temperature that minimises the mean negative log-likelihood of softmax(logits / T).
//
// In b = 1/T the mean likelihood loss is convex: its slope is mean(E_b[z] - z_label), its curvature the mean
// variance of z under softmax(b z). So Newton on b, kept inside a shrinking bracket, finds the optimum to
// rounding, whatever the unit of the logits. Fixed numbers of gradient steps do not: a fit that stops early
// reports too small a correction, and whatever is decided by the calibration error is then decided wrongly.
// (Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2 for the method.)
//
// Cross-fitting: a temperature read on the rows that chose it is optimistic. Half A (even positions of the
// file) and half B (odd positions) are each read at the other's temperature.
//
// All logits of the named rows must be finite. Errors: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "quantier/stats/estimators/calibration.h"

namespace quantier {

inline constexpr double kSmallestTemperature = 0.05;
inline constexpr double kLargestTemperature = 20.0;

// One temperature and how its search ended.
struct FittedTemperature {
  double value = 1.0;
  // The search ended where it should: |dNLL/dlogT| < 1e-10, or at a bound towards which the loss falls.
  bool converged = false;
  bool at_bound = false;  // the optimum lies at or beyond the stated bounds; `value` is the bound
};

// Expected calibration error, 15 equal-width bins on the top-1 confidence. Each says on what it was fitted.
// The cross-fitted values need at least one example in each half; otherwise they are absent.
struct Calibration {
  std::uint64_t n = 0;  // examples with finite logits: the ones read here
  double ece_raw = 0.0;
  double ece_raw_debiased = 0.0;           // plug-in minus its estimated bias; never below 0
  double ece_temperature_in_sample = 0.0;  // fitted and read on the same rows: optimistic
  std::optional<double> ece_cross_fitted;  // each half read at the other half's temperature, pooled
  std::optional<double> ece_cross_fitted_debiased;
  std::optional<double> ece_a_to_b;  // fitted on even positions, read on odd ones
  std::optional<double> ece_b_to_a;
  std::optional<double> ece_b_raw;  // odd positions without temperature: what ece_a_to_b improves on
  FittedTemperature temperature_all;
  std::optional<FittedTemperature> temperature_a;  // even positions
  std::optional<FittedTemperature> temperature_b;  // odd positions
  std::optional<Gate> gate;                        // at the cross-fitted temperatures
  std::vector<Gate> gates;                         // the same at several thresholds, ascending
  // Intervals of the errors above, at the temperatures as fitted (calibration_interval.h).
  Interval ece_raw_interval;
  double ece_temperature_in_sample_debiased = 0.0;
  Interval ece_temperature_in_sample_interval;
  std::optional<Interval> ece_cross_fitted_interval;
  std::optional<Interval> ece_a_to_b_interval;
  std::optional<Interval> ece_b_to_a_interval;
  // Over 15 bins of equal mass.
  Estimate ece_raw_equal_mass;
  std::optional<Estimate> ece_cross_fitted_equal_mass;
  ProperScores scores_raw;
  std::optional<ProperScores> scores_cross_fitted;
  // Reading the fit on what chose it against reading it on the other half, over the same examples.
  // ece_own_halves: each half at its own temperature, pooled.
  std::optional<double> ece_own_halves;
  std::vector<ReliabilityBin> bins_before;
  std::vector<ReliabilityBin> bins_after;  // cross-fitted where possible, else in-sample
};

// dNLL/dlogT of the mean over the named rows: what a converged fit brings to 0.
[[nodiscard]] double likelihood_slope(const LabelledLogits& data, std::span<const std::size_t> rows,
                                      double temperature);

// `rows` must not be empty. Where the likelihood does not depend on T at all (one class, equal logits), the
// temperature stays 1.
[[nodiscard]] FittedTemperature fit_temperature(const LabelledLogits& data,
                                                std::span<const std::size_t> rows);

// `rows`: positions in the file, ascending, not empty; rows with logits that are not finite left out.
[[nodiscard]] Calibration calibrate(const LabelledLogits& data, std::span<const std::size_t> rows,
                                    double gate_threshold, std::span<const double> more_thresholds = {});

}  // namespace quantier
