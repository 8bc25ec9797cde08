// Figures as inline SVG: colours of Okabe and Ito, a shape beside every colour, labels on the data.
#pragma once

#include <string>

#include "quantier/note/input.h"

namespace quantier::note_internal {

[[nodiscard]] std::string frontier_svg(const Decision& decision, const Frontier& frontier);
// Whether a limit of the envelope lies near enough to be drawn in the figure.
[[nodiscard]] bool limit_shown(const Decision& decision, FrontierCost cost);
[[nodiscard]] std::string tier_forest_svg(const std::vector<NoteTierDelta>& deltas);
[[nodiscard]] std::string reliability_svg(const std::vector<NoteCalibration>& calibration);
// Of the configurations with gates; one at least must have some.
[[nodiscard]] std::string gate_svg(const std::vector<NoteCalibration>& calibration);

}  // namespace quantier::note_internal
