// What the counts of right-to-wrong and wrong-to-right say about a paired difference of proportions.
//
// Candidate minus reference: `gained` examples became right, `lost` became wrong, the others of `n` kept
// their correctness. Everything here is exact arithmetic on the three counts; nothing is drawn. lost + gained
// <= n; n may be 0 only where said.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "quantier/stats/estimators/interval.h"

namespace quantier::analysis_internal {

struct PairedCounts {
  std::uint64_t n = 0;
  std::uint64_t lost = 0;    // right in the reference, wrong in the candidate
  std::uint64_t gained = 0;  // the other way round

  [[nodiscard]] std::uint64_t discordant() const { return lost + gained; }
  [[nodiscard]] double difference() const {
    return (static_cast<double>(gained) - static_cast<double>(lost)) / static_cast<double>(n);
  }
};

// 95 % score interval of the difference. Source: Tango, "Equivalence test and confidence interval for the
// difference in proportions for the paired-sample design", Statistics in Medicine 1998, section 4.
[[nodiscard]] Interval tango_score_interval(const PairedCounts& counts);
// The same with another normal quantile than that of 0.975.
[[nodiscard]] Interval tango_score_interval_at(const PairedCounts& counts, double normal_quantile);

// 95 % percentile interval of the paired bootstrap with infinitely many replicates: the distribution of
// (gained - lost) / n over multinomial draws, summed instead of simulated.
[[nodiscard]] Interval exact_bootstrap_interval(const PairedCounts& counts);

// Two-sided McNemar test, mid-p. Source: Fagerland, Lydersen, Laake, "The McNemar test for binary
// matched-pairs data: mid-p and asymptotic are better than exact conditional", BMC Medical Research
// Methodology 2013. 1 without discordant examples.
[[nodiscard]] double mcnemar_mid_p_value(std::uint64_t lost, std::uint64_t gained);

// Holm's step-down adjusted p-values, in the order given. Source: Holm, "A simple sequentially rejective
// multiple test procedure", Scandinavian Journal of Statistics 1979.
[[nodiscard]] std::vector<double> holm_adjusted(std::span<const double> p_values);

// Posterior-predictive probability that an independent split of the same size shows the same sign with mid-p
// < 0.05, under Jeffreys' Dirichlet(1/2, 1/2, 1/2) over lost, gained and neither. 0 without a sign.
[[nodiscard]] double replication_probability(const PairedCounts& counts);

// Smallest |gained - lost| / n in expectation, with as many discordant examples as seen, that reaches mid-p <
// 0.05 in its direction with probability 0.8; absent when none does (fewer than 5 discordant examples).
[[nodiscard]] std::optional<double> smallest_detectable_difference(const PairedCounts& counts);

// How many examples a split like this one would need for mid-p < 0.05 with probability 0.8, were the shares
// of lost and gained what was seen; absent without a net difference, or when more than a billion are needed.
// Never fewer than n.
[[nodiscard]] std::optional<std::uint64_t> examples_to_resolve(const PairedCounts& counts);

// Over all ways to cut the examples into two halves (as even as can be), exactly: how often both halves show
// the sign of the whole, and how often a half shows it with mid-p < 0.05. Absent without a sign or with fewer
// than two examples. Hypergeometric sums; nothing is drawn.
struct HalfSplits {
  double same_sign_in_both = 0.0;
  double half_reaches_significance = 0.0;
};
[[nodiscard]] std::optional<HalfSplits> half_splits_of(const PairedCounts& counts);

}  // namespace quantier::analysis_internal
