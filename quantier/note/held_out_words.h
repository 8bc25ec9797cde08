// What a split that took no part in the choice says about it.
#pragma once

#include <string>

#include "quantier/decide/decision.h"
#include "quantier/note/document.h"

namespace quantier::note_internal {

// Empty without a held-out split, or without a choice.
[[nodiscard]] std::string held_out_sentence(const Decision& decision);

// Every configuration on both splits; `decision.held_out` is set.
[[nodiscard]] NoteTable held_out_table(const Decision& decision);

// How good the choice is, corrected for having been picked: by the held-out split where there is one, else
// out of bag.
[[nodiscard]] std::string choice_quality_sentence(const Decision& decision);

}  // namespace quantier::note_internal
