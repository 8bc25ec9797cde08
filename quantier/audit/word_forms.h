// The forms of a word that a text may use: a verb's and an adjective's. A form that does not exist matches
// nothing, so rules are enough and irregular verbs stand in the table as phrases.
#pragma once

#include <cctype>
#include <string>
#include <string_view>
#include <vector>

namespace quantier::audit_internal {

[[nodiscard]] inline bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
[[nodiscard]] std::string lowered(std::string_view text);

// "hurt" -> hurt, hurts, hurted, hurting; "deny" -> denies, denied; of "eat into" the first word changes.
[[nodiscard]] std::vector<std::string> verb_forms(const std::string& verb);
// "clear" -> clear, clearly; "dramatic" -> dramatically; "evident" -> evidently.
[[nodiscard]] std::vector<std::string> adjective_forms(const std::string& word);

}  // namespace quantier::audit_internal
