// The figures of a comparison as files of their own: tier-deltas.svg, reliability.svg, gates.svg, flips.svg
// (from tier to tier) and trajectories.svg (where classes are named). A figure without anything to show is
// not written. Errors: those of writing files.
#pragma once

#include <filesystem>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/stats/comparisons/analysis.h"

namespace quantier {

// What was written, in the order above; the folder is made where it does not exist.
[[nodiscard]] Result<std::vector<std::filesystem::path>> write_compare_figures(
    const Analysis& analysis, const std::filesystem::path& folder);

}  // namespace quantier
