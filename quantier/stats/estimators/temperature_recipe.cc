#include "quantier/stats/estimators/temperature_recipe.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/stats/estimators/temperature.h"

namespace quantier {
namespace {

constexpr std::uint32_t kTorchMaxIter = 20;
constexpr double kTorchToleranceGrad = 1e-7;
constexpr double kTorchToleranceChange = 1e-9;
constexpr double kTorchCurvature = 1e-10;  // pairs below this do not enter the history
constexpr std::uint32_t kMostSteps = 100'000;

std::unexpected<Error> bad_recipe(std::string_view text, std::string why) {
  return fail(
      ErrorKind::kUsage, "this is no recipe for a temperature", fmt::format("\"{}\"", text), std::move(why),
      "\"optimum\", or an optimizer with its settings: \"lbfgs:lr=0.01,steps=50\", "
      "\"lbfgs:lr=0.1,calls=50\", \"gd:lr=0.1,steps=200\", \"adam:lr=0.01,steps=200\"; of=t and start=1.5 "
      "where T itself is the parameter or starts elsewhere");
}

std::optional<double> number_in(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<std::uint32_t> count_in(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > kMostSteps) {
    return std::nullopt;
  }
  return value;
}

// The loss and its slope by the parameter.
class Objective {
 public:
  Objective(const LabelledLogits& data, std::span<const std::size_t> rows, bool of_log)
      : data_(data), rows_(rows), of_log_(of_log) {}

  [[nodiscard]] double temperature(double parameter) const {
    return of_log_ ? std::exp(parameter) : parameter;
  }
  [[nodiscard]] bool usable(double parameter) const {
    const double at = temperature(parameter);
    return at >= kSmallestTemperature && at <= kLargestTemperature;
  }
  [[nodiscard]] double loss(double parameter) const {
    return mean_negative_log_likelihood(data_, rows_, temperature(parameter));
  }
  [[nodiscard]] double slope(double parameter) const {
    const double at = temperature(parameter);
    const double by_log = likelihood_slope(data_, rows_, at);
    return of_log_ ? by_log : by_log / at;
  }

