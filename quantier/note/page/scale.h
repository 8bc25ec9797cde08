// Units in which the page shows and reads numbers, and the thresholds of its gate.
#pragma once

#include <string>
#include <vector>

#include "quantier/decide/metric.h"
#include "quantier/note/input.h"

namespace quantier::note_internal {

// Bytes are shown as megabytes (10^6); everything else in its own unit.
[[nodiscard]] double scale_of(const Metric& metric);
[[nodiscard]] std::string shown_unit(const Metric& metric);

// All thresholds at which some configuration has a gate, ascending, each once.
[[nodiscard]] std::vector<double> gate_thresholds(const NoteInput& input);

}  // namespace quantier::note_internal
