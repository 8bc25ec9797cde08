// The parts of a note over numbers that others stated, without predictions: what a table carries, labelled as
// stated, and for the rest the evidence that would carry it. Nothing here is estimated.
#pragma once

#include <string>
#include <string_view>

#include "quantier/note/sections.h"

namespace quantier::note_internal {

// Whether the whole note rests on a table.
[[nodiscard]] bool table_only(const NoteInput& input);
// As it was written: with as many digits.
[[nodiscard]] std::string stated_text(const NoteStated& value);

// Section 1: every configuration with everything that is stated of it.
void reported_configurations(const NoteInput& input, Blocks& blocks);
// Beside runs: configurations of which only a table tells; nothing when there are none.
void reported_elsewhere(const NoteInput& input, Blocks& blocks);
void frontier_absence(const NoteInput& input, Blocks& blocks);
// Section 2 and 3 as a whole, below their headings.
void reported_damage(const NoteInput& input, Blocks& blocks);
void reported_calibration(const NoteInput& input, Blocks& blocks);
// Section 4: how sure the choice is.
void decision_absence(const NoteInput& input, Blocks& blocks);
// Behind the promises: tiers with a stated interval below zero; empty when there are none.
[[nodiscard]] std::string stated_losses_sentence(const NoteInput& input);
// What the prior's section asks for.
[[nodiscard]] std::string logits_experiment(const NoteInput& input);

}  // namespace quantier::note_internal
