// Sentences of a decision beyond its limits: how sure, what would change it, what others would have chosen.
// Each is empty when there is nothing to say.
#pragma once

#include <string>
#include <vector>

#include "quantier/decide/decision.h"

namespace quantier::note_internal {

// First of all: a temperature that others fitted decides differently.
[[nodiscard]] std::string temperature_sentence(const Decision& decision);
// The same in one sentence behind the choice; empty where both temperatures choose the same.
[[nodiscard]] std::string hangs_on_temperature(const Decision& decision);
[[nodiscard]] std::string stability_sentence(const Decision& decision);
[[nodiscard]] std::string selection_sentence(const Decision& decision);
// "Margins: macro-F1 0.01, ..." with the tie rule.
[[nodiscard]] std::string margins_sentence(const Decision& decision);
[[nodiscard]] std::string runner_up_sentence(const Decision& decision);
[[nodiscard]] std::string macro_f1_alone_sentence(const Decision& decision);
[[nodiscard]] std::string points_alone_sentence(const Decision& decision);
// "ECE ceiling 0.05 -> 0.069: decoder fp16 wins", for every bound, in the order of the limits.
[[nodiscard]] std::vector<std::string> breakpoint_sentences(const Decision& decision);
// What single limits would have to move, when nothing passes.
[[nodiscard]] std::string relaxation_advice(const Decision& decision);
// The frontier over all its axes.
[[nodiscard]] std::vector<std::string> axis_frontier_sentences(const Decision& decision);
// Limits that nobody measured, with what to run.
[[nodiscard]] std::vector<std::string> missing_evidence(const Decision& decision);
// What became of an earlier recommendation, and by which findings.
[[nodiscard]] std::string prior_sentence(const Decision& decision);
// "the tail falls by 2.8 points [...], 11 lost and 4 gained of 283 (unresolved)"
[[nodiscard]] std::string tier_change_text(const TierChange& change);
[[nodiscard]] std::string axis_value_text(const Metric& metric, double value);

}  // namespace quantier::note_internal
