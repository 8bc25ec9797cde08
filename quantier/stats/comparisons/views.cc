#include <algorithm>
#include <cmath>

#include "quantier/stats/comparisons/parts.h"

namespace quantier::analysis_internal {

RunView view_of(const Run& run) {
  const Predictions& data = run.predictions;
  RunView view;
  view.run = &run;
  view.predictions.reserve(data.example_count);
  view.right.reserve(data.example_count);
  for (std::size_t i = 0; i < data.example_count; ++i) {
    const std::span<const float> row = data.row(i);
    std::int32_t prediction = argmax(row);
    // argmax only names a NaN when there is nothing else.
    if (std::isnan(row[static_cast<std::size_t>(prediction)])) {
      prediction = static_cast<std::int32_t>(data.class_count);
    }
    view.predictions.push_back(prediction);
    view.right.push_back(prediction == data.labels[i] ? 1 : 0);
    if (std::all_of(row.begin(), row.end(), [](float logit) { return std::isfinite(logit); })) {
      view.finite_rows.push_back(i);
    }
  }
  return view;
}

Split describe_split(const Predictions& predictions, const AnalysisTiers& tiers) {
  Split split;
  split.labels = predictions.labels;
  split.class_count = predictions.class_count;
  split.support.assign(split.class_count, 0);
  for (const std::int32_t label : split.labels) ++split.support[static_cast<std::size_t>(label)];

  const std::size_t tier_count = tiers.names.size();
  split.tier_masks.assign(tier_count, std::vector<std::uint8_t>(split.labels.size(), 0));
  split.tier_examples.assign(tier_count, 0);
  split.tier_classes.assign(tier_count, 0);
  for (std::size_t c = 0; c < tiers.tier_of_class.size(); ++c) {
    if (tiers.tier_of_class[c] < 0 || split.support[c] == 0) continue;
    const auto tier = static_cast<std::size_t>(tiers.tier_of_class[c]);
    split.tier_examples[tier] += split.support[c];
    ++split.tier_classes[tier];
  }
  if (tier_count == 0) return split;
  for (std::size_t i = 0; i < split.labels.size(); ++i) {
    const std::int32_t tier = tiers.tier_of_class[static_cast<std::size_t>(split.labels[i])];
    if (tier >= 0) split.tier_masks[static_cast<std::size_t>(tier)][i] = 1;
  }
  return split;
}

}  // namespace quantier::analysis_internal
