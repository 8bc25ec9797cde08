#include "quantier/stats/estimators/temperature_profile.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "quantier/base/check.h"
#include "quantier/stats/estimators/temperature.h"

namespace quantier {
namespace {

constexpr double kStandardErrors = 10.0;
constexpr double kNarrowest = 0.02;
constexpr double kInterpolationError = 1e-9;
constexpr double kConfidenceError = 3e-7;
constexpr std::size_t kFewestNodes = 12;
constexpr std::size_t kMostNodes = 96;
constexpr int kBisections = 60;
constexpr std::size_t kRowsPerTask = 256;

// What one row says at 1/T = inverse.
struct RowReading {
  double slope = 0.0;      // E[z] - z_label, z measured from the largest
  double curvature = 0.0;  // variance of z
  double confidence = 0.0;
};

RowReading read_row(std::span<const float> row, std::int32_t label, double inverse) {
  const double peak = *std::max_element(row.begin(), row.end());
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
  return {.slope = mean - (static_cast<double>(row[static_cast<std::size_t>(label)]) - peak),
          .curvature = std::max(second / weight - mean * mean, 0.0),
          .confidence = 1.0 / weight};
}

std::vector<double> chebyshev_points(std::size_t count, double low, double high) {
  std::vector<double> points;
  for (std::size_t j = 0; j < count; ++j) {
    const double angle =
        (2.0 * static_cast<double>(j) + 1.0) * std::numbers::pi / (2.0 * static_cast<double>(count));
    points.push_back(0.5 * (low + high) + 0.5 * (high - low) * std::cos(angle));
  }
  return points;
}

}  // namespace

TemperatureProfile::TemperatureProfile(const LabelledLogits& data, std::span<const std::size_t> rows,
                                       double centre, ThreadPool* pool)
    : data_(data), rows_(rows.begin(), rows.end()) {
  QT_CHECK(!rows.empty() && centre > 0.0, "a profile needs examples and a temperature");
  const double inverse = 1.0 / centre;
  double square = 0.0;
  double curvature = 0.0;
  for (const std::size_t i : rows) {
    const RowReading reading = read_row(data.row(i), data.labels[i], inverse);
    square += reading.slope * reading.slope;
    curvature += reading.curvature;
  }
  const double lowest = -std::log(kLargestTemperature);
  const double highest = -std::log(kSmallestTemperature);
  // Of log(1/T), for half of the rows. Without curvature the whole range.
  const double error = std::sqrt(2.0 * square) / (curvature * inverse);
  const double half = std::isfinite(error) ? std::max(kStandardErrors * error, kNarrowest) : highest - lowest;
  low_ = std::max(std::log(inverse) - half, lowest);
  high_ = std::min(std::log(inverse) + half, highest);

  // Read at more nodes until the sums agree with the logits at points between the nodes.
  const std::vector<double> between = {low_ + 0.03 * (high_ - low_), low_ + 0.34 * (high_ - low_),
                                       low_ + 0.77 * (high_ - low_)};
  for (std::size_t count = kFewestNodes;; count *= 2) {
    read(chebyshev_points(count, low_, high_), pool);
    if (2 * count > kMostNodes) return;  // refits then err by more than stated, in windows no data has shown
    bool exact = true;
    for (const double at : between) {
      const std::vector<double> weights = basis(at);
      double largest = 0.0;
      double worst_confidence = 0.0;
      const std::size_t stride = std::max<std::size_t>(1, rows_.size() / 512);
      for (std::size_t i = 0; i < rows_.size(); i += stride) {
        const RowReading reading = read_row(data_.row(rows_[i]), data_.labels[rows_[i]], std::exp(at));
        double slope = 0.0;
        double confidence = 0.0;
        for (std::size_t j = 0; j < weights.size(); ++j) {
          slope += weights[j] * slopes_[j * rows_.size() + i];
          confidence += weights[j] * static_cast<double>(confidences_[j * rows_.size() + i]);
        }
        largest = std::max(largest, std::abs(slope - reading.slope) / (1.0 + std::abs(reading.slope)));
        // Confidences are kept in float.
        worst_confidence = std::max(worst_confidence, std::abs(confidence - reading.confidence));
      }
      exact = exact && largest < kInterpolationError && worst_confidence < kConfidenceError;
    }
    if (exact) return;
  }
}

void TemperatureProfile::read(std::span<const double> log_inverse, ThreadPool* pool) {
  const std::size_t count = log_inverse.size();
  const std::size_t n = rows_.size();
  log_inverse_.assign(log_inverse.begin(), log_inverse.end());
  barycentric_.clear();
  for (std::size_t j = 0; j < count; ++j) {
    const double angle =
        (2.0 * static_cast<double>(j) + 1.0) * std::numbers::pi / (2.0 * static_cast<double>(count));
    barycentric_.push_back((j % 2 == 0 ? 1.0 : -1.0) * std::sin(angle));
  }
  slopes_.resize(count * n);
  confidences_.resize(count * n);
  std::vector<double> inverses;
  for (const double at : log_inverse_) inverses.push_back(std::exp(at));
  const auto read_block = [&](std::size_t block) {
    const std::size_t end = std::min((block + 1) * kRowsPerTask, n);
    for (std::size_t i = block * kRowsPerTask; i < end; ++i) {
      for (std::size_t j = 0; j < count; ++j) {
        const RowReading reading = read_row(data_.row(rows_[i]), data_.labels[rows_[i]], inverses[j]);
        slopes_[j * n + i] = reading.slope;
        confidences_[j * n + i] = static_cast<float>(reading.confidence);
      }
    }
  };
  const std::size_t blocks = (n + kRowsPerTask - 1) / kRowsPerTask;
  if (pool == nullptr) {
    for (std::size_t block = 0; block < blocks; ++block) read_block(block);
  } else {
    pool->run(blocks, [&](std::size_t block, std::size_t) { read_block(block); });
  }
}

// Values of the Lagrange polynomials of the nodes.
std::vector<double> TemperatureProfile::basis(double log_inverse) const {
  std::vector<double> values(log_inverse_.size(), 0.0);
  double sum = 0.0;
  for (std::size_t j = 0; j < values.size(); ++j) {
    const double distance = log_inverse - log_inverse_[j];
    if (distance == 0.0) {
      std::fill(values.begin(), values.end(), 0.0);
      values[j] = 1.0;
      return values;
    }
    values[j] = barycentric_[j] / distance;
    sum += values[j];
  }
  for (double& value : values) value /= sum;
  return values;
}

std::vector<double> TemperatureProfile::slope_sums(std::size_t first,
                                                   std::span<const std::uint32_t> weights) const {
  QT_CHECK(first + weights.size() <= rows_.size(), "one weight a row");
  const std::size_t n = weights.size();
  std::vector<double> sums(log_inverse_.size(), 0.0);
  for (std::size_t j = 0; j < sums.size(); ++j) {
    const double* slopes = slopes_.data() + j * rows_.size() + first;
    // Four sums that do not wait for each other; their order is fixed.
    double partial[4] = {0.0, 0.0, 0.0, 0.0};
    std::size_t i = 0;
    for (; i + 4 <= n; i += 4) {
      for (std::size_t lane = 0; lane < 4; ++lane) {
        partial[lane] += static_cast<double>(static_cast<std::int32_t>(weights[i + lane])) * slopes[i + lane];
      }
    }
    for (; i < n; ++i) partial[0] += static_cast<double>(weights[i]) * slopes[i];
    sums[j] = (partial[0] + partial[1]) + (partial[2] + partial[3]);
  }
  return sums;
}

double TemperatureProfile::fit(std::span<const double> slope_sums, std::size_t first,
                               std::span<const std::uint32_t> weights) const {
  QT_CHECK(slope_sums.size() == log_inverse_.size(), "one sum a node");
  if (std::all_of(slope_sums.begin(), slope_sums.end(), [](double sum) { return sum == 0.0; })) return 1.0;
  const auto slope_at = [&](double at) {
    const std::vector<double> values = basis(at);
    double slope = 0.0;
    for (std::size_t j = 0; j < values.size(); ++j) slope += values[j] * slope_sums[j];
    return slope;
  };
  double low = low_;
  double high = high_;
  const double slope_low = slope_at(low);
  const double slope_high = slope_at(high);
  const bool ends_low = low_ <= -std::log(kLargestTemperature);
  const bool ends_high = high_ >= -std::log(kSmallestTemperature);
  if (slope_low >= 0.0 && ends_low) return kLargestTemperature;
  if (slope_high <= 0.0 && ends_high) return kSmallestTemperature;
  if (slope_low >= 0.0 || slope_high <= 0.0) {
    std::vector<std::size_t> repeated;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      repeated.insert(repeated.end(), weights[i], rows_[first + i]);
    }
    return repeated.empty() ? 1.0 : fit_temperature(data_, repeated).value;
  }
  // Regula falsi; an end that stays twice counts half (Illinois), so that both ends move.
  int last_moved = 0;
  double value_low = slope_low;
  double value_high = slope_high;
  for (int step = 0; step < kBisections && high - low > 1e-12; ++step) {
    double middle = low - value_low * (high - low) / (value_high - value_low);
    if (!(middle > low && middle < high)) middle = 0.5 * (low + high);
    const double value = slope_at(middle);
    if (value == 0.0) return std::exp(-middle);
    if (value < 0.0) {
      low = middle;
      value_low = value;
      if (last_moved == -1) value_high *= 0.5;
      last_moved = -1;
    } else {
      high = middle;
      value_high = value;
      if (last_moved == 1) value_low *= 0.5;
      last_moved = 1;
    }
    if (std::abs(value) < 1e-12 * (std::abs(slope_low) + std::abs(slope_high))) return std::exp(-middle);
  }
  return std::exp(-0.5 * (low + high));
}

void TemperatureProfile::confidences(double temperature, std::size_t first, std::span<float> out) const {
  QT_CHECK(first + out.size() <= rows_.size(), "one confidence a row");
  const double at = -std::log(temperature);
  const std::size_t n = out.size();
  if (at < low_ - 1e-12 || at > high_ + 1e-12) {
    for (std::size_t i = 0; i < n; ++i) {
      out[i] = static_cast<float>(top1_confidence(data_.row(rows_[first + i]), temperature));
    }
    return;
  }
  const std::vector<double> values = basis(at);
  std::fill(out.begin(), out.end(), 0.0F);
  for (std::size_t j = 0; j < values.size(); ++j) {
    const auto weight = static_cast<float>(values[j]);
    const float* node = confidences_.data() + j * rows_.size() + first;
    for (std::size_t i = 0; i < n; ++i) out[i] += weight * node[i];
  }
}

}  // namespace quantier
