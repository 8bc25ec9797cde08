// How far stored weights are from the original ones: sums over one layer, in double.
//
//   SQNR = 10 log10(sum w^2 / sum (w - q)^2) dB, cosine = sum w q / sqrt(sum w^2 * sum q^2)
//
// Both are absent where their denominator is 0: a layer stored without error has no SQNR, a layer of zeros no
// cosine.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

namespace quantier {

class Distortion {
 public:
  void add(std::span<const float> original, std::span<const float> stored) {
    for (std::size_t i = 0; i < original.size(); ++i) {
      const double w = original[i];
      const double q = stored[i];
      signal_ += w * w;
      stored_ += q * q;
      both_ += w * q;
      error_ += (w - q) * (w - q);
      largest_ = std::max(largest_, std::abs(w - q));
    }
  }
  [[nodiscard]] std::optional<double> sqnr_db() const {
    if (!(error_ > 0) || !(signal_ > 0)) return std::nullopt;
    return 10.0 * std::log10(signal_ / error_);
  }
  [[nodiscard]] std::optional<double> cosine() const {
    if (!(signal_ > 0) || !(stored_ > 0)) return std::nullopt;
    return both_ / std::sqrt(signal_ * stored_);
  }
  [[nodiscard]] double largest_error() const { return largest_; }

 private:
  double signal_ = 0;
  double stored_ = 0;
  double both_ = 0;
  double error_ = 0;
  double largest_ = 0;
};

}  // namespace quantier