 private:
  const LabelledLogits& data_;
  std::span<const std::size_t> rows_;
  bool of_log_;
};

struct Walk {
  double parameter = 0.0;
  std::uint32_t iterations = 0;
  bool diverged = false;
};

// What torch.optim.LBFGS keeps between calls.
struct LbfgsState {
  std::uint32_t iterations = 0;
  double direction = 0.0;
  double length = 0.0;
  double previous_slope = 0.0;
  double previous_loss = 0.0;
  bool has_pair = false;
  double pair_ratio = 0.0;  // s / y of the last pair that was kept
};

void lbfgs_call(const Objective& objective, const TemperatureRecipe& recipe, LbfgsState& state, Walk& walk) {
  const std::uint32_t most_evaluations = recipe.steps * 5 / 4;
  double loss = objective.loss(walk.parameter);
  double slope = objective.slope(walk.parameter);
  std::uint32_t evaluations = 1;
  if (std::abs(slope) <= kTorchToleranceGrad) return;
  std::uint32_t here = 0;
  while (here < recipe.steps) {
    ++here;
    ++state.iterations;
    if (state.iterations == 1) {
      state.direction = -slope;
    } else {
      const double y = slope - state.previous_slope;
      const double s = state.direction * state.length;
      if (y * s > kTorchCurvature) {
        state.has_pair = true;
        state.pair_ratio = s / y;
      }
      state.direction = state.has_pair ? -slope * state.pair_ratio : -slope;
    }
    state.previous_slope = slope;
    state.previous_loss = loss;
    state.length = state.iterations == 1 ? std::min(1.0, 1.0 / std::abs(slope)) * recipe.learning_rate
                                         : recipe.learning_rate;
    if (slope * state.direction > -kTorchToleranceChange) return;
    const double next = walk.parameter + state.length * state.direction;
    if (!objective.usable(next)) {
      walk.diverged = true;
      return;
    }
    walk.parameter = next;
    ++walk.iterations;
    // torch does not look at the loss again after the last iteration of a call.
    if (here == recipe.steps) return;
    loss = objective.loss(walk.parameter);
    slope = objective.slope(walk.parameter);
    ++evaluations;
    if (evaluations >= most_evaluations) return;
    if (std::abs(slope) <= kTorchToleranceGrad) return;
    if (std::abs(state.direction * state.length) <= kTorchToleranceChange) return;
    if (std::abs(loss - state.previous_loss) < kTorchToleranceChange) return;
  }
}

void descend(const Objective& objective, const TemperatureRecipe& recipe, Walk& walk) {
  constexpr double kBeta1 = 0.9;
  constexpr double kBeta2 = 0.999;
  constexpr double kEpsilon = 1e-8;
  double first = 0.0;
  double second = 0.0;
  for (std::uint32_t step = 1; step <= recipe.steps; ++step) {
    const double slope = objective.slope(walk.parameter);
    double move = recipe.learning_rate * slope;
    if (recipe.optimizer == TemperatureOptimizer::kAdam) {
      first = kBeta1 * first + (1.0 - kBeta1) * slope;
      second = kBeta2 * second + (1.0 - kBeta2) * slope * slope;
      const double correction1 = 1.0 - std::pow(kBeta1, step);
      const double correction2 = 1.0 - std::pow(kBeta2, step);
      move = recipe.learning_rate / correction1 * first /
             (std::sqrt(second) / std::sqrt(correction2) + kEpsilon);
    }
    if (!objective.usable(walk.parameter - move)) {
      walk.diverged = true;
      return;
    }
    walk.parameter -= move;
    ++walk.iterations;
  }
}

}  // namespace

Result<TemperatureRecipe> parse_temperature_recipe(std::string_view text) {
  TemperatureRecipe recipe;
  recipe.text = std::string(text);
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  if (name == "optimum") {
    if (colon != std::string_view::npos) return bad_recipe(text, "the optimum has no settings");
    return recipe;
  }
  if (name == "lbfgs") {
    recipe.optimizer = TemperatureOptimizer::kLbfgs;
  } else if (name == "gd") {
    recipe.optimizer = TemperatureOptimizer::kGradientDescent;
  } else if (name == "adam") {
    recipe.optimizer = TemperatureOptimizer::kAdam;
  } else {
    return bad_recipe(text, fmt::format("there is no optimizer \"{}\"", name));
  }
  const bool lbfgs = recipe.optimizer == TemperatureOptimizer::kLbfgs;
  std::string_view rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  bool has_calls = false;
  std::string seen = ",";
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view setting = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    const std::size_t equals = setting.find('=');
    if (equals == std::string_view::npos) {
      return bad_recipe(text, fmt::format("\"{}\" is not of the form key=value", setting));
    }
    const std::string_view key = setting.substr(0, equals);
    const std::string_view value = setting.substr(equals + 1);
    if (seen.find(fmt::format(",{},", key)) != std::string::npos) {
      return bad_recipe(text, fmt::format("\"{}\" stands twice", key));
    }
    seen += fmt::format("{},", key);
    if (key == "lr") {
      recipe.learning_rate = number_in(value).value_or(0.0);
      if (!(recipe.learning_rate > 0.0))
        return bad_recipe(text, fmt::format("lr={} is no positive number", value));
    } else if (key == "steps" || (key == "calls" && lbfgs)) {
      const std::optional<std::uint32_t> count = count_in(value);
      if (!count) {
        return bad_recipe(text, fmt::format("{}={} is no whole number from 1 to {}", key, value, kMostSteps));
      }
      (key == "steps" ? recipe.steps : recipe.calls) = *count;
      has_calls = has_calls || key == "calls";
    } else if (key == "of") {
      if (value != "log" && value != "t")
        return bad_recipe(text, fmt::format("of={} is neither log nor t", value));
      recipe.of_log = value == "log";
    } else if (key == "start") {
      recipe.start = number_in(value).value_or(0.0);
      if (!(recipe.start >= kSmallestTemperature && recipe.start <= kLargestTemperature)) {
        return bad_recipe(text, fmt::format("start={} does not lie between {} and {}", value,
                                            kSmallestTemperature, kLargestTemperature));
      }
    } else {
      return bad_recipe(text, fmt::format("{} has no setting \"{}\"", name, key));
    }
  }
  if (recipe.learning_rate == 0.0) return bad_recipe(text, "the learning rate is missing (lr=)");
  if (recipe.steps == 0 && lbfgs && has_calls) recipe.steps = kTorchMaxIter;
  if (recipe.steps == 0) return bad_recipe(text, "the number of steps is missing (steps=)");
  return recipe;
}

EmulatedTemperature emulate_temperature(const LabelledLogits& data, std::span<const std::size_t> rows,
                                        const TemperatureRecipe& recipe) {
  QT_CHECK(!rows.empty(), "a temperature needs examples");
  if (recipe.optimizer == TemperatureOptimizer::kOptimum) {
    return {.value = fit_temperature(data, rows).value, .iterations = 0, .diverged = false};
  }
  const Objective objective(data, rows, recipe.of_log);
  Walk walk;
  walk.parameter = recipe.of_log ? std::log(recipe.start) : recipe.start;
  if (recipe.optimizer == TemperatureOptimizer::kLbfgs) {
    LbfgsState state;
    for (std::uint32_t call = 0; call < recipe.calls && !walk.diverged; ++call) {
      lbfgs_call(objective, recipe, state, walk);
    }
  } else {
    descend(objective, recipe, walk);
  }
  return {.value = objective.temperature(walk.parameter),
          .iterations = walk.iterations,
          .diverged = walk.diverged};
}

}  // namespace quantier
