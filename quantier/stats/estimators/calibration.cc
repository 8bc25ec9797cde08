#include "quantier/stats/estimators/calibration.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "quantier/base/check.h"
#include "quantier/stats/estimators/proportion.h"

namespace quantier {
namespace {

constexpr double kNormalQuantile = 1.959963984540054;  // of 0.975

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

std::uint64_t examples_in(std::span<const ReliabilityBin> bins) {
  std::uint64_t total = 0;
  for (const ReliabilityBin& bin : bins) total += bin.n;
  return total;
}

}  // namespace

double folded_normal_mean(double mean, double deviation) {
  const double standard = mean / deviation;
  return deviation * std::sqrt(2.0 / std::numbers::pi) * std::exp(-0.5 * standard * standard) +
         mean * (1.0 - 2.0 * normal_cdf(-standard));
}

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

std::vector<ReliabilityBin> equal_mass_bins(const ScoredAnswers& answers) {
  QT_CHECK(answers.confidence.size() == answers.right.size(), "one verdict a confidence");
  const std::size_t n = answers.confidence.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return answers.confidence[a] < answers.confidence[b];
  });
  std::vector<ReliabilityBin> bins(kCalibrationBins);
  std::size_t next = 0;
  double edge = 0.0;
  for (std::size_t k = 0; k < kCalibrationBins; ++k) {
    // Halves round up.
    const std::size_t end = (2 * (k + 1) * n + kCalibrationBins) / (2 * kCalibrationBins);
    ReliabilityBin& bin = bins[k];
    bin.low = edge;
    std::uint64_t right = 0;
    while (next < n && (next < end || (bin.n > 0 && answers.confidence[order[next]] == edge))) {
      edge = answers.confidence[order[next]];
      bin.mean_confidence += edge;
      right += answers.right[order[next]];
      ++bin.n;
      ++next;
    }
    bin.high = edge;
    if (bin.n == 0) continue;
    bin.mean_confidence /= static_cast<double>(bin.n);
    bin.accuracy = static_cast<double>(right) / static_cast<double>(bin.n);
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

Estimate mean_with_interval(std::span<const double> values) {
  QT_CHECK(!values.empty(), "a mean needs values");
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double square = 0.0;
  for (const double value : values) square += (value - mean) * (value - mean);
  const double error = values.size() > 1 ? std::sqrt(square / (n - 1.0) / n) : 0.0;
  return {.value = mean,
          .interval = {.low = mean - kNormalQuantile * error,
                       .high = mean + kNormalQuantile * error,
                       .level = 0.95,
                       .method = "mean, central limit"}};
}

ProperScores proper_scores(const LabelledLogits& data, std::span<const std::size_t> rows,
                           std::span<const double> temperatures) {
  QT_CHECK(!rows.empty() && rows.size() == temperatures.size() && data.right.size() == data.size(),
           "scores need examples with a temperature and a verdict each");
  std::vector<double> loss;
  std::vector<double> brier;
  std::vector<double> top1;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const std::size_t i = rows[k];
    const std::span<const float> row = data.row(i);
    const double peak = largest(row);
    const auto label = static_cast<std::size_t>(data.labels[i]);
    double sum = 0.0;
    double squares = 0.0;
    double of_label = 0.0;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const double exponential = std::exp((static_cast<double>(row[c]) - peak) / temperatures[k]);
      sum += exponential;
      squares += exponential * exponential;
      if (c == label) of_label = exponential;
    }
    const double p = of_label / sum;
    loss.push_back(std::log(sum) - (static_cast<double>(row[label]) - peak) / temperatures[k]);
    brier.push_back(squares / (sum * sum) - 2.0 * p + 1.0);
    const double miss = 1.0 / sum - static_cast<double>(data.right[i]);
    top1.push_back(miss * miss);
  }
  return {mean_with_interval(loss), mean_with_interval(brier), mean_with_interval(top1)};
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
  gate.n = answers.confidence.size();
  gate.kept = passed;
  gate.kept_right = right;
  gate.share = static_cast<double>(passed) / static_cast<double>(gate.n);
  gate.share_interval = wilson_interval(passed, gate.n);
  if (passed > 0) {
    gate.accuracy = static_cast<double>(right) / static_cast<double>(passed);
    gate.accuracy_interval = wilson_interval(right, passed);
  }
  return gate;
}

}  // namespace quantier
