// What a plan stores of a value between layers.
#pragma once

#include "quantier/base/half.h"
#include "quantier/formats/recipe.h"

namespace quantier {

[[nodiscard]] constexpr float rounded(float value, ActivationRounding rounding) {
  switch (rounding) {
    case ActivationRounding::kHalf:
      return round_to_half(value);
    case ActivationRounding::kBFloat16:
      return to_float(to_bfloat16(value));
    case ActivationRounding::kNone:
      break;
  }
  return value;
}

}  // namespace quantier
