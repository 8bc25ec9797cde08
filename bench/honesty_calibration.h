// Does the interval of the expected calibration error cover? Data sets whose true error is known by
// construction, in several shapes, at several sizes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/rng.h"
#include "quantier/stats/comparisons/parts.h"
#include "quantier/stats/estimators/calibration.h"
#include "quantier/stats/estimators/calibration_interval.h"

namespace quantier::bench {

// How confidences are spread, as a function of a uniform number.
struct ConfidenceLaw {
  const char* name;
  double (*draw)(double uniform);
};

// Where the model is off, before it is scaled to the wanted size; constant in sign within every bin.
struct GapLaw {
  const char* name;
  double (*gap)(double confidence);
};

inline const std::vector<ConfidenceLaw>& confidence_laws() {
  static const std::vector<ConfidenceLaw> laws = {
      {"sure", [](double u) { return 1.0 - 0.85 * u * u; }},
      {"spread", [](double u) { return 0.15 + 0.85 * u; }},
      {"unsure", [](double u) { return 0.15 + 0.85 * u * std::sqrt(u); }},
  };
  return laws;
}

inline int bin_index(double confidence) {
  return std::clamp(static_cast<int>(std::ceil(confidence * 15.0)) - 1, 0, 14);
}

inline const std::vector<GapLaw>& gap_laws() {
  static const std::vector<GapLaw> laws = {
      {"everywhere", [](double) { return 1.0; }},
      {"middle", [](double c) { return c * (1.0 - c); }},
      {"top bin", [](double c) { return bin_index(c) == 14 ? 1.0 : 0.0; }},
      {"alternating", [](double c) { return bin_index(c) % 2 == 0 ? 1.0 : -1.0; }},
  };
  return laws;
}

struct CalibrationTruth {
  std::size_t n = 0;
  double error = 0.0;
  const ConfidenceLaw* confidence = nullptr;
  const GapLaw* gap = nullptr;
};

struct CalibrationCoverage {
  bool possible = true;  // accuracies stay in [0, 1]
  double interval = 0.0;
  double percentile_bootstrap = 0.0;
  double too_low = 0.0;  // the whole interval lies below the truth
  double too_high = 0.0;
  double mean_width = 0.0;
};

inline CalibrationCoverage calibration_coverage(const CalibrationTruth& truth, std::uint32_t data_sets,
                                                std::uint32_t bootstrapped, std::uint64_t seed,
                                                ThreadPool* pool) {
  // Scale the gaps so that their mean size is the wanted error: by quadrature over the uniform number.
  constexpr int kGrid = 200'000;
  double size = 0.0;
  for (int i = 0; i < kGrid; ++i) {
    size += std::abs(truth.gap->gap(truth.confidence->draw((i + 0.5) / kGrid))) / kGrid;
  }
  const double scale = truth.error / size;
  CalibrationCoverage result;
  for (int i = 0; i < 1000; ++i) {
    const double confidence = truth.confidence->draw((i + 0.5) / 1000);
    const double accuracy = confidence - scale * truth.gap->gap(confidence);
    if (accuracy < 0.0 || accuracy > 1.0) result.possible = false;
  }
  // An alternating gap clips at the last bin, an even one at confidence 1: such truths cannot be built.
  if (!result.possible) return result;
  struct One {
    int low = 0;
    int high = 0;
    int bootstrap = 0;
    double width = 0.0;
  };
  std::vector<One> all(data_sets);
  analysis_internal::for_each_task(pool, data_sets, [&](std::size_t set) {
    Philox random(seed, set);
    ScoredAnswers answers;
    for (std::size_t i = 0; i < truth.n; ++i) {
      const double confidence = truth.confidence->draw(random.next_uniform());
      const double accuracy = confidence - scale * truth.gap->gap(confidence);
      answers.confidence.push_back(confidence);
      answers.right.push_back(random.next_uniform() < accuracy ? 1 : 0);
    }
    const std::vector<ReliabilityBin> bins = reliability_bins(answers);
    const Interval interval = calibration_error_interval(bins);
    all[set].low = interval.high < truth.error ? 1 : 0;
    all[set].high = interval.low > truth.error ? 1 : 0;
    all[set].width = interval.high - interval.low;
    if (set >= bootstrapped) return;  // the bootstrap that covers badly, for comparison: on the first few
    std::vector<double> replicates;
    for (int r = 0; r < 200; ++r) {
      ScoredAnswers drawn;
      for (std::size_t i = 0; i < truth.n; ++i) {
        const auto at = static_cast<std::size_t>(random.next_below(truth.n));
        drawn.confidence.push_back(answers.confidence[at]);
        drawn.right.push_back(answers.right[at]);
      }
      replicates.push_back(expected_calibration_error(reliability_bins(drawn)));
    }
    std::sort(replicates.begin(), replicates.end());
    all[set].bootstrap = replicates[4] <= truth.error && truth.error <= replicates[194] ? 1 : 0;
  });
  for (const One& one : all) {
    result.too_low += one.low / static_cast<double>(data_sets);
    result.too_high += one.high / static_cast<double>(data_sets);
    result.mean_width += one.width / static_cast<double>(data_sets);
    if (bootstrapped > 0) result.percentile_bootstrap += one.bootstrap / static_cast<double>(bootstrapped);
  }
  result.interval = 1.0 - result.too_low - result.too_high;
  return result;
}

}  // namespace quantier::bench
