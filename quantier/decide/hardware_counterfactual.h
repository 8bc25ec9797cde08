// The same configurations on a device and a stack that nobody measured them on: modelled times with
// intervals, the order where it is known, and by which mechanism a configuration differs from the reference.
//
// Pure: costs in, findings out. Everything here is modelled; what was measured stands beside it (pipeline/
// hardware) and never inside. An order is known only between configurations whose ratio lies outside the
// error of ratios (roofline.h); every other pair is unknown, whatever its points say.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quantier/decide/hardware_table.h"
#include "quantier/decide/roofline.h"
#include "quantier/record/cost.h"

namespace quantier {

struct CounterfactualInput {
  std::string name;   // "encoder int8", unique
  std::string model;  // "encoder"
  std::string recipe;
  ForwardCost cost;
};

// Milliseconds of a batch more than the reference of the same model; negative: less.
struct Mechanism {
  std::string reference;  // its name; empty: it is the reference, or there is none
  double products_ms = 0.0;
  double elementwise_ms = 0.0;
  double quantize_ms = 0.0;
  double launches_ms = 0.0;  // what they add to the time, not what runs beside it
};

struct CounterfactualConfiguration {
  std::string name;
  std::string model;
  std::string recipe;
  TechniqueSupport support;
  std::optional<ModelledTime> time;  // of a batch
  double batch = 0.0;
  std::string why_absent;           // when there is no time
  ByteRange memory_bytes;           // modelled, at the peak; as wide as published peaks were off
  std::optional<bool> fits;         // the upper end, in the device's memory; nullopt: unknown, or a CPU
  std::optional<std::size_t> rank;  // 1 is the fastest point; nullopt without a time
  bool rank_known = false;          // no other configuration could be in its place
  std::vector<std::size_t> unordered_with;  // configurations whose order with this one is unknown
  Mechanism mechanism;

  [[nodiscard]] double point_ms_per_example() const { return time->time.point_ms / batch; }
  [[nodiscard]] double low_ms_per_example() const { return time->low_ms / batch; }
  [[nodiscard]] double high_ms_per_example() const { return time->high_ms / batch; }
};

struct HardwareCounterfactual {
  std::string device;  // "t4"
  std::string device_title;
  Stack stack = Stack::kFused;
  double batch = 0.0;
  double tokens_per_text = 0.0;
  std::vector<CounterfactualConfiguration> configurations;  // in the order of the input
  std::vector<std::size_t> order;                           // those with a time, fastest point first
  std::optional<ErrorBand> ratio_error;                     // outside of which an order is known
};

// `reference_recipe`: what mechanisms compare with, inside each model.
[[nodiscard]] HardwareCounterfactual model_hardware(const Device& device, Stack stack,
                                                    std::span<const CounterfactualInput> inputs,
                                                    const RooflineError& error,
                                                    const std::string& reference_recipe = "fp16");

// -1: the first is faster, 1: the second, 0: unknown.
[[nodiscard]] int known_order(const HardwareCounterfactual& counterfactual, std::size_t first,
                              std::size_t second);

// "a < b ? c": faster before slower, `?` where the order is unknown.
[[nodiscard]] std::string order_text(const HardwareCounterfactual& counterfactual);

// "82.3 ms a batch more than encoder fp16: products -12.1, ..., launches +31.6"; empty for a reference.
[[nodiscard]] std::string mechanism_sentence(const CounterfactualConfiguration& configuration);

// Two configurations whose order is known in two places and differs.
struct OrderChange {
  std::string faster_here;
  std::string slower_here;
  std::size_t here = 0;   // index of a counterfactual
  std::size_t there = 0;  // where it is the other way round
};
// Inside one model, each pair once.
[[nodiscard]] std::vector<OrderChange> order_changes(std::span<const HardwareCounterfactual> places);

}  // namespace quantier
