// Measurements from before this evidence, as imported files state them, beside today's of the same quantity.
//
// Earlier values (ReportedKind::kEarlier) of ECE, temperature, accuracy and macro-F1 of whole configurations;
// what speaks of a tier, a class or a part of the examples is not compared here. Errors: those of the store.
#pragma once

#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/evidence/store.h"
#include "quantier/note/hardware_input.h"
#include "quantier/note/reported_input.h"
#include "quantier/pipeline/findings.h"
#include "quantier/record/reported_value.h"
#include "quantier/stats/comparisons/analysis.h"

namespace quantier {

[[nodiscard]] Result<std::vector<NoteEarlier>> earlier_measurements(Store& store, const Analysis& analysis);

// Beside a table: what it states today.
[[nodiscard]] std::vector<NoteEarlier> earlier_measurements(const std::vector<ReportedValue>& values,
                                                            const NoteReported& today,
                                                            const std::string& reference_recipe);
// One finding for each, by the name that the note cites.
[[nodiscard]] std::vector<Finding> findings_of_earlier(const std::vector<NoteEarlier>& rows);

}  // namespace quantier
