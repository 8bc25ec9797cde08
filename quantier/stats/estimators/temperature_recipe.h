// Temperatures as other programs fit them: a named optimizer for a stated number of steps, so that a reported
// temperature can be reproduced, and told apart from the optimum.
//
//   optimum                              the minimum of the loss (temperature.h)
//   lbfgs:lr=0.01,steps=50               one call of torch.optim.LBFGS(max_iter=50).step()
//   lbfgs:lr=0.01,calls=50               fifty calls, each of max_iter=20, torch's default (or steps=...)
//   gd:lr=0.1,steps=200                  plain gradient descent
//   adam:lr=0.01,steps=200               torch.optim.Adam, default betas and eps
// Further keys: of=log (the parameter is log T; the default) or of=t (T itself), start=1.0 (first T).
//
// torch's LBFGS without a line search, in one dimension: the two-loop recursion reduces to a secant step,
// because the last pair of steps and slopes already fits a parabola and leaves nothing for the older ones.
// Each iteration moves lr of the way to the secant's root, the first one min(1, 1/|slope|) lr |slope|; so
// fifty of them at lr 0.01 end near 1 - 0.99^50 = 39 % of the way. It stops as torch does: |slope| <= 1e-7, a
// step or a change of loss below 1e-9, 5/4 max_iter evaluations. History stays between calls.
// (torch/optim/lbfgs.py, 2.x; Liu, Nocedal, "On the limited memory BFGS method", Mathematical Programming
// 1989. Adam: Kingma, Ba, ICLR 2015.)
//
// Arithmetic is in double; a float32 parameter ends within 1e-6 where the steps run out, and up
// to 0.002 earlier where torch stops because a loss in float32 no longer changes. A temperature that
// leaves the bounds of temperature.h is an optimizer that diverged: `diverged`, and the value is the last one
// inside. Errors: kUsage for a text that is no recipe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "quantier/base/error.h"
#include "quantier/stats/estimators/calibration.h"

namespace quantier {

enum class TemperatureOptimizer : std::uint8_t { kOptimum, kLbfgs, kGradientDescent, kAdam };

struct TemperatureRecipe {
  std::string text = "optimum";  // as given
  TemperatureOptimizer optimizer = TemperatureOptimizer::kOptimum;
  double learning_rate = 0.0;
  std::uint32_t steps = 0;  // lbfgs: max_iter of a call
  std::uint32_t calls = 1;  // lbfgs only
  bool of_log = true;       // the parameter is log T
  double start = 1.0;       // T
};

struct EmulatedTemperature {
  double value = 1.0;
  std::uint32_t iterations = 0;
  bool diverged = false;
};

[[nodiscard]] Result<TemperatureRecipe> parse_temperature_recipe(std::string_view text);

// `rows` must not be empty.
[[nodiscard]] EmulatedTemperature emulate_temperature(const LabelledLogits& data,
                                                      std::span<const std::size_t> rows,
                                                      const TemperatureRecipe& recipe);

}  // namespace quantier
