// What readers of less evidence would choose, and the finding that makes the difference.
#pragma once

#include "quantier/decide/decision.h"
#include "quantier/decide/rule.h"

namespace quantier::decide_internal {

// Fills by_macro_f1, by_points and temperature.
void add_naive_choices(Decision& decision, const Rule& rule);

}  // namespace quantier::decide_internal
