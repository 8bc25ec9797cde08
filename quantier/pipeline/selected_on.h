// Whether a plan is measured on what it was fitted to (SelectedOn in formats/plan.h).
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "quantier/base/error.h"
#include "quantier/dataset/dataset.h"
#include "quantier/formats/plan.h"

namespace quantier {

// Texts that the plan has seen, by fingerprint (dataset/fingerprint.h).
[[nodiscard]] std::size_t count_selected(const SelectedOn& selected, std::span<const std::string> texts);

// kUsage when the rules were fitted to any of these examples. `where` names the data.
[[nodiscard]] Status refuse_selected(const PlanRules& rules, const Dataset& data, const std::string& where);

}  // namespace quantier
