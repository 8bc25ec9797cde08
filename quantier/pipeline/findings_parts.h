// What the files of findings share; not for other folders.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "quantier/pipeline/findings.h"

namespace quantier::findings_internal {

using Arithmetic = std::vector<std::pair<std::string, std::string>>;

[[nodiscard]] std::string interval_text(const Interval& interval);
// n, lost, gained, wrong both times, net and gross.
[[nodiscard]] Arithmetic of_flips(std::uint64_t n, const FlipCounts& flips);
// How the mid-p comes from the two counts, so that anyone with a binomial table can check it.
[[nodiscard]] std::string mid_p_text(const FlipCounts& flips, double mid_p);

// What an average hides: hidden, weakness, then F1 by tier and by class.
void add_class_findings(const Analysis& analysis, std::vector<Finding>& findings);
// What other calibration texts move.
void add_sample_findings(const Analysis& analysis, std::vector<Finding>& findings);
// Accuracy, time by protocol and memory by definition of each configuration.
void add_cost_findings(const Analysis& analysis, std::vector<Finding>& findings);
void add_decision_findings(const Analysis& analysis, const Decision& decision,
                           std::vector<Finding>& findings);

// A field whose first number has an interval, which follows it.
[[nodiscard]] FindingField with_interval(std::string name, double value, double low, double high);

}  // namespace quantier::findings_internal
