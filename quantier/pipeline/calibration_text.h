// What a calibration looked at and what it did, as text and as JSON.
#pragma once

#include <string>
#include <vector>

#include "quantier/base/json.h"
#include "quantier/pipeline/calibrate.h"
#include "quantier/record/calibration.h"

namespace quantier {

// Some lines: the texts, what the guard found, and what the methods gained over round to nearest.
[[nodiscard]] std::string calibration_text(const CalibrationRecord& record,
                                           const std::vector<LayerReport>& layers);
[[nodiscard]] Json calibration_to_json(const CalibrationRecord& record,
                                       const std::vector<LayerReport>& layers);

}  // namespace quantier
