#include <set>
#include <utility>

#include <fmt/format.h>

#include "quantier/stats/comparisons/paired_counts.h"
#include "quantier/stats/comparisons/parts.h"

namespace quantier::analysis_internal {
namespace {

constexpr std::uint64_t kFewFlips = 20;

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

TierComparison compare(const RunView& reference, const RunView& candidate, std::optional<std::size_t> tier,
                       const Split& split, const AnalysisTiers& tiers, double margin) {
  const std::span<const std::uint8_t> mask =
      tier ? std::span<const std::uint8_t>(split.tier_masks[*tier]) : std::span<const std::uint8_t>();
  TierComparison result;
  result.model = candidate.run->configuration.model;
  result.recipe = candidate.run->configuration.recipe;
  result.reference_recipe = reference.run->configuration.recipe;
  result.tier = tier ? tiers.names[*tier] : "all";
  result.run_key = candidate.run->key;
  result.reference_run_key = reference.run->key;
  result.n = tier ? split.tier_examples[*tier] : split.labels.size();
  result.classes = tier ? split.tier_classes[*tier] : split.supported_classes().size();
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
  result.margin = margin;
  return result;
}

}  // namespace

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
    analysis.comparisons[task] = compare(views[planned.reference], views[planned.candidate], planned.tier,
                                         split, tiers, options.margin);
  });
  if (stop_requested(options.interrupt)) return interrupted();
  report(family.size());

  std::vector<double> p_values;
  for (const TierComparison& comparison : analysis.comparisons) {
    p_values.push_back(comparison.mcnemar_mid_p);
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (std::size_t i = 0; i < analysis.comparisons.size(); ++i) {
    TierComparison& comparison = analysis.comparisons[i];
    comparison.holm_p = adjusted[i];
    comparison.evidence = evidence_word(comparison.tango, comparison.holm_p, comparison.replication);
    comparison.size = size_word(comparison.tango, comparison.margin);
  }
  return {};
}

}  // namespace quantier::analysis_internal
