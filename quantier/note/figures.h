// Figures as inline SVG: colours of Okabe and Ito, a shape beside every colour, labels on the data.
#pragma once

#include <string>

#include "quantier/note/input.h"

namespace quantier::note_internal {

[[nodiscard]] std::string frontier_svg(const Decision& decision, const Frontier& frontier);
// Where there are many points, only those on the frontier and the choice are named in it.
[[nodiscard]] bool names_every_point(const Frontier& frontier);
// Whether a limit of the envelope lies near enough to be drawn in the figure.
[[nodiscard]] bool limit_shown(const Decision& decision, FrontierCost cost);
[[nodiscard]] std::string tier_forest_svg(const std::vector<NoteTierDelta>& deltas);
[[nodiscard]] std::string reliability_svg(const std::vector<NoteCalibration>& calibration);
// Whether any answer changed, so that there is something to draw.
[[nodiscard]] bool has_flips(const std::vector<NoteFlips>& flips);
// Three matrices for each candidate: right to wrong, wrong to right, wrong to another wrong.
[[nodiscard]] std::string flip_svg(const std::vector<NoteFlips>& flips,
                                   const std::vector<std::string>& tier_names);
// The classes that trajectory_svg draws: the first eight.
[[nodiscard]] std::vector<std::string> trajectory_classes(const std::vector<NoteNamedClass>& rows);
// A row for each model: accuracy, and the mean probability of the true class, over the recipes.
[[nodiscard]] std::string trajectory_svg(const std::vector<NoteNamedClass>& rows);
// Of the configurations with gates; one at least must have some.
[[nodiscard]] std::string gate_svg(const std::vector<NoteCalibration>& calibration);

}  // namespace quantier::note_internal
