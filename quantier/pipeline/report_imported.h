// What a report says differently when its runs were imported: nothing was measured here, time and memory are
// what the files state for a declared device, and a temperature that they report stands beside the converged
// one. Pure, and silent about runs that Quantier measured itself. Errors: none.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "quantier/decide/envelope.h"
#include "quantier/note/input.h"
#include "quantier/record/reported_value.h"
#include "quantier/record/run.h"
#include "quantier/stats/comparisons/analysis.h"

namespace quantier {

// Envelope::memory_definition of imported runs, as a note says it.
inline constexpr const char* kImportedMemory = "the peak of allocated device memory, as the files report it";

// How the limits of imported runs are read: memory as the files report it; time, where no limit asks for a
// protocol, by the one that notebooks measure.
void read_as_imported(Envelope& envelope);

[[nodiscard]] bool all_imported(const std::vector<Run>& runs);

// Stated temperatures over all examples, by run key; of several the last that was imported.
[[nodiscard]] std::map<std::string, double> reported_temperatures_of(
    const std::vector<Run>& runs, const std::vector<ReportedValue>& values);

// Marks the costs that files state: nobody measured them here.
void mark_imported_costs(const std::vector<Run>& runs, std::vector<NoteCost>& costs);

// "imported: measured elsewhere, on ..."
[[nodiscard]] std::string imported_stack(const std::vector<Run>& runs);

// In place of protocol, machine and libraries.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> imported_appendix(
    const std::vector<Run>& runs);

// One row for each reported temperature: the error there and at the optimum.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> reported_calibration_rows(
    const Analysis& analysis);

}  // namespace quantier
