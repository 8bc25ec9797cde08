// How much a checkpoint that was just written depends on which calibration texts were drawn: the same recipe
// again over samples of the next seeds, compared layer by layer with what was written. Nothing of the repeats
// is kept.
//
// Of each layer: the share of its codes that another sample gives another value (i4-group and i8-row, where
// no factors were searched, which would move all of them), mean over the repeats, and between which bounds
// the output error and the block's loss lie over all samples, the written one's included. Errors: those of
// calibrating and of reading what was written; kUsage when every sample would be all of the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/json.h"
#include "quantier/base/progress.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/calibration_set.h"

namespace quantier {

struct QuantizeRepeats {
  std::uint64_t samples = 2;            // with the one that was written
  CalibrationOptions calibration = {};  // of the one that was written: repeats take the seeds after its own
  std::optional<std::size_t> max_length = std::nullopt;
  ProgressFunction progress = {};
  const Interrupt* interrupt = nullptr;
};

// `written`: the directory; `layers`: its report. {"samples": [{"seed", "texts"}], "layers": [{"layer",
// "codes_differing", "output_error": [least, most], "block_loss": [least, most]}]}, null for what a method
// has not.
[[nodiscard]] Result<Json> repeat_quantization(const Checkpoint& source, const Plan& plan,
                                               const std::filesystem::path& written, const Json& layers,
                                               const QuantizeRepeats& repeats);

// The share of codes in which two packings of one layer differ; nothing where their formats have no codes, or
// differ.
[[nodiscard]] std::optional<double> differing_codes(const PackedLinear& a, const PackedLinear& b);

[[nodiscard]] std::string repeats_text(const Json& spread);

}  // namespace quantier
