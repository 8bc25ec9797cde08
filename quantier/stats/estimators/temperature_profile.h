// Fitting a temperature again and again on reweighted examples, without reading the logits again.
//
// A bootstrap of anything at the fitted temperature fits it in every replicate. What a fit needs of an
// example is one smooth function of log(1/T), the slope of its loss; what a calibration error needs is
// another, its top-1 confidence. Both are read from the logits once, at Chebyshev nodes around the optimum,
// and interpolated (barycentric form: Berrut, Trefethen, "Barycentric Lagrange interpolation", SIAM Review
// 2004). The slope of a weighted sum is the interpolant of the weighted sums at the nodes, so a refit is one
// pass over n x nodes numbers and a root. The number of nodes grows until interpolation errs by less than
// 1e-9 at points between them; a root outside of the window is fitted exactly, from the logits.
//
// The window is ten standard errors of a half of the data to either side, by the sandwich formula.
// Errors: none; logits of the rows must be finite. Deterministic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "quantier/base/thread_pool.h"
#include "quantier/stats/estimators/calibration.h"

namespace quantier {

class TemperatureProfile {
 public:
  // `rows`: positions, not empty. `centre`: a fitted temperature of these rows, within the bounds of
  // temperature.h.
  // `pool` may be null.
  TemperatureProfile(const LabelledLogits& data, std::span<const std::size_t> rows, double centre,
                     ThreadPool* pool = nullptr);

  [[nodiscard]] std::size_t nodes() const { return log_inverse_.size(); }

  // Sums of slopes at the nodes over rows[first + i] with weights[i]; plain sums, so halves can be added.
  [[nodiscard]] std::vector<double> slope_sums(std::size_t first,
                                               std::span<const std::uint32_t> weights) const;
  // The temperature for these sums. first and weights are read only when the root lies outside of the window.
  // 1 when every weight is 0.
  [[nodiscard]] double fit(std::span<const double> slope_sums, std::size_t first,
                           std::span<const std::uint32_t> weights) const;
  // out[i] = top-1 confidence of rows[first + i] at T.
  void confidences(double temperature, std::size_t first, std::span<float> out) const;

 private:
  void read(std::span<const double> log_inverse, ThreadPool* pool);
  [[nodiscard]] std::vector<double> basis(double log_inverse) const;

  LabelledLogits data_;
  std::vector<std::size_t> rows_;
  double low_ = 0.0;  // of log(1/T)
  double high_ = 0.0;
  std::vector<double> log_inverse_;  // nodes
  std::vector<double> barycentric_;  // weights of the nodes
  std::vector<double> slopes_;       // [node][row]
  std::vector<float> confidences_;   // [node][row]
};

}  // namespace quantier
