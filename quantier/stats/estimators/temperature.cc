#include "quantier/stats/estimators/temperature.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "quantier/base/check.h"
#include "quantier/stats/estimators/calibration_interval.h"

namespace quantier {
namespace {

constexpr double kSlopeTolerance = 1e-10;  // on dNLL/dlogT
constexpr int kMaximumSteps = 200;         // bisection alone needs about 60

// First and second derivative of the mean loss by the inverse temperature.
struct Derivatives {
  double slope = 0.0;
  double curvature = 0.0;
};

Derivatives derivatives(const LabelledLogits& data, std::span<const std::size_t> rows, double inverse) {
  Derivatives total;
  for (const std::size_t i : rows) {
    const std::span<const float> row = data.row(i);
    const double peak = *std::max_element(row.begin(), row.end());
    // Distances from the largest logit: the loss does not depend on the origin, and equal logits then give
    // exact zeros.
    double weight = 0.0;
    double first = 0.0;
    double second = 0.0;
    for (const float logit : row) {
      const double distance = static_cast<double>(logit) - peak;
      const double exponential = std::exp(inverse * distance);
      weight += exponential;
      first += exponential * distance;
      second += exponential * distance * distance;
    }
    const double mean = first / weight;
    const double label_distance = static_cast<double>(row[static_cast<std::size_t>(data.labels[i])]) - peak;
    total.slope += mean - label_distance;
    total.curvature += std::max(second / weight - mean * mean, 0.0);
  }
  const double n = static_cast<double>(rows.size());
  return {total.slope / n, total.curvature / n};
}

ScoredAnswers scored(const LabelledLogits& data, std::span<const std::size_t> rows, double temperature) {
  ScoredAnswers answers;
  append_scored(data, rows, temperature, answers);
  return answers;
}

Estimate equal_mass_error(const ScoredAnswers& answers) {
  const std::vector<ReliabilityBin> bins = equal_mass_bins(answers);
  return {expected_calibration_error(bins), calibration_error_interval(bins)};
}

double plug_in(const ScoredAnswers& answers) { return expected_calibration_error(reliability_bins(answers)); }

}  // namespace

double likelihood_slope(const LabelledLogits& data, std::span<const std::size_t> rows, double temperature) {
  QT_CHECK(!rows.empty() && temperature > 0.0, "a slope needs examples and a positive temperature");
  return -derivatives(data, rows, 1.0 / temperature).slope / temperature;
}

FittedTemperature fit_temperature(const LabelledLogits& data, std::span<const std::size_t> rows) {
  QT_CHECK(!rows.empty(), "a temperature needs examples");
  double low = 1.0 / kLargestTemperature;
  double high = 1.0 / kSmallestTemperature;
  const double slope_low = derivatives(data, rows, low).slope;
  const double slope_high = derivatives(data, rows, high).slope;
  // The slope never falls in the inverse temperature, so its signs at the bounds say where the optimum is.
  if (slope_low == 0.0 && slope_high == 0.0) return {.value = 1.0, .converged = true, .at_bound = false};
  if (slope_low >= 0.0) return {.value = kLargestTemperature, .converged = true, .at_bound = true};
  if (slope_high <= 0.0) return {.value = kSmallestTemperature, .converged = true, .at_bound = true};

  double inverse = 1.0;
  bool converged = false;
  double previous_slope = std::numeric_limits<double>::infinity();
  for (int step = 0; step < kMaximumSteps; ++step) {
    const Derivatives at = derivatives(data, rows, inverse);
    // A hundred times finer than promised, so that the promise holds with any order of summation.
    converged = std::abs(inverse * at.slope) < kSlopeTolerance;
    if (std::abs(inverse * at.slope) < 1e-2 * kSlopeTolerance) break;
    (at.slope < 0.0 ? low : high) = inverse;
    const double newton = inverse - at.slope / at.curvature;
    // Newton while it stays inside and at least halves the slope; else the middle of the bracket.
    const bool trust = newton > low && newton < high && std::abs(at.slope) <= 0.5 * previous_slope;
    const double next = trust ? newton : std::sqrt(low * high);
    previous_slope = std::abs(at.slope);
    if (next == inverse || next <= low || next >= high) {
      converged = true;  // the bracket is as narrow as doubles are
      break;
    }
    inverse = next;
  }
  return {.value = 1.0 / inverse, .converged = converged, .at_bound = false};
}

Calibration calibrate(const LabelledLogits& data, std::span<const std::size_t> rows, double gate_threshold,
                      std::span<const double> more_thresholds) {
  QT_CHECK(!rows.empty(), "calibration needs examples");
  Calibration result;
  result.n = rows.size();
  const ScoredAnswers raw = scored(data, rows, 1.0);
  result.bins_before = reliability_bins(raw);
  result.ece_raw = expected_calibration_error(result.bins_before);
  result.ece_raw_debiased = debiased_calibration_error(result.bins_before);
  result.ece_raw_interval = calibration_error_interval(result.bins_before);
  result.ece_raw_equal_mass = equal_mass_error(raw);
  result.scores_raw = proper_scores(data, rows, std::vector<double>(rows.size(), 1.0));

  result.temperature_all = fit_temperature(data, rows);
  result.bins_after = reliability_bins(scored(data, rows, result.temperature_all.value));
  result.ece_temperature_in_sample = expected_calibration_error(result.bins_after);
  result.ece_temperature_in_sample_debiased = debiased_calibration_error(result.bins_after);
  result.ece_temperature_in_sample_interval = calibration_error_interval(result.bins_after);

  std::vector<std::size_t> a;
  std::vector<std::size_t> b;
  for (const std::size_t i : rows) (i % 2 == 0 ? a : b).push_back(i);
  if (a.empty() || b.empty()) return result;

  result.temperature_a = fit_temperature(data, a);
  result.temperature_b = fit_temperature(data, b);
  const double of_a = result.temperature_a->value;
  const double of_b = result.temperature_b->value;
  const ScoredAnswers b_at_a = scored(data, b, of_a);
  const ScoredAnswers a_at_b = scored(data, a, of_b);
  const std::vector<ReliabilityBin> b_bins = reliability_bins(b_at_a);
  const std::vector<ReliabilityBin> a_bins = reliability_bins(a_at_b);
  result.ece_a_to_b = expected_calibration_error(b_bins);
  result.ece_a_to_b_interval = calibration_error_interval(b_bins);
  result.ece_b_to_a = expected_calibration_error(a_bins);
  result.ece_b_to_a_interval = calibration_error_interval(a_bins);
  result.ece_b_raw = plug_in(scored(data, b, 1.0));

  ScoredAnswers pooled = b_at_a;
  append_scored(data, a, of_b, pooled);
  result.bins_after = reliability_bins(pooled);
  result.ece_cross_fitted = expected_calibration_error(result.bins_after);
  result.ece_cross_fitted_debiased = debiased_calibration_error(result.bins_after);
  result.ece_cross_fitted_interval = calibration_error_interval(result.bins_after);
  result.ece_cross_fitted_equal_mass = equal_mass_error(pooled);
  result.gate = confidence_gate(pooled, gate_threshold);
  std::vector<double> thresholds(more_thresholds.begin(), more_thresholds.end());
  thresholds.push_back(gate_threshold);
  std::sort(thresholds.begin(), thresholds.end());
  thresholds.erase(std::unique(thresholds.begin(), thresholds.end()), thresholds.end());
  for (const double threshold : thresholds) result.gates.push_back(confidence_gate(pooled, threshold));

  std::vector<double> temperatures;
  for (const std::size_t i : rows) temperatures.push_back(i % 2 == 0 ? of_b : of_a);
  result.scores_cross_fitted = proper_scores(data, rows, temperatures);

  ScoredAnswers own = scored(data, a, of_a);
  append_scored(data, b, of_b, own);
  result.ece_own_halves = plug_in(own);
  return result;
}

}  // namespace quantier
