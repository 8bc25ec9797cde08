// How numbers and names are written in the note. A dash stands for what nobody measured.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/decide/decision.h"
#include "quantier/note/inline.h"  // cite(), modelled(), judged()

namespace quantier::note_internal {

// The text alone: marks of references and sentence kinds (inline.h) are dropped, any other control character
// becomes a space, so that a name cannot move the cursor of a terminal or hide in a page.
[[nodiscard]] std::string visible(std::string_view text);
[[nodiscard]] std::string fixed(const std::optional<double>& value, int digits);
[[nodiscard]] std::string points(double fraction);  // -0.028 -> "−2.8", 0.0001 -> "0.0"
// Milliseconds with `digits` decimals, and below one with as many as three significant digits take: on a fast
// device 0.01 and 0.02 would hide what was measured.
[[nodiscard]] std::string milliseconds(const std::optional<double>& value, int digits = 2);
[[nodiscard]] std::string signed_fixed(double value, int digits);      // with a sign unless it shows as zero
[[nodiscard]] std::string count(std::size_t number);                   // 6083 -> "6,083"
[[nodiscard]] std::string range(double low, double high, int digits);  // "0.64 to 1.40", or one of them
[[nodiscard]] std::string memory(const std::optional<double>& bytes);
[[nodiscard]] std::string short_key(std::string_view run_key);
[[nodiscard]] std::string join(const std::vector<std::string>& parts,
                               std::string_view separator = ", ");   // "a, b and c"; "; " keeps to itself
[[nodiscard]] std::string limit_text(const Constraint& constraint);  // "ECE ≤ 0.050"
[[nodiscard]] std::string value_text(const Constraint& constraint, double value);
// The value and its outcome; the unit stands in limit_text().
[[nodiscard]] std::string check_text(const Decision& decision, std::size_t candidate, std::size_t constraint);
[[nodiscard]] std::string probability(double share);  // "93 %", ">99 %"
// A model whose configurations are all among them is named once: "every decoder configuration".
[[nodiscard]] std::string names(const Decision& decision, const std::vector<std::size_t>& indices);
[[nodiscard]] std::string name(const Decision& decision, const std::optional<std::size_t>& index);
// The paired difference of macro-F1, turned so that it reads `first` minus `second`; nullopt when there is
// none.
[[nodiscard]] std::optional<QualityDifference> paired_lead(const std::vector<QualityDifference>& differences,
                                                           const std::string& first,
                                                           const std::string& second);
// "+0.057 [+0.021, +0.081]", or without the interval where there is none.
[[nodiscard]] std::string lead_text(const std::vector<QualityDifference>& differences, const Candidate& first,
                                    const Candidate& second);
// "ECE", "tail accuracy": a limit in a word or two, for the clauses that name several.
[[nodiscard]] std::string short_name(const Constraint& constraint);
// "fails ECE and memory; not measured: latency"; empty for a configuration that passes everything.
[[nodiscard]] std::string limits_not_passed(const Decision& decision, std::size_t candidate);
[[nodiscard]] std::string choice_sentence(const Decision& decision);
[[nodiscard]] std::string binding_sentence(const Decision& decision);
// Those that change the choice, each limit's next step only where it changes it again.
[[nodiscard]] std::vector<Relaxation> telling_relaxations(const Decision& decision);
[[nodiscard]] std::string relaxation_sentence(const Decision& decision, const Relaxation& relaxation);

}  // namespace quantier::note_internal
