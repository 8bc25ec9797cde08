// Comparisons over groups of examples that were not planned: exploratory, with a correction of their own.

#include <set>

#include <fmt/format.h>

#include "quantier/stats/comparisons/paired_counts.h"
#include "quantier/stats/comparisons/parts.h"

namespace quantier::analysis_internal {
namespace {

constexpr std::size_t kMostGroups = 200;  // of a column: more is an id, not a group

GroupComparison compare_group(const RunView& reference, const RunView& candidate, const Split& split,
                              const std::vector<std::uint8_t>& mask, const std::string& column,
                              const std::string& group, const AnalysisOptions& options) {
  GroupComparison result;
  result.column = column;
  result.group = group;
  result.cell =
      compare_masked(reference, candidate, split, mask, fmt::format("{} = {}", column, group), options);
  return result;
}

}  // namespace

Status compare_groups(const std::vector<RunView>& views, const Split& split, const AnalysisOptions& options,
                      Analysis& analysis) {
  std::vector<std::vector<std::string>> names;  // of each column
  for (const ExampleGroups& grouping : options.groups) {
    std::set<std::string> seen(grouping.group_of_example.begin(), grouping.group_of_example.end());
    seen.erase("");
    if (seen.size() > kMostGroups) {
      analysis.remarks.push_back(fmt::format("{}: {} groups are no grouping; at most {} are compared",
                                             grouping.column, seen.size(), kMostGroups));
      seen.clear();
    }
    names.emplace_back(seen.begin(), seen.end());
  }
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (stop_requested(options.interrupt)) return interrupted();
    if (views[i].run->configuration.recipe == options.reference_recipe) continue;
    const std::optional<std::size_t> at = reference_of(views, i, options.reference_recipe);
    if (!at) continue;
    const RunView& reference = views[*at];
    // Where the text was cut is known of each model by itself.
    const std::vector<std::uint8_t>& truncated = views[i].data().truncated;
    if (truncated.size() == split.labels.size()) {
      std::vector<std::uint8_t> cut;
      std::vector<std::uint8_t> whole;
      std::size_t count = 0;
      for (const std::uint8_t flag : truncated) {
        cut.push_back(flag != 0 ? 1 : 0);
        whole.push_back(flag != 0 ? 0 : 1);
        count += flag != 0 ? 1 : 0;
      }
      if (count > 0 && count < truncated.size()) {
        analysis.group_comparisons.push_back(
            compare_group(reference, views[i], split, cut, "truncated", "truncated", options));
        analysis.group_comparisons.push_back(
            compare_group(reference, views[i], split, whole, "truncated", "whole", options));
      }
    }
    for (std::size_t g = 0; g < options.groups.size(); ++g) {
      for (const std::string& group : names[g]) {
        std::vector<std::uint8_t> mask;
        for (const std::string& own : options.groups[g].group_of_example)
          mask.push_back(own == group ? 1 : 0);
        analysis.group_comparisons.push_back(
            compare_group(reference, views[i], split, mask, options.groups[g].column, group, options));
      }
    }
  }
  std::vector<double> p_values;
  p_values.reserve(analysis.group_comparisons.size());
  for (const GroupComparison& comparison : analysis.group_comparisons) {
    p_values.push_back(comparison.cell.mcnemar_mid_p);
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (std::size_t i = 0; i < adjusted.size(); ++i) judge(analysis.group_comparisons[i].cell, adjusted[i]);
  return {};
}

}  // namespace quantier::analysis_internal
