// The sentences of the damage section, one function each; empty where there is nothing to say.
//
// They order and word findings and compute none. What was resolved is named with its numbers, what was not is
// counted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quantier/note/input.h"
#include "quantier/note/sections.h"

namespace quantier::note_internal {

// "overall" or the name of the tier.
[[nodiscard]] std::string tier_text(const NoteTierDelta& delta);
// Three decimals, and below them only that it is below.
[[nodiscard]] std::string probability(const std::optional<double>& p);

// Tiers (damage_words.cc).
[[nodiscard]] std::string pattern_sentence(const NoteInput& input, const std::string& model);
[[nodiscard]] std::string survival_sentence(const NoteInput& input);
[[nodiscard]] std::string cross_model_sentence(const NoteInput& input,
                                               const std::vector<std::string>& models);
[[nodiscard]] std::string weakness_sentence(const NoteInput& input, const std::vector<std::string>& models);
[[nodiscard]] std::string blind_sentence(const NoteInput& input);
[[nodiscard]] std::vector<std::string> hidden_losses(const NoteInput& input);

// Classes and answers (class_words.cc).
[[nodiscard]] std::string flips_sentence(const NoteInput& input);
[[nodiscard]] std::string landing_sentence(const NoteInput& input);
[[nodiscard]] std::string confusion_sentence(const NoteInput& input);
[[nodiscard]] std::string concentration_sentence(const NoteInput& input);
[[nodiscard]] std::string tier_f1_sentence(const NoteInput& input);
[[nodiscard]] std::string zero_sentence(const NoteInput& input);
[[nodiscard]] std::string support_sentence(const NoteInput& input);
[[nodiscard]] std::string groups_sentence(const NoteInput& input);

// Samples of calibration texts (sample_words.cc).
[[nodiscard]] std::string samples_sentence(const NoteInput& input);
[[nodiscard]] NoteTable samples_table(const NoteInput& input);

// Blocks.
void named_class_blocks(const NoteInput& input, Blocks& blocks);
// Tables behind the sentences, for the appendix.
void damage_tables(const NoteInput& input, Blocks& blocks);

}  // namespace quantier::note_internal
