// One run, ready to be read again and again: calibration on any rows, at any temperature, with either edge of
// the bins. Rows whose logits are not finite are left out. Errors: none; labels must be class ids.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "quantier/record/run.h"
#include "quantier/stats/estimators/calibration.h"
#include "quantier/stats/estimators/temperature.h"

namespace quantier::import_internal {

using Rows = std::vector<std::size_t>;

// One run with what is needed to read its calibration again and again.
class Reading {
 public:
  explicit Reading(const Run& run) : run_(&run) {
    const Predictions& data = run.predictions;
    right_.resize(data.example_count);
    for (std::size_t i = 0; i < data.example_count; ++i) {
      const auto row = data.row(i);
      right_[i] = argmax(row) == data.labels[i] ? 1 : 0;
      if (!std::ranges::all_of(row, [](float v) { return std::isfinite(v); })) continue;
      all_.push_back(i);
      (i % 2 == 0 ? even_ : odd_).push_back(i);
    }
  }
  [[nodiscard]] const Rows& all() const { return all_; }
  [[nodiscard]] const Rows& even() const { return even_; }
  [[nodiscard]] const Rows& odd() const { return odd_; }
  [[nodiscard]] LabelledLogits data() const {
    const Predictions& p = run_->predictions;
    return {p.logits, p.class_count, p.labels, right_};
  }
  [[nodiscard]] double ece(const Rows& rows, double temperature, bool closed_left = false) const {
    ScoredAnswers answers;
    append_scored(data(), rows, temperature, answers);
    if (!closed_left) return expected_calibration_error(reliability_bins(answers));
    // [lo, hi): turned round, the bins (lo, hi] of 1 - confidence.
    ScoredAnswers turned;
    turned.confidence.reserve(answers.confidence.size());
    for (std::size_t i = 0; i < answers.confidence.size(); ++i) {
      turned.confidence.push_back(1.0 - answers.confidence[i]);
      turned.right.push_back(answers.right[i] != 0 ? 0 : 1);
    }
    return expected_calibration_error(reliability_bins(turned));
  }
  [[nodiscard]] double nll(const Rows& rows, double temperature) const {
    return mean_negative_log_likelihood(data(), rows, temperature);
  }
  [[nodiscard]] double optimum(const Rows& rows) const { return fit_temperature(data(), rows).value; }
  [[nodiscard]] const Run& run() const { return *run_; }

 private:
  const Run* run_;
  std::vector<std::uint8_t> right_;
  Rows all_, even_, odd_;
};

}  // namespace quantier::import_internal
