#include <algorithm>
#include <cmath>

#include "quantier/stats/comparisons/macro_f1_tally.h"
#include "quantier/stats/comparisons/parts.h"
#include "quantier/stats/estimators/proportion.h"

namespace quantier::analysis_internal {
namespace {

double share(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

// Both macro-F1 differ by more than this: the note says so.
constexpr double kTellTheTwoApart = 0.001;

std::vector<TierQuality> tiers_of(const RunView& view, const Split& split, const AnalysisTiers& tiers,
                                  const ClassTally& tally) {
  std::vector<TierQuality> qualities;
  for (std::size_t t = 0; t < tiers.names.size(); ++t) {
    TierQuality quality;
    quality.name = tiers.names[t];
    quality.n = split.tier_examples[t];
    quality.classes = split.tier_classes[t];
    if (quality.n > 0) {
      std::uint64_t right = 0;
      for (std::size_t i = 0; i < view.right.size(); ++i) right += view.right[i] & split.tier_masks[t][i];
      quality.accuracy = share(right, quality.n);
      std::vector<std::size_t> classes;
      for (std::size_t c = 0; c < split.class_count; ++c) {
        if (split.support[c] > 0 && tiers.tier_of_class[c] == static_cast<std::int32_t>(t)) {
          classes.push_back(c);
        }
      }
      quality.macro_f1 = tally.macro_f1(classes);
    }
    qualities.push_back(quality);
  }
  return qualities;
}

}  // namespace

Quality quality_of(const RunView& view, const Split& split, const AnalysisTiers& tiers) {
  ClassTally tally(split.predicted_classes());
  for (std::size_t i = 0; i < split.labels.size(); ++i) tally.add(split.labels[i], view.predictions[i], 1);
  std::vector<std::size_t> present;
  for (std::size_t c = 0; c < split.predicted_classes(); ++c) {
    if (tally.supported[c] + tally.predicted[c] > 0) present.push_back(c);
  }
  const std::vector<std::size_t> fixed = split.supported_classes();

  Quality quality;
  quality.n = split.labels.size();
  quality.classes_with_support = fixed.size();
  quality.accuracy =
      share(static_cast<std::uint64_t>(std::count(view.right.begin(), view.right.end(), 1)), quality.n);
  quality.macro_f1 = tally.macro_f1(fixed);
  quality.macro_f1_sklearn = tally.macro_f1(present);
  quality.macro_f1_differ = std::abs(quality.macro_f1 - quality.macro_f1_sklearn) > kTellTheTwoApart;
  if (!view.finite_rows.empty()) {
    quality.negative_log_likelihood = mean_negative_log_likelihood(view.labelled(), view.finite_rows, 1.0);
  }
  quality.tiers = tiers_of(view, split, tiers, tally);
  return quality;
}

std::vector<NamedClass> named_classes_of(const RunView& view, const Split& split, const AnalysisTiers& tiers,
                                         const std::vector<std::string>& labels) {
  const std::vector<std::string>& names = view.data().label_names;
  std::vector<NamedClass> classes;
  for (const std::string& label : labels) {
    const auto id = static_cast<std::size_t>(std::find(names.begin(), names.end(), label) - names.begin());
    NamedClass named;
    named.label = label;
    named.label_id = static_cast<std::int32_t>(id);
    if (!tiers.tier_of_class.empty() && tiers.tier_of_class[id] >= 0) {
      named.tier = tiers.names[static_cast<std::size_t>(tiers.tier_of_class[id])];
    }
    named.n = split.support[id];
    std::uint64_t right = 0;
    for (std::size_t i = 0; i < split.labels.size(); ++i) {
      if (split.labels[i] == named.label_id) right += view.right[i];
    }
    if (named.n > 0) {
      named.accuracy = share(right, named.n);
      named.accuracy_interval = wilson_interval(right, named.n);
    }
    double probability = 0.0;
    std::uint64_t read = 0;
    for (const std::size_t i : view.finite_rows) {
      if (split.labels[i] != named.label_id) continue;
      probability += class_probability(view.data().row(i), id, 1.0);
      ++read;
    }
    if (read > 0) named.mean_probability_true = probability / static_cast<double>(read);
    classes.push_back(named);
  }
  return classes;
}

}  // namespace quantier::analysis_internal
