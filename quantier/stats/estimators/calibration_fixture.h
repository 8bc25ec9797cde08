// Labelled logits that own their storage, for the tests of calibration and temperature.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "quantier/stats/estimators/calibration.h"

namespace quantier::calibration_fixture {

struct OwnedLogits {
  std::size_t class_count = 0;
  std::vector<float> logits;
  std::vector<std::int32_t> labels;
  std::vector<std::uint8_t> right;
  std::vector<std::size_t> rows;

  OwnedLogits(std::size_t classes, std::vector<float> values, std::vector<std::int32_t> truth)
      : class_count(classes), logits(std::move(values)), labels(std::move(truth)) {
    rows.resize(labels.size());
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    for (const std::size_t i : rows) {
      const auto begin = logits.begin() + static_cast<std::ptrdiff_t>(i * class_count);
      const auto best = std::max_element(begin, begin + static_cast<std::ptrdiff_t>(class_count));
      right.push_back(best - begin == labels[i] ? 1 : 0);
    }
  }

  [[nodiscard]] LabelledLogits view() const {
    return {.logits = logits, .class_count = class_count, .labels = labels, .right = right};
  }
};

}  // namespace quantier::calibration_fixture
