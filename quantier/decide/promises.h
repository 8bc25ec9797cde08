// The three promises of quantization, checked one by one: the same accuracy, less memory, less time.
//
// Each compressed configuration is held against the same model's reference. Accuracy: `kept` when the change
// over the whole split is negligible against the declared margin and no tier has an established loss;
// `broken` with an established loss anywhere, or a material one over the whole split; otherwise the split is
// too small to say. From single numbers of a table, without an interval: `kept` unless it falls by more than
// the margin, `broken` when it does. Time and memory: `kept` when smaller by more than the margin of that
// metric, `broken` when larger by more, `no gain` in between. What was not measured is not judged. Pure;
// fractions and bytes as elsewhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quantier/decide/envelope.h"
#include "quantier/stats/comparisons/analysis.h"

namespace quantier {

enum class PromiseOutcome { kKept, kNoGain, kBroken, kUnresolved, kNotMeasured };
[[nodiscard]] const char* promise_outcome_name(PromiseOutcome outcome);  // "kept", "no gain", "broken", ...

struct CostPromise {
  PromiseOutcome outcome = PromiseOutcome::kNotMeasured;
  std::optional<double> value;
  std::optional<double> reference;
  std::optional<double> ratio;  // value / reference
};

struct AccuracyPromise {
  PromiseOutcome outcome = PromiseOutcome::kNotMeasured;
  double delta = 0.0;  // over the whole split
  double low = 0.0;
  double high = 0.0;
  std::vector<std::string> established_losses;  // tiers
  bool stated = false;       // two single numbers: no interval, `low` and `high` say nothing
  bool of_macro_f1 = false;  // stated of macro-F1, because no accuracy is
};

struct Promises {
  std::string model;
  std::string recipe;
  std::string reference_recipe;
  std::string run_key;  // of the compressed configuration
  AccuracyPromise accuracy;
  CostPromise memory;   // bytes
  CostPromise latency;  // ms per example
};

// What one configuration costs, by the definitions that the decision uses.
struct ConfigurationCost {
  std::string model;
  std::string recipe;
  std::string run_key;
  std::optional<double> ms_per_example;
  std::optional<double> memory_bytes;
  std::optional<double> accuracy = {};  // these two as stated: for check_stated_promises()
  std::optional<double> macro_f1 = {};
};

// One for each configuration with another recipe than the reference of its model, in the order of `costs`.
// `uncompressed`: recipes that promise nothing, such as fp32.
[[nodiscard]] std::vector<Promises> check_promises(const std::vector<ConfigurationCost>& costs,
                                                   const std::vector<TierComparison>& comparisons,
                                                   const std::string& reference_recipe,
                                                   const Margins& margins,
                                                   const std::vector<std::string>& uncompressed = {"fp32"});
// The same from numbers that others stated: accuracy where both configurations have it, else macro-F1.
[[nodiscard]] std::vector<Promises> check_stated_promises(
    const std::vector<ConfigurationCost>& costs, const std::string& reference_recipe, const Margins& margins,
    const std::vector<std::string>& uncompressed = {"fp32"});

}  // namespace quantier
