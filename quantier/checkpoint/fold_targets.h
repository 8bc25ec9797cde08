// Where factors of a place's inputs can go for good: into what makes these inputs, so that nothing is left to
// multiply when the model runs and formats without input factors can express the result.
//
// kNorm: x = norm(h) * w, so factors go into w, when every layer that reads x takes them. kRows: x is what a
// linear layer gives, row by row, with nothing but linear steps between (a mean over tokens of values, a
// product with the gate), so factors go into its rows and bias. kNone, with the reason: the factors stay with
// the layer that reads (LinearInput::multiplier). Source: Xiao et al. 2023, "SmoothQuant", section 4; Lin et
// al. 2024, "AWQ", auto_scale.py.
#pragma once

#include <cstdint>

#include "quantier/checkpoint/input_place.h"
#include "quantier/checkpoint/model_spec.h"

namespace quantier {

enum class FoldKind : std::uint8_t { kNorm, kRows, kNone };

struct FoldTarget {
  FoldKind kind = FoldKind::kNone;
  NormRole norm = NormRole::kFinal;             // of kNorm, in the same layer
  LinearRole linear = LinearRole::kClassifier;  // of kRows, in the same layer
  std::uint64_t first_row = 0;                  // of kRows: input k is row first_row + k
  const char* why_not = "";                     // of kNone
};

[[nodiscard]] FoldTarget fold_target(const ModelSpec& spec, InputPlace place, int layer);

}  // namespace quantier
