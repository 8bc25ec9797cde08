// From findings to what the decision and the note read. Pure: no files, no clock; nothing is computed here,
// so that a number in the note is the number of the statistics.
#pragma once

#include <string>
#include <vector>

#include "quantier/decide/decision.h"
#include "quantier/note/input.h"
#include "quantier/stats/comparisons/analysis.h"

namespace quantier {

// One per configuration, in order. Latency under Envelope::latency_protocol, memory by
// Envelope::memory_definition, ECE cross-fitted; what was not measured stays absent.
[[nodiscard]] std::vector<Candidate> candidates_of(const Analysis& analysis, const Envelope& envelope);

[[nodiscard]] std::vector<QualityDifference> quality_differences_of(const Analysis& analysis);

// The same choice with one thing read differently: ECE before temperature, when there is a ceiling on it
// (does the decision hang on scaling being deployed at all?), time of single texts, and the order of the
// costs.
[[nodiscard]] Result<std::vector<NoteAlternative>> alternatives_of(const Analysis& analysis,
                                                                   const Decision& decision);

// Over a table: ECE before temperature where every configuration states it, and the order of the costs.
[[nodiscard]] Result<std::vector<NoteAlternative>> alternatives_of_table(const Decision& decision);

// Everything of the note that comes from findings; title, stack, appendix and the like are left empty.
[[nodiscard]] NoteInput note_input_of(const Analysis& analysis, Decision decision);

// 6083 -> "6,083".
[[nodiscard]] std::string grouped(std::uint64_t count);

}  // namespace quantier
