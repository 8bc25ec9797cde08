// Which texts a quantized checkpoint was fitted to: those that its methods were calibrated on, and those that
// a search chose its plan by. Their fingerprints stand in quantier.json, so that a later run knows them
// without the texts; those of a calibration with a signature each (dataset/near_signature.h), so that it
// knows near likenesses too, as the guard over texts in memory does (dataset/overlap.h).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/dataset/dataset.h"
#include "quantier/dataset/near_signature.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/calibration_set.h"

namespace quantier {

struct FittedOn {
  std::string by;  // "calibration", "search"
  SelectedOn texts;
  // Of the texts, parallel to their fingerprints, absent for one without a word. Empty where none were kept:
  // by a search, and by programs before there were any.
  std::vector<std::optional<NearSignature>> signatures = {};
};

// Of a plan and the texts it was calibrated on, whose record is complete.
[[nodiscard]] std::vector<FittedOn> fitted_on(const PlanRules& rules,
                                              const std::optional<CalibrationSet>& set);
[[nodiscard]] Json to_json(const std::vector<FittedOn>& fitted);

// What quantier.json says; empty where the checkpoint has no such file, or it names none. Errors: those of
// the file, kCorruptData.
[[nodiscard]] Result<std::vector<FittedOn>> stored_fitted_on(const Checkpoint& checkpoint);

// Examples among them.
[[nodiscard]] std::size_t count_fitted(const std::vector<FittedOn>& fitted,
                                       std::span<const std::string> texts);
// Texts that are nearly, and not entirely, those of an example; each with the example most like it.
[[nodiscard]] std::vector<NearText> near_fitted(const FittedOn& fitted, std::span<const std::string> texts);
// kUserInput when any example is among them, or when more are nearly so than chance explains (overlap.h);
// else a sentence for each that is nearly so, for the record. `where` names the data.
[[nodiscard]] Result<std::vector<std::string>> refuse_fitted(const Checkpoint& checkpoint,
                                                             const Dataset& data, const std::string& where);

}  // namespace quantier
