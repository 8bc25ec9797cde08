#include "quantier/quantize/hessian.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include <fmt/format.h>

namespace quantier {
namespace {

// Columns that are finished together; rows below them are then independent of each other.
constexpr std::size_t kPanel = 48;
constexpr std::size_t kRowsOfATask = 32;

// Eight partial sums in a fixed order: fast, and the same everywhere.
double dot(const double* a, const double* b, std::size_t count) {
  double partial[8] = {};
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (std::size_t part = 0; part < 8; ++part) partial[part] += a[i + part] * b[i + part];
  }
  for (; i < count; ++i) partial[0] += a[i] * b[i];
  return ((partial[0] + partial[1]) + (partial[2] + partial[3])) +
         ((partial[4] + partial[5]) + (partial[6] + partial[7]));
}

// A = L L^T in place, lower triangle; false when a pivot is not positive. (Cholesky, row by row.)
bool cholesky(std::vector<double>& a, std::size_t n, ThreadPool& pool) {
  const auto row = [&](std::size_t i) { return a.data() + i * n; };
  for (std::size_t first = 0; first < n; first += kPanel) {
    const std::size_t end = std::min(n, first + kPanel);
    const auto finish_entry = [&](std::size_t i, std::size_t j) {
      row(i)[j] = (row(i)[j] - dot(row(i), row(j), j)) / row(j)[j];
    };
    for (std::size_t i = first; i < end; ++i) {
      for (std::size_t j = first; j < i; ++j) finish_entry(i, j);
      const double pivot = row(i)[i] - dot(row(i), row(i), i);
      if (!(pivot > 0.0) || !std::isfinite(pivot)) return false;
      row(i)[i] = std::sqrt(pivot);
    }
    const std::size_t tasks = (n - end + kRowsOfATask - 1) / kRowsOfATask;
    pool.run(tasks, [&](std::size_t task, std::size_t) {
      const std::size_t begin = end + task * kRowsOfATask;
      for (std::size_t i = begin; i < std::min(n, begin + kRowsOfATask); ++i) {
        for (std::size_t j = first; j < end; ++j) finish_entry(i, j);
      }
    });
  }
  return true;
}

// M with M^T M = values + extra I: the Cholesky factor of the matrix read backwards.
std::optional<std::vector<float>> factor_backwards(const std::vector<float>& values, std::size_t n,
                                                   double extra, ThreadPool& pool) {
  std::vector<double> reversed(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      reversed[i * n + j] = values[(n - 1 - i) * n + (n - 1 - j)];
    }
    reversed[i * n + i] += extra;
  }
  if (!cholesky(reversed, n, pool)) return std::nullopt;
  std::vector<float> factor(n * n, 0.0F);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      factor[i * n + j] = static_cast<float>(reversed[(n - 1 - j) * n + (n - 1 - i)]);
    }
  }
  return factor;
}

Error unusable(const std::string& layer, std::string why) {
  return Error{
      ErrorKind::kUserInput, "the calibration texts say too little about this layer's inputs",
      fmt::format("layer {}", layer), std::move(why),
      "give more and more varied calibration texts, or take a recipe that looks at the weights alone"};
}

}  // namespace

Result<Hessian> factor_hessian(const InputStatistics& statistics, bool largest_first, double damping,
                               const std::string& layer, ThreadPool& pool) {
  const std::size_t n = statistics.in_features;
  if (statistics.rows == 0 || statistics.gram.size() != n * n) {
    return std::unexpected(unusable(layer, "no token was seen"));
  }
  Hessian hessian;
  hessian.size = n;
  std::vector<double> diagonal(n);
  for (std::size_t i = 0; i < n; ++i) {
    diagonal[i] = statistics.gram[i * n + i] / static_cast<double>(statistics.rows);
    if (!std::isfinite(diagonal[i]))
      return std::unexpected(unusable(layer, "an input is not a finite number"));
    if (diagonal[i] <= 0.0) ++hessian.dead_inputs;
  }
  const std::uint64_t alive = n - hessian.dead_inputs;
  if (alive == 0) return std::unexpected(unusable(layer, "all inputs are zero"));
  const double mean = std::accumulate(diagonal.begin(), diagonal.end(), 0.0) / static_cast<double>(alive);

  hessian.order.resize(n);
  std::iota(hessian.order.begin(), hessian.order.end(), 0U);
  if (largest_first) {
    std::ranges::stable_sort(hessian.order,
                             [&](std::uint32_t a, std::uint32_t b) { return diagonal[a] > diagonal[b]; });
  }
  hessian.values.resize(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t row = hessian.order[i];
    for (std::size_t j = 0; j < n; ++j) {
      const double value = statistics.gram[row * n + hessian.order[j]] / static_cast<double>(statistics.rows);
      hessian.values[i * n + j] = static_cast<float>(value);
    }
    if (diagonal[row] <= 0.0) hessian.values[i * n + i] = static_cast<float>(mean);
  }
  constexpr double kSmallestDamping = 1e-4;
  for (hessian.damping = damping; hessian.damping <= 1.0;
       hessian.damping = std::max(hessian.damping * 10.0, kSmallestDamping)) {
    const double lambda = hessian.damping * mean;
    if (auto factor = factor_backwards(hessian.values, n, lambda, pool)) {
      hessian.factor = std::move(*factor);
      for (std::size_t i = 0; i < n; ++i) hessian.values[i * n + i] += static_cast<float>(lambda);
      return hessian;
    }
  }
  return std::unexpected(unusable(layer, "their second moments are singular whatever the damping"));
}

}  // namespace quantier
