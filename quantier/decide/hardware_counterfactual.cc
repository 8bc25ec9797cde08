#include "quantier/decide/hardware_counterfactual.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace quantier {
namespace {

// What launches add: everything in a fused stack and where the host waits, otherwise what exceeds the device.
double added_launches(const RooflineTime& time) {
  return time.point_ms - time.products_ms - time.elementwise_ms - time.quantize_ms;
}

Mechanism compare(const CounterfactualConfiguration& reference, const RooflineTime& time) {
  const RooflineTime& base = reference.time->time;
  return {reference.name, time.products_ms - base.products_ms, time.elementwise_ms - base.elementwise_ms,
          time.quantize_ms - base.quantize_ms, added_launches(time) - added_launches(base)};
}

CounterfactualConfiguration configure(const Device& device, const CounterfactualInput& input,
                                      const RooflineError& error) {
  CounterfactualConfiguration out;
  out.name = input.name;
  out.model = input.model;
  out.recipe = input.recipe;
  out.batch = input.cost.batch;
  out.memory_bytes = input.cost.memory;
  // Activations on a CPU stay in float whatever the weights are.
  if (device.device_class == DeviceClass::kCpu && input.cost.technique != Technique::kFp32) {
    out.memory_bytes.low += input.cost.activation_bytes;
    out.memory_bytes.high += input.cost.activation_bytes;
  }
  out.memory_bytes = widened(out.memory_bytes, error.memory_band(), input.cost.weight_bytes);
  out.support = technique_support(device, input.cost.technique);
  if (device.memory_bytes > 0) out.fits = out.memory_bytes.high <= device.memory_bytes;
  if (out.support.support == Support::kAbsent) {
    out.why_absent = out.support.reason;
    return out;
  }
  if (!roofline_time(input.cost, device)) {
    out.why_absent = "no source gives a rate for its products on this device";
    return out;
  }
  out.time = modelled_time(input.cost, device, error);
  if (!out.time) out.why_absent = "no published time of this stack on such a device to learn the error from";
  return out;
}

}  // namespace

int known_order(const HardwareCounterfactual& counterfactual, std::size_t first, std::size_t second) {
  const auto& a = counterfactual.configurations[first].time;
  const auto& b = counterfactual.configurations[second].time;
  if (!a || !b || !counterfactual.ratio_error) return 0;
  const double ratio = std::log(a->time.point_ms / b->time.point_ms);
  if (std::abs(ratio) <= counterfactual.ratio_error->size) return 0;
  return ratio < 0 ? -1 : 1;
}

HardwareCounterfactual model_hardware(const Device& device, Stack stack,
                                      std::span<const CounterfactualInput> inputs, const RooflineError& error,
                                      const std::string& reference_recipe) {
  HardwareCounterfactual out;
  out.device = device.name;
  out.device_title = device.title;
  out.stack = stack;
  bool launches_matter = false;
  for (const CounterfactualInput& input : inputs) {
    out.batch = input.cost.batch;
    out.tokens_per_text = input.cost.tokens_per_text;
    out.configurations.push_back(configure(device, input, error));
    const auto& time = out.configurations.back().time;
    launches_matter = launches_matter || (time && time->time.launches_matter);
  }
  // One error for all pairs of a place: where launches matter for any, the one that knows of them.
  out.ratio_error = error.pair_band(stack, device.device_class, launches_matter);

  for (CounterfactualConfiguration& configuration : out.configurations) {
    if (!configuration.time || configuration.recipe == reference_recipe) continue;
    const auto reference = std::ranges::find_if(out.configurations, [&](const auto& other) {
      return other.model == configuration.model && other.recipe == reference_recipe && other.time;
    });
    if (reference == out.configurations.end()) continue;
    configuration.mechanism = compare(*reference, configuration.time->time);
  }
  for (std::size_t i = 0; i < out.configurations.size(); ++i) {
    if (out.configurations[i].time) out.order.push_back(i);
  }
  std::ranges::stable_sort(out.order, {},
                           [&](std::size_t i) { return out.configurations[i].time->time.point_ms; });
  for (std::size_t place = 0; place < out.order.size(); ++place) {
    CounterfactualConfiguration& configuration = out.configurations[out.order[place]];
    configuration.rank = place + 1;
    for (const std::size_t other : out.order) {
      if (other != out.order[place] && known_order(out, out.order[place], other) == 0) {
        configuration.unordered_with.push_back(other);
      }
    }
    configuration.rank_known = configuration.unordered_with.empty();
  }
  return out;
}

std::string order_text(const HardwareCounterfactual& counterfactual) {
  std::string text;
  for (std::size_t place = 0; place < counterfactual.order.size(); ++place) {
    const std::size_t here = counterfactual.order[place];
    if (place > 0) {
      text += known_order(counterfactual, counterfactual.order[place - 1], here) == 0 ? " ? " : " < ";
    }
    text += counterfactual.configurations[here].name;
  }
  return text;
}

std::string mechanism_sentence(const CounterfactualConfiguration& configuration) {
  const Mechanism& mechanism = configuration.mechanism;
  if (mechanism.reference.empty()) return {};
  const double sum =
      mechanism.products_ms + mechanism.elementwise_ms + mechanism.quantize_ms + mechanism.launches_ms;
  std::string text = fmt::format("{:.3g} ms a batch {} than {}: products {:+.3g}", std::abs(sum),
                                 sum < 0 ? "less" : "more", mechanism.reference, mechanism.products_ms);
  const auto add = [&](const char* name, double ms) {
    if (std::abs(ms) > 0.0005) text += fmt::format(", {} {:+.3g}", name, ms);
  };
  add("activations", mechanism.elementwise_ms);
  add("passes that quantize or dequantize", mechanism.quantize_ms);
  add("launches and waits", mechanism.launches_ms);
  return text;
}

std::vector<OrderChange> order_changes(std::span<const HardwareCounterfactual> places) {
  std::vector<OrderChange> changes;
  if (places.empty()) return changes;
  const std::size_t count = places.front().configurations.size();
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = i + 1; j < count; ++j) {
      const auto& first = places.front().configurations[i];
      const auto& second = places.front().configurations[j];
      if (first.model != second.model) continue;
      std::optional<std::size_t> forward;
      std::optional<std::size_t> backward;
      for (std::size_t p = 0; p < places.size(); ++p) {
        const int order = known_order(places[p], i, j);
        if (order < 0 && !forward) forward = p;
        if (order > 0 && !backward) backward = p;
      }
      if (forward && backward) changes.push_back({first.name, second.name, *forward, *backward});
    }
  }
  return changes;
}

}  // namespace quantier
