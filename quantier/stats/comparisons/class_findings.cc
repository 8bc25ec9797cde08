// Per-class F1 and errors: of each run, and of each candidate beside its reference.

#include <algorithm>
#include <cmath>
#include <map>

#include "quantier/stats/comparisons/macro_f1_tally.h"
#include "quantier/stats/comparisons/paired_counts.h"
#include "quantier/stats/comparisons/parts.h"

namespace quantier::analysis_internal {
namespace {

constexpr std::size_t kConfusedPairs = 10;

ClassTally tally_of(const RunView& view, const Split& split) {
  ClassTally tally(split.predicted_classes());
  for (std::size_t i = 0; i < split.labels.size(); ++i) tally.add(split.labels[i], view.predictions[i], 1);
  return tally;
}

Interval class_interval(std::span<const float> values, const char* method) {
  std::vector<double> column(values.begin(), values.end());
  return summarise_replicates(column, method).interval;
}

// Share of the variance of macro-F1 that classes carry: their covariances with it add up to it.
std::vector<SupportShare> support_shares(std::size_t run, const Split& split,
                                         const JointReplicates& replicates) {
  const std::vector<std::size_t> classes = split.supported_classes();
  const auto count = static_cast<double>(classes.size());
  const std::size_t n = replicates.class_replicates;
  std::vector<double> macro(n, 0.0);
  for (const std::size_t c : classes) {
    const std::span<const float> values = replicates.class_f1_of(run, c);
    for (std::size_t r = 0; r < n; ++r) macro[r] += static_cast<double>(values[r]) / count;
  }
  double mean = 0.0;
  for (const double value : macro) mean += value / static_cast<double>(n);
  double variance = 0.0;
  for (const double value : macro) variance += (value - mean) * (value - mean);
  std::vector<SupportShare> shares;
  for (const std::uint64_t at_most : {1U, 2U, 4U}) {
    SupportShare share;
    share.at_most = at_most;
    double covariance = 0.0;
    for (const std::size_t c : classes) {
      if (split.support[c] > at_most) continue;
      ++share.classes;
      share.examples += split.support[c];
      const std::span<const float> values = replicates.class_f1_of(run, c);
      for (std::size_t r = 0; r < n; ++r)
        covariance += static_cast<double>(values[r]) / count * (macro[r] - mean);
    }
    share.weight = static_cast<double>(share.classes) / count;
    if (variance > 0.0) share.variance_share = covariance / variance;
    shares.push_back(share);
  }
  return shares;
}

// One past the last tier: a class in none, or no answer.
std::size_t tier_of(std::int32_t class_id, const AnalysisTiers& tiers) {
  const auto c = static_cast<std::size_t>(class_id);
  if (c >= tiers.tier_of_class.size() || tiers.tier_of_class[c] < 0) return tiers.names.size();
  return static_cast<std::size_t>(tiers.tier_of_class[c]);
}

std::vector<std::vector<std::uint64_t>> tier_matrix(const AnalysisTiers& tiers) {
  const std::size_t size = tiers.names.size() + 1;
  return std::vector(size, std::vector<std::uint64_t>(size, 0));
}

ErrorLanding landing_of(const RunView& view, const Split& split, const AnalysisTiers& tiers) {
  ErrorLanding landing{tier_matrix(tiers)};
  for (std::size_t i = 0; i < split.labels.size(); ++i) {
    if (view.right[i] != 0) continue;
    ++landing.errors[tier_of(split.labels[i], tiers)][tier_of(view.predictions[i], tiers)];
  }
  return landing;
}

FlipLanding flip_landing_of(const RunView& reference, const RunView& candidate, const AnalysisTiers& tiers) {
  FlipLanding landing{tier_matrix(tiers), tier_matrix(tiers), tier_matrix(tiers)};
  for (std::size_t i = 0; i < reference.predictions.size(); ++i) {
    if (reference.predictions[i] == candidate.predictions[i]) continue;
    auto& matrix = reference.right[i] != 0   ? landing.right_to_wrong
                   : candidate.right[i] != 0 ? landing.wrong_to_right
                                             : landing.wrong_to_wrong;
    ++matrix[tier_of(reference.predictions[i], tiers)][tier_of(candidate.predictions[i], tiers)];
  }
  return landing;
}

std::vector<ConfusedPair> confused_pairs(const RunView& reference, const RunView& candidate,
                                         const Split& split) {
  std::map<std::pair<std::int32_t, std::int32_t>, ConfusedPair> pairs;
  for (std::size_t i = 0; i < split.labels.size(); ++i) {
    if (reference.right[i] == 0) ++pairs[{split.labels[i], reference.predictions[i]}].reference;
    if (candidate.right[i] == 0) ++pairs[{split.labels[i], candidate.predictions[i]}].candidate;
  }
  std::vector<ConfusedPair> all;
  for (auto& [ids, pair] : pairs) {
    pair.label_id = ids.first;
    pair.answer_id = ids.second;
    all.push_back(pair);
  }
  std::stable_sort(all.begin(), all.end(), [](const ConfusedPair& a, const ConfusedPair& b) {
    return std::max(a.reference, a.candidate) > std::max(b.reference, b.candidate);
  });
  all.resize(std::min(all.size(), kConfusedPairs));
  return all;
}

double group_f1(const ClassTally& tally, const Split& split, const AnalysisTiers& tiers,
                std::optional<std::size_t> tier) {
  std::vector<std::size_t> classes;
  for (const std::size_t c : split.supported_classes()) {
    if (!tier || tiers.tier_of_class[c] == static_cast<std::int32_t>(*tier)) classes.push_back(c);
  }
  return tally.macro_f1(classes);
}

ClassComparison compare_classes(std::size_t reference_index, std::size_t candidate_index,
                                const std::vector<RunView>& views, const Split& split,
                                const AnalysisTiers& tiers, const JointReplicates& replicates) {
  const RunView& reference = views[reference_index];
  const RunView& candidate = views[candidate_index];
  ClassComparison result;
  result.model = candidate.run->configuration.model;
  result.recipe = candidate.run->configuration.recipe;
  result.reference_recipe = reference.run->configuration.recipe;
  result.run_key = candidate.run->key;
  result.reference_run_key = reference.run->key;
  const ClassTally before = tally_of(reference, split);
  const ClassTally after = tally_of(candidate, split);
  const auto difference_of = [](auto a, auto b, const char* method) {
    std::vector<double> column(a.size());
    for (std::size_t r = 0; r < column.size(); ++r) {
      column[r] = static_cast<double>(a[r]) - static_cast<double>(b[r]);
    }
    return summarise_replicates(column, method).interval;
  };
  constexpr const char* kPaired = "paired percentile bootstrap";
  for (std::size_t group = 0; group <= tiers.names.size(); ++group) {
    if (group > 0 && split.tier_examples[group - 1] == 0) continue;
    const std::optional<std::size_t> tier = group == 0 ? std::nullopt : std::optional(group - 1);
    TierF1Difference difference;
    difference.tier = tier ? tiers.names[*tier] : "all";
    difference.reference = group_f1(before, split, tiers, tier);
    difference.candidate = group_f1(after, split, tiers, tier);
    difference.difference = {difference.candidate - difference.reference,
                             difference_of(replicates.macro_f1_of(group, candidate_index),
                                           replicates.macro_f1_of(group, reference_index), kPaired)};
    result.macro_f1.push_back(std::move(difference));
  }
  std::vector<FlipCounts> flips(split.class_count);
  for (std::size_t i = 0; i < split.labels.size(); ++i) {
    if (reference.predictions[i] == candidate.predictions[i]) continue;
    FlipCounts& own = flips[static_cast<std::size_t>(split.labels[i])];
    ++(reference.right[i] != 0   ? own.right_to_wrong
       : candidate.right[i] != 0 ? own.wrong_to_right
                                 : own.wrong_to_wrong);
  }
  std::vector<double> p_values;
  for (const std::size_t c : split.supported_classes()) {
    ClassDifference one;
    one.label_id = static_cast<std::int32_t>(c);
    one.n = split.support[c];
    one.f1_reference = before.f1(c);
    one.f1_candidate = after.f1(c);
    one.f1_difference = one.f1_candidate - one.f1_reference;
    one.f1_interval = difference_of(replicates.class_f1_of(candidate_index, c),
                                    replicates.class_f1_of(reference_index, c), kPaired);
    one.flips = flips[c];
    one.mcnemar_mid_p = mcnemar_mid_p_value(one.flips.right_to_wrong, one.flips.wrong_to_right);
    p_values.push_back(one.mcnemar_mid_p);
    if (before.hits[c] > 0 && after.hits[c] == 0) result.fell_to_zero.push_back(one.label_id);
    if (before.hits[c] == 0 && after.hits[c] > 0) result.rose_from_zero.push_back(one.label_id);
    result.classes.push_back(std::move(one));
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (std::size_t k = 0; k < adjusted.size(); ++k) result.classes[k].holm_p = adjusted[k];
  result.confused = confused_pairs(reference, candidate, split);
  result.flip_landing = flip_landing_of(reference, candidate, tiers);
  return result;
}

HiddenFinding hidden_of(const ClassComparison& classes, const RunView& reference, const RunView& candidate,
                        const Analysis& analysis) {
  HiddenFinding finding;
  finding.model = classes.model;
  finding.recipe = classes.recipe;
  finding.reference_recipe = classes.reference_recipe;
  finding.macro_f1_difference = classes.macro_f1.front().difference;
  const Interval& interval = finding.macro_f1_difference.interval;
  finding.macro_f1 = interval.low > 0.0    ? AggregateWord::kRose
                     : interval.high < 0.0 ? AggregateWord::kFell
                                           : AggregateWord::kUnmoved;
  const auto right = [](const RunView& view) {
    return static_cast<double>(std::count(view.right.begin(), view.right.end(), std::uint8_t{1}));
  };
  finding.accuracy_difference =
      (right(candidate) - right(reference)) / static_cast<double>(candidate.right.size());
  const auto against = [&](double change) {
    return finding.macro_f1 == AggregateWord::kFell ? change > 0.0 : change < 0.0;
  };
  for (std::size_t i = 0; i < analysis.comparisons.size(); ++i) {
    const TierComparison& comparison = analysis.comparisons[i];
    if (comparison.model == classes.model && comparison.recipe == classes.recipe &&
        comparison.run_key == classes.run_key && comparison.evidence != EvidenceWord::kUnresolved &&
        against(comparison.delta)) {
      finding.comparisons.push_back(i);
    }
  }
  for (const ClassDifference& one : classes.classes) {
    if (one.holm_p < 0.05 && against(static_cast<double>(one.flips.net())))
      finding.classes.push_back(one.label_id);
  }
  finding.hides = !finding.comparisons.empty() || !finding.classes.empty();
  return finding;
}

}  // namespace

void add_class_findings(const std::vector<RunView>& views, const Split& split, const AnalysisTiers& tiers,
                        const AnalysisOptions& options, const JointReplicates& replicates,
                        Analysis& analysis) {
  for_each_task(options.pool, views.size(), [&](std::size_t run) {
    ConfigurationFindings& findings = analysis.configurations[run];
    const ClassTally tally = tally_of(views[run], split);
    for (std::size_t c = 0; c < split.class_count; ++c) {
      ClassQuality quality;
      quality.label_id = static_cast<std::int32_t>(c);
      quality.n = tally.supported[c];
      quality.predicted = tally.predicted[c];
      quality.hits = tally.hits[c];
      if (quality.n > 0) {
        quality.accuracy = static_cast<double>(quality.hits) / static_cast<double>(quality.n);
        quality.f1_interval = class_interval(replicates.class_f1_of(run, c), "percentile bootstrap");
      }
      if (quality.n + quality.predicted > 0) quality.f1 = tally.f1(c);
      findings.classes.push_back(std::move(quality));
    }
    findings.support = support_shares(run, split, replicates);
    findings.error_landing = landing_of(views[run], split, tiers);
    for (std::size_t t = 0; t < tiers.names.size(); ++t) {
      if (split.tier_examples[t] == 0) continue;
      const std::span<const double> values = replicates.macro_f1_of(1 + t, run);
      std::vector<double> column(values.begin(), values.end());
      findings.quality.tiers[t].macro_f1_interval =
          summarise_replicates(column, "percentile bootstrap").interval;
    }
  });
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (views[i].run->configuration.recipe == options.reference_recipe) continue;
    const std::optional<std::size_t> reference = reference_of(views, i, options.reference_recipe);
    if (!reference) continue;
    analysis.class_comparisons.push_back(compare_classes(*reference, i, views, split, tiers, replicates));
    analysis.hidden.push_back(
        hidden_of(analysis.class_comparisons.back(), views[*reference], views[i], analysis));
    analysis.weakness.push_back(weakness_of(views[*reference], views[i], split, options));
  }
}

}  // namespace quantier::analysis_internal

namespace quantier {

const char* aggregate_word_name(AggregateWord word) {
  switch (word) {
    case AggregateWord::kUnmoved:
      return "unmoved";
    case AggregateWord::kRose:
      return "rose";
    case AggregateWord::kFell:
      return "fell";
  }
  return "";
}

}  // namespace quantier
