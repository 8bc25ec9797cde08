// A decision as plain text for a terminal: what `quantier decide` prints. Control characters in names are
// replaced.
#pragma once

#include <string>

#include "quantier/decide/decision.h"

namespace quantier {

// The answer, every limit for every configuration, and what would change it. Ends with a newline.
[[nodiscard]] std::string decision_text(const Decision& decision);

// The envelopes in which one configuration is the choice, or who keeps it from being it.
[[nodiscard]] std::string when_text(const Decision& decision, const WhenAnswer& answer);

}  // namespace quantier
