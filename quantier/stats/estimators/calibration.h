// Calibration of the top-1 confidence: does an answer given with confidence 0.9 hold nine times in ten?
//
// Confidence is the largest softmax probability at a temperature T, in double with the largest logit
// subtracted first. The expected calibration error is the plug-in over 15 equal-width bins (lo, hi]; the
// first one also holds confidence 0, the last one is closed at 1. (Naeini, Cooper, Hauskrecht, "Obtaining
// well calibrated probabilities using Bayesian binning", AAAI 2015; Guo et al., "On calibration of modern
// neural networks", ICML 2017, equation 3.)
//
// The plug-in is biased upwards: a bin's gap is an absolute value, so its noise never cancels. The debiased
// estimate subtracts the bias that the plug-in would have if its own gaps were the truth (Kumar, Liang, Ma,
// "Verified uncertainty calibration", NeurIPS 2019, section 5 and their released normal-approximation
// estimator), here in closed form: the mean of |N(gap, s^2)| is that of the folded normal (Leone, Nelson,
// Nottingham, "The folded normal distribution", Technometrics 1961, equation 2). A larger correction (one
// that first shrinks small gaps to 0) was tried in simulation and rejected: it understates true errors of
// 0.02 to 0.05, and an estimate that a limit is judged by should not flatter.
//
// All logits must be finite (the caller selects rows). Errors: none; unequal lengths are bugs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "quantier/stats/estimators/interval.h"

namespace quantier {

inline constexpr std::size_t kCalibrationBins = 15;

// Logits with what is true of them. Row-major [n, class_count]; labels in [0, class_count).
struct LabelledLogits {
  std::span<const float> logits;
  std::size_t class_count = 0;
  std::span<const std::int32_t> labels;
  std::span<const std::uint8_t> right;  // 1 where the prediction is the label

  [[nodiscard]] std::size_t size() const { return labels.size(); }
  [[nodiscard]] std::span<const float> row(std::size_t i) const {
    return logits.subspan(i * class_count, class_count);
  }
};

// Answers reduced to what calibration looks at; both of the same length.
struct ScoredAnswers {
  std::vector<double> confidence;   // in [0, 1]
  std::vector<std::uint8_t> right;  // 0 or 1
};

struct ReliabilityBin {
  double low = 0.0;  // (low, high]
  double high = 0.0;
  std::uint64_t n = 0;
  double mean_confidence = 0.0;  // 0 when n == 0
  double accuracy = 0.0;         // 0 when n == 0
};

// What a confidence threshold lets through.
struct Gate {
  double threshold = 0.8;
  double share = 0.0;              // of the examples: confidence at or above the threshold
  std::optional<double> accuracy;  // of those; absent when none passes
  std::uint64_t n = 0;
  std::uint64_t kept = 0;
  std::uint64_t kept_right = 0;
  Interval share_interval;                    // Wilson
  std::optional<Interval> accuracy_interval;  // Wilson
};

// Mean of |N(mean, deviation^2)|; deviation > 0.
[[nodiscard]] double folded_normal_mean(double mean, double deviation);

[[nodiscard]] double top1_confidence(std::span<const float> row, double temperature);
[[nodiscard]] double class_probability(std::span<const float> row, std::size_t class_id, double temperature);

// Appends the named rows, so that two halves read at two temperatures can be pooled.
void append_scored(const LabelledLogits& data, std::span<const std::size_t> rows, double temperature,
                   ScoredAnswers& answers);

// Always kCalibrationBins bins, empty ones included.
[[nodiscard]] std::vector<ReliabilityBin> reliability_bins(const ScoredAnswers& answers);

// kCalibrationBins bins of as equal numbers as can be: sorted by confidence, the k-th bin ends at rank
// round(k n / 15). Examples of equal confidence are never parted: they all belong to the bin in which their
// first one falls, so some bins may be larger and later ones empty. `low` and `high` are the confidences at
// the ends.
[[nodiscard]] std::vector<ReliabilityBin> equal_mass_bins(const ScoredAnswers& answers);

// Weighted mean of |accuracy - confidence| over the bins; 0 without examples.
[[nodiscard]] double expected_calibration_error(std::span<const ReliabilityBin> bins);
// Plug-in minus its estimated bias, never below 0.
[[nodiscard]] double debiased_calibration_error(std::span<const ReliabilityBin> bins);

// Mean over the named rows of -log softmax(logits / T)[label], in nats. `rows` must not be empty.
[[nodiscard]] double mean_negative_log_likelihood(const LabelledLogits& data,
                                                  std::span<const std::size_t> rows, double temperature);

// Means over the named rows of three proper scores at a temperature, with the interval of a mean (central
// limit).
struct ProperScores {
  Estimate negative_log_likelihood;  // nats
  Estimate brier;       // sum over the classes of (p - y)^2: 0..2 (Brier, Monthly Weather Review 1950)
  Estimate brier_top1;  // (confidence - right)^2: 0..1
};

// One temperature a row, so that two halves read at two temperatures can be pooled. `rows` must not be empty.
[[nodiscard]] ProperScores proper_scores(const LabelledLogits& data, std::span<const std::size_t> rows,
                                         std::span<const double> temperatures);

// Mean with the interval mean +- 1.96 standard errors; not empty.
[[nodiscard]] Estimate mean_with_interval(std::span<const double> values);

// `answers` must not be empty.
[[nodiscard]] Gate confidence_gate(const ScoredAnswers& answers, double threshold);

}  // namespace quantier
