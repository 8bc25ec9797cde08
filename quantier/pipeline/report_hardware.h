// What the configurations of a report would cost on other devices, and what the same limits would choose
// there: the roofline of hardware.h with the choice of decide/choice_elsewhere.h.
//
// Shapes come from `path` of each [[models]] table: a model directory, a config.json, or a TOML file of
// shapes (model_shapes.h). A model whose path gives none has no times, and the note says how to give them.
// Texts have the mean length of the timed passes where Quantier timed them, else the configured cut. What
// Quantier ran is modelled with fused kernels, what was imported as transformers + bitsandbytes on GPUs.
// Errors: those of compare_hardware().
#pragma once

#include <vector>

#include "quantier/base/error.h"
#include "quantier/decide/decision.h"
#include "quantier/note/hardware_input.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/record/run.h"

namespace quantier {

[[nodiscard]] Result<NoteHardware> hardware_for_note(const RunConfig& config, const std::vector<Run>& runs,
                                                     const Decision& decision);

}  // namespace quantier
