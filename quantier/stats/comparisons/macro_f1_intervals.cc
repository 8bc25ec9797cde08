// What the joint bootstrap says about macro-F1: an interval for each run and for the difference of each pair.

#include <algorithm>

#include "quantier/stats/comparisons/joint_bootstrap.h"
#include "quantier/stats/comparisons/parts.h"

namespace quantier::analysis_internal {
namespace {

// The F1 of every class and run is kept for the first replicates, as many as fit in 64 MiB of floats, 200 at
// least.
std::uint32_t class_replicates_for(std::size_t columns, std::uint32_t replicates) {
  const std::size_t fit = (std::size_t{16} << 20) / std::max<std::size_t>(columns, 1);
  return static_cast<std::uint32_t>(
      std::min<std::size_t>({replicates, std::size_t{2000}, std::max<std::size_t>(fit, 200)}));
}

}  // namespace

Status bootstrap_macro_f1(const std::vector<RunView>& views, const Split& split, const AnalysisTiers& tiers,
                          const AnalysisOptions& options, Analysis& analysis) {
  JointBootstrap input;
  input.labels = split.labels;
  for (const RunView& view : views) input.predictions.emplace_back(view.predictions);
  input.classes = split.class_count;
  input.tier_of_class = tiers.tier_of_class;
  input.tiers = tiers.names.size();
  input.seed = options.seed;
  input.replicates = options.replicates;
  input.class_replicates = class_replicates_for(split.class_count * views.size(), options.replicates);
  input.pool = options.pool;
  input.progress = options.progress;
  input.interrupt = options.interrupt;
  QT_TRY(const JointReplicates replicates, run_joint_bootstrap(input));

  const std::size_t runs = views.size();
  std::vector<double> column(replicates.replicates);
  for (std::size_t a = 0; a < runs; ++a) {
    const std::span<const double> values = replicates.macro_f1_of(0, a);
    column.assign(values.begin(), values.end());
    const ReplicateSummary own = summarise_replicates(column, "percentile bootstrap");
    Quality& quality = analysis.configurations[a].quality;
    quality.macro_f1_interval = own.interval;
    quality.macro_f1_bias = own.mean - quality.macro_f1;
  }
  for (std::size_t a = 0; a < runs; ++a) {
    for (std::size_t b = a + 1; b < runs; ++b) {
      const std::span<const double> of_a = replicates.macro_f1_of(0, a);
      const std::span<const double> of_b = replicates.macro_f1_of(0, b);
      for (std::size_t r = 0; r < column.size(); ++r) column[r] = of_a[r] - of_b[r];
      const ReplicateSummary both = summarise_replicates(column, "paired percentile bootstrap");
      PairDifference difference;
      difference.a = a;
      difference.b = b;
      difference.macro_f1_difference =
          analysis.configurations[a].quality.macro_f1 - analysis.configurations[b].quality.macro_f1;
      difference.interval = both.interval;
      difference.bias = both.mean - difference.macro_f1_difference;
      analysis.pair_differences.push_back(difference);
    }
  }
  add_class_findings(views, split, tiers, options, replicates, analysis);
  return {};
}

}  // namespace quantier::analysis_internal
