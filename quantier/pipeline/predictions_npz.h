// Predictions as an .npz file, for anyone with NumPy: `logits` float32 [N, C] in the order of the data,
// `label_names` [C], and `labels` int64 [N] and `ids` [N] where the data has them.
// Errors: those of write_npz.
#pragma once

#include <filesystem>

#include "quantier/base/error.h"
#include "quantier/record/predictions.h"

namespace quantier {

[[nodiscard]] Status write_predictions_npz(const std::filesystem::path& path, const Predictions& predictions);

}  // namespace quantier
