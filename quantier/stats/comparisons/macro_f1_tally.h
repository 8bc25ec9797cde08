// Per-class counts of one run: what every F1 is made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace quantier::analysis_internal {

// Indexed by class; the last one stands for "no answer" and is never true.
struct ClassTally {
  std::vector<std::uint64_t> hits;       // label and prediction
  std::vector<std::uint64_t> supported;  // label
  std::vector<std::uint64_t> predicted;

  explicit ClassTally(std::size_t classes) : hits(classes), supported(classes), predicted(classes) {}

  void add(std::int32_t label, std::int32_t prediction, std::uint64_t times) {
    supported[static_cast<std::size_t>(label)] += times;
    predicted[static_cast<std::size_t>(prediction)] += times;
    if (label == prediction) hits[static_cast<std::size_t>(label)] += times;
  }
  // 2 tp / (2 tp + fp + fn); 0 for a class that is neither true nor predicted.
  [[nodiscard]] double f1(std::size_t c) const {
    const std::uint64_t both = supported[c] + predicted[c];
    return both == 0 ? 0.0 : 2.0 * static_cast<double>(hits[c]) / static_cast<double>(both);
  }
  // Mean over the named classes; 0 without any.
  [[nodiscard]] double macro_f1(std::span<const std::size_t> classes) const {
    double sum = 0.0;
    for (const std::size_t c : classes) sum += f1(c);
    return classes.empty() ? 0.0 : sum / static_cast<double>(classes.size());
  }
};

}  // namespace quantier::analysis_internal
