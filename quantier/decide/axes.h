// The frontier over any axes, with its uncertainty.
//
// One configuration dominates another when it is no worse by the raw numbers on every axis and better beyond
// a tie on one. A tie is what the rule of choice calls one: an interval of the difference that holds 0 or
// lies inside the margin, or without interval a difference inside the margin. A configuration with an
// established loss in a tier is not "no worse" on macro-F1 than one without. Membership is the share of the
// joint replicates in which nobody dominates it. (For two axes and a plot: Decision::latency_frontier.)
#pragma once

#include "quantier/decide/decision.h"

namespace quantier::decide_internal {

[[nodiscard]] AxisFrontier make_axis_frontier(const Decision& decision, const DecideOptions& options);

}  // namespace quantier::decide_internal
