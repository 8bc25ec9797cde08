// One model ahead of another on every axis at once.
#pragma once

#include "quantier/decide/decision.h"

namespace quantier::decide_internal {

void find_sweeps(Decision& decision);

}  // namespace quantier::decide_internal
