// AWQ: inputs that are large on average get larger weights before rounding, and are made smaller by as much,
// so that the weights that matter most lose least; then each group's range is clipped (Lin et al. 2024,
// "AWQ: Activation-aware Weight Quantization"). Codes of the scaled weights may come from GPTQ instead, which
// makes rounding errors good (scaled_weight, scaled_statistics).
//
// Here are the pure steps; the search over exponents runs the model and lives where models are run. Scales
// follow the published code (auto_scale.py): s = mean|x|^alpha, at least 1e-4, divided by sqrt(max s * min
// s); alpha = 0, 0.05, ..., 0.95. W * s is quantized and the layer multiplies x by 1 / s. Errors: those of
// weight_reader.h.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/formats/input_statistics.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

inline constexpr int kAwqAlphas = 20;
[[nodiscard]] constexpr float awq_alpha(int step) { return static_cast<float>(step) / kAwqAlphas; }

// [K] scales of the weights' columns, all positive and finite.
[[nodiscard]] std::vector<float> awq_scales(std::span<const float> abs_mean, float alpha);

// [N, K] W * scales, no entry beyond half's range.
[[nodiscard]] Result<std::vector<float>> scaled_weight(const LinearSpec& linear, const TensorView& weight,
                                                       std::span<const float> scales);

// Of the same inputs divided by the scales, for a method that goes on from there.
[[nodiscard]] InputStatistics scaled_statistics(const InputStatistics& statistics,
                                                std::span<const float> scales);

struct AwqOptions {
  std::uint32_t group = 128;
  bool symmetric = false;
  bool clips = true;
};

// The layer whose inputs are multiplied by 1 / scales: codes of W * scales, each group's range clipped where
// that lowers the error over the calibration inputs (shrinks 1, 0.95, ..., 0.55, as auto_clip.py). The
// statistics are those of the inputs before scaling.
[[nodiscard]] Result<I4GroupWeights> quantize_awq(const LinearSpec& linear, const TensorView& weight,
                                                  const InputStatistics& statistics,
                                                  std::span<const float> scales, const AwqOptions& options,
                                                  ThreadPool& pool);

}  // namespace quantier
