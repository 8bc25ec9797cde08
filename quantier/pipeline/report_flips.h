// The predictions behind the tier changes: which examples went from right to wrong and back.
//
// Listed for a reader who opens a tier, the first ones in the order of the data, at most kShownFlips for each
// configuration and tier. Texts stay out unless they are asked for: a note travels further than its data.
#pragma once

#include <cstddef>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/note/input.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/record/run.h"
#include "quantier/stats/comparisons/analysis.h"
#include "quantier/stats/comparisons/analyze.h"

namespace quantier {

inline constexpr std::size_t kShownFlips = 40;
inline constexpr std::size_t kShownTextBytes = 400;

void add_flips(const Analysis& analysis, const std::vector<Run>& runs, const AnalysisTiers& tiers,
               NoteInput& input);

// Puts texts to the flips, from the configured data and by id. Errors: those of reading the data; kUserInput
// when it is not the data that the runs saw.
[[nodiscard]] Status add_texts(const RunConfig& config, const std::vector<Run>& runs, NoteInput& input);

// The date of the latest run and a hash over the keys of all.
void add_evidence_identity(const std::vector<Run>& runs, NoteInput& input);

}  // namespace quantier
