#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/rng.h"
#include "quantier/stats/comparisons/joint_bootstrap.h"
#include "quantier/stats/comparisons/paired_counts.h"
#include "quantier/stats/comparisons/parts.h"

namespace quantier::analysis_internal {
namespace {

constexpr std::uint64_t kFewFlips = 20;
constexpr std::uint64_t kClusterReplicates = 2000;
constexpr std::uint64_t kClusterStream = std::uint64_t{1} << 40;  // beside the replicates of other bootstraps

// What is compared, before anything is looked at: this list is the family of Holm's correction.
struct Planned {
  std::size_t candidate = 0;
  std::size_t reference = 0;
  std::optional<std::size_t> tier;  // absent: all examples
};

std::vector<Planned> plan(const std::vector<RunView>& views, const Split& split,
                          const AnalysisOptions& options, std::vector<std::string>& remarks) {
  std::vector<Planned> family;
  std::set<std::pair<std::string, std::string>> without_reference;
  for (std::size_t i = 0; i < views.size(); ++i) {
    const ConfigurationId& id = views[i].run->configuration;
    if (id.recipe == options.reference_recipe) continue;
    const std::optional<std::size_t> reference = reference_of(views, i, options.reference_recipe);
    if (!reference) {
      if (without_reference.insert({id.model, id.device}).second) {
        remarks.push_back(fmt::format(
            "{} on {}: there is no run at {}, the reference recipe, so its other recipes are not compared",
            id.model, id.device, options.reference_recipe));
      }
      continue;
    }
    family.push_back({i, *reference, std::nullopt});
    for (std::size_t t = 0; t < split.tier_examples.size(); ++t) {
      if (split.tier_examples[t] > 0) family.push_back({i, *reference, t});
    }
  }
  return family;
}

std::uint64_t right_in(const RunView& view, std::span<const std::uint8_t> mask) {
  std::uint64_t right = 0;
  for (std::size_t i = 0; i < view.right.size(); ++i) {
    if (mask.empty() || mask[i] != 0) right += view.right[i];
  }
  return right;
}

// Resamples whole classes with their examples. Percentile interval; absent with fewer than two classes.
std::optional<Interval> class_clustered_interval(const RunView& reference, const RunView& candidate,
                                                 const Split& split, std::span<const std::uint8_t> mask,
                                                 std::uint64_t seed) {
  struct Cluster {
    double n = 0.0;
    double net = 0.0;
  };
  std::vector<Cluster> by_class(split.class_count);
  for (std::size_t i = 0; i < split.labels.size(); ++i) {
    if (!mask.empty() && mask[i] == 0) continue;
    Cluster& cluster = by_class[static_cast<std::size_t>(split.labels[i])];
    cluster.n += 1.0;
    cluster.net += static_cast<double>(candidate.right[i]) - static_cast<double>(reference.right[i]);
  }
  std::erase_if(by_class, [](const Cluster& cluster) { return cluster.n == 0.0; });
  if (by_class.size() < 2) return std::nullopt;
  std::vector<double> values;
  for (std::uint64_t r = 0; r < kClusterReplicates; ++r) {
    Philox random(seed, kClusterStream + r);
    Cluster sum;
    for (std::size_t k = 0; k < by_class.size(); ++k) {
      const Cluster& drawn = by_class[static_cast<std::size_t>(random.next_below(by_class.size()))];
      sum.n += drawn.n;
      sum.net += drawn.net;
    }
    values.push_back(sum.net / sum.n);
  }
  return summarise_replicates(values, "class-clustered percentile bootstrap").interval;
}

// The same model, recipe and device on the second split.
const RunView* same_configuration(const std::vector<RunView>& views, const RunView& wanted) {
  const ConfigurationId& id = wanted.run->configuration;
  for (const RunView& view : views) {
    const ConfigurationId& other = view.run->configuration;
    if (other.model == id.model && other.recipe == id.recipe && other.device == id.device) return &view;
  }
  return nullptr;
}

void read_second_split(const std::vector<RunView>& views, const std::vector<Planned>& family,
                       const AnalysisTiers& tiers, const std::vector<Run>& runs, Analysis& analysis) {
  std::vector<RunView> second;
  second.reserve(runs.size());
  for (const Run& run : runs) second.push_back(view_of(run));
  const Split split = describe_split(runs.front().predictions, tiers);
  for (std::size_t i = 0; i < family.size(); ++i) {
    const RunView* candidate = same_configuration(second, views[family[i].candidate]);
    const RunView* reference = same_configuration(second, views[family[i].reference]);
    const std::uint64_t n = family[i].tier ? split.tier_examples[*family[i].tier] : split.labels.size();
    if (candidate == nullptr || reference == nullptr || n == 0) {
      analysis.remarks.push_back(fmt::format("{} {}, {}: the second split does not hold it; R stays computed",
                                             analysis.comparisons[i].model, analysis.comparisons[i].recipe,
                                             analysis.comparisons[i].tier));
      continue;
    }
    SecondSplitFinding finding;
    finding.split = candidate->run->split;
    finding.n = n;
    finding.flips =
        count_flips(split.labels, reference->predictions, candidate->predictions,
                    family[i].tier ? std::span<const std::uint8_t>(split.tier_masks[*family[i].tier])
                                   : std::span<const std::uint8_t>());
    finding.delta = static_cast<double>(finding.flips.net()) / static_cast<double>(n);
    finding.mcnemar_mid_p = mcnemar_mid_p_value(finding.flips.right_to_wrong, finding.flips.wrong_to_right);
    finding.repeats = finding.mcnemar_mid_p < 0.05 && finding.delta * analysis.comparisons[i].delta > 0.0;
    analysis.comparisons[i].second_split = finding;
  }
}

}  // namespace

TierComparison compare_masked(const RunView& reference, const RunView& candidate, const Split& split,
                              std::span<const std::uint8_t> mask, const std::string& name,
                              const AnalysisOptions& options) {
  TierComparison result;
  result.model = candidate.run->configuration.model;
  result.recipe = candidate.run->configuration.recipe;
  result.reference_recipe = reference.run->configuration.recipe;
  result.tier = name;
  result.run_key = candidate.run->key;
  result.reference_run_key = reference.run->key;
  std::vector<std::uint8_t> present(split.class_count, 0);
  for (std::size_t i = 0; i < split.labels.size(); ++i) {
    if (!mask.empty() && mask[i] == 0) continue;
    ++result.n;
    present[static_cast<std::size_t>(split.labels[i])] = 1;
  }
  result.classes = static_cast<std::uint64_t>(std::count(present.begin(), present.end(), std::uint8_t{1}));
  const auto n = static_cast<double>(result.n);
  result.accuracy_reference = static_cast<double>(right_in(reference, mask)) / n;
  result.accuracy_candidate = static_cast<double>(right_in(candidate, mask)) / n;
  result.flips = count_flips(split.labels, reference.predictions, candidate.predictions, mask);
  const PairedCounts counts{result.n, result.flips.right_to_wrong, result.flips.wrong_to_right};
  result.delta = counts.difference();
  result.tango = tango_score_interval(counts);
  result.bootstrap = exact_bootstrap_interval(counts);
  result.few_flips = result.flips.discordant() < kFewFlips;
  result.mcnemar_mid_p = mcnemar_mid_p_value(counts.lost, counts.gained);
  result.replication = replication_probability(counts);
  result.minimal_detectable_effect = smallest_detectable_difference(counts);
  result.n_to_resolve = examples_to_resolve(counts);
  if (const std::optional<HalfSplits> halves = half_splits_of(counts)) {
    result.half_splits = HalfSplitFinding{halves->same_sign_in_both, halves->half_reaches_significance};
  }
  result.class_clustered = class_clustered_interval(reference, candidate, split, mask, options.seed);
  result.margin = options.margin;
  return result;
}

void judge(TierComparison& comparison, double holm_p) {
  comparison.holm_p = holm_p;
  if (comparison.second_split) comparison.replication = comparison.second_split->repeats ? 1.0 : 0.0;
  comparison.evidence = evidence_word(comparison.tango, comparison.holm_p, comparison.replication);
  comparison.size = size_word(comparison.tango, comparison.margin);
  if (comparison.evidence != EvidenceWord::kUnresolved) comparison.n_to_resolve.reset();
}

std::optional<std::size_t> reference_of(const std::vector<RunView>& views, std::size_t candidate,
                                        const std::string& recipe) {
  const ConfigurationId& wanted = views[candidate].run->configuration;
  for (std::size_t i = 0; i < views.size(); ++i) {
    const ConfigurationId& id = views[i].run->configuration;
    if (id.recipe == recipe && id.model == wanted.model && id.device == wanted.device) return i;
  }
  return std::nullopt;
}

Status compare_with_reference(const std::vector<RunView>& views, const Split& split,
                              const AnalysisTiers& tiers, const AnalysisOptions& options,
                              Analysis& analysis) {
  const std::vector<Planned> family = plan(views, split, options, analysis.remarks);
  analysis.family_size = family.size();
  analysis.comparisons.resize(family.size());
  const auto report = [&](std::uint64_t done) {
    if (options.progress) options.progress({"statistics: comparisons", done, family.size()});
  };
  report(0);
  for_each_task(options.pool, family.size(), [&](std::size_t task) {
    if (stop_requested(options.interrupt)) return;
    const Planned& planned = family[task];
    const std::span<const std::uint8_t> mask =
        planned.tier ? std::span<const std::uint8_t>(split.tier_masks[*planned.tier])
                     : std::span<const std::uint8_t>();
    analysis.comparisons[task] =
        compare_masked(views[planned.reference], views[planned.candidate], split, mask,
                       planned.tier ? tiers.names[*planned.tier] : "all", options);
  });
  if (stop_requested(options.interrupt)) return interrupted();
  report(family.size());

  if (options.second_split != nullptr && !options.second_split->empty()) {
    read_second_split(views, family, tiers, *options.second_split, analysis);
  }
  std::vector<double> p_values;
  p_values.reserve(analysis.comparisons.size());
  for (const TierComparison& comparison : analysis.comparisons) {
    p_values.push_back(comparison.mcnemar_mid_p);
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (std::size_t i = 0; i < analysis.comparisons.size(); ++i) {
    judge(analysis.comparisons[i], adjusted[i]);
  }
  return {};
}

}  // namespace quantier::analysis_internal
