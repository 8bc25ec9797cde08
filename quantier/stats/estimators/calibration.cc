#include "quantier/stats/estimators/calibration.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "quantier/base/check.h"

namespace quantier {
namespace {

double largest(std::span<const float> row) { return *std::max_element(row.begin(), row.end()); }

double sum_of_exponentials(std::span<const float> row, double peak, double temperature) {
  double sum = 0.0;
  for (const float logit : row) sum += std::exp((static_cast<double>(logit) - peak) / temperature);
  return sum;
}

double bin_edge(std::size_t k) { return static_cast<double>(k) / static_cast<double>(kCalibrationBins); }

std::size_t bin_of(double confidence) {
  for (std::size_t k = 0; k + 1 < kCalibrationBins; ++k) {
    if (confidence <= bin_edge(k + 1)) return k;
  }
  return kCalibrationBins - 1;
}

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

// Mean of |N(mean, deviation^2)|.
double folded_normal_mean(double mean, double deviation) {
  const double standard = mean / deviation;
  return deviation * std::sqrt(2.0 / std::numbers::pi) * std::exp(-0.5 * standard * standard) +
         mean * (1.0 - 2.0 * normal_cdf(-standard));
}

std::uint64_t examples_in(std::span<const ReliabilityBin> bins) {
  std::uint64_t total = 0;
  for (const ReliabilityBin& bin : bins) total += bin.n;
  return total;
}

}  // namespace

double top1_confidence(std::span<const float> row, double temperature) {
  QT_CHECK(!row.empty() && temperature > 0.0, "a confidence needs logits and a positive temperature");
  return 1.0 / sum_of_exponentials(row, largest(row), temperature);
}

double class_probability(std::span<const float> row, std::size_t class_id, double temperature) {
  QT_CHECK(class_id < row.size() && temperature > 0.0, "a probability needs a class of the row");
  const double peak = largest(row);
  return std::exp((static_cast<double>(row[class_id]) - peak) / temperature) /
         sum_of_exponentials(row, peak, temperature);
}

void append_scored(const LabelledLogits& data, std::span<const std::size_t> rows, double temperature,
                   ScoredAnswers& answers) {
  QT_CHECK(data.right.size() == data.size(), "one verdict an example");
  for (const std::size_t i : rows) {
    answers.confidence.push_back(top1_confidence(data.row(i), temperature));
    answers.right.push_back(data.right[i]);
  }
}

std::vector<ReliabilityBin> reliability_bins(const ScoredAnswers& answers) {
  QT_CHECK(answers.confidence.size() == answers.right.size(), "one verdict a confidence");
  std::vector<ReliabilityBin> bins(kCalibrationBins);
  std::vector<std::uint64_t> right(kCalibrationBins, 0);
  for (std::size_t i = 0; i < answers.confidence.size(); ++i) {
    const std::size_t k = bin_of(answers.confidence[i]);
    ++bins[k].n;
    bins[k].mean_confidence += answers.confidence[i];
    right[k] += answers.right[i];
  }
  for (std::size_t k = 0; k < bins.size(); ++k) {
    bins[k].low = bin_edge(k);
    bins[k].high = bin_edge(k + 1);
    if (bins[k].n == 0) continue;
    bins[k].mean_confidence /= static_cast<double>(bins[k].n);
    bins[k].accuracy = static_cast<double>(right[k]) / static_cast<double>(bins[k].n);
  }
  return bins;
}

double expected_calibration_error(std::span<const ReliabilityBin> bins) {
  const std::uint64_t total = examples_in(bins);
  double error = 0.0;
  for (const ReliabilityBin& bin : bins) {
    if (bin.n == 0) continue;
    error += static_cast<double>(bin.n) / static_cast<double>(total) *
             std::abs(bin.accuracy - bin.mean_confidence);
  }
  return error;
}

double debiased_calibration_error(std::span<const ReliabilityBin> bins) {
  const std::uint64_t total = examples_in(bins);
  double error = 0.0;
  for (const ReliabilityBin& bin : bins) {
    if (bin.n == 0) continue;
    const double n = static_cast<double>(bin.n);
    const double gap = std::abs(bin.accuracy - bin.mean_confidence);
    // Jeffreys' estimate of the accuracy, because a bin that is all right still has variance.
    const double smoothed = (bin.accuracy * n + 0.5) / (n + 1.0);
    const double deviation = std::sqrt(smoothed * (1.0 - smoothed) / n);
    const double bias = folded_normal_mean(gap, deviation) - gap;
    error += n / static_cast<double>(total) * (gap - bias);
  }
  return std::max(error, 0.0);
}

double mean_negative_log_likelihood(const LabelledLogits& data, std::span<const std::size_t> rows,
                                    double temperature) {
  QT_CHECK(!rows.empty() && temperature > 0.0, "a likelihood needs examples and a positive temperature");
  double sum = 0.0;
  for (const std::size_t i : rows) {
    const std::span<const float> row = data.row(i);
    const double peak = largest(row);
    const double label_logit = row[static_cast<std::size_t>(data.labels[i])];
    sum += std::log(sum_of_exponentials(row, peak, temperature)) - (label_logit - peak) / temperature;
  }
  return sum / static_cast<double>(rows.size());
}

Gate confidence_gate(const ScoredAnswers& answers, double threshold) {
  QT_CHECK(!answers.confidence.empty() && answers.confidence.size() == answers.right.size(),
           "a gate needs answers");
  std::uint64_t passed = 0;
  std::uint64_t right = 0;
  for (std::size_t i = 0; i < answers.confidence.size(); ++i) {
    if (answers.confidence[i] < threshold) continue;
    ++passed;
    right += answers.right[i];
  }
  Gate gate;
  gate.threshold = threshold;
  gate.share = static_cast<double>(passed) / static_cast<double>(answers.confidence.size());
  if (passed > 0) gate.accuracy = static_cast<double>(right) / static_cast<double>(passed);
  return gate;
}

}  // namespace quantier
