#include "quantier/pipeline/report_promises.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <span>

namespace quantier {
namespace {

struct Arithmetic {
  const char* format;
  const char* words;
};
// What the kernels of engine/ do with a weight of this format.
constexpr std::array<Arithmetic, 7> kArithmetic = {{
    {"f32", "multiplies floats"},
    {"f16", "stores halves and widens them to floats before it multiplies"},
    {"i8-row", "multiplies bytes and sums them as integers"},
    {"bf16", "multiplies bfloat16 where the processor can, and widens it to floats elsewhere"},
    {"i4-group", "stores 4 bits by group and scales them to floats before it multiplies"},
    {"fp8-row", "stores 8-bit floats and widens them before it multiplies: FP8 is emulated on a CPU"},
    {"nf4-block", "stores 4 bits and looks up the float behind them before it multiplies"},
}};
// And those of its CUDA engine.
constexpr std::array<Arithmetic, 3> kArithmeticOnCuda = {{
    {"f16", "multiplies halves on the tensor cores and sums in float"},
    {"bf16", "multiplies bfloat16 on the tensor cores and sums in float"},
    {"i8-row", "multiplies bytes on the tensor cores and sums them as integers"},
}};

}  // namespace

std::string arithmetic_of(const ExecutedPlan& plan) {
  std::map<std::string, std::uint64_t> weights_of;
  for (const ExecutedLayer& layer : plan.layers) {
    // Without its options: "i4-group/128 x i8" is an i4-group.
    const std::string format = layer.executed_format.substr(0, layer.executed_format.find_first_of("/ "));
    weights_of[format] += layer.out_features * layer.in_features;
  }
  if (weights_of.empty()) return {};
  const auto most = std::ranges::max_element(
      weights_of, {}, [](const std::pair<const std::string, std::uint64_t>& entry) { return entry.second; });
  const std::span<const Arithmetic> known =
      plan.device.starts_with("cuda") ? std::span<const Arithmetic>(kArithmeticOnCuda) : kArithmetic;
  for (const Arithmetic& each : known) {
    if (most->first == each.format) return each.words;
  }
  return {};
}

void add_promises(const Analysis& analysis, const std::vector<Run>& runs, NoteInput& input) {
  std::vector<ConfigurationCost> costs;
  for (const Candidate& candidate : input.decision.candidates) {
    costs.push_back({.model = candidate.model,
                     .recipe = candidate.recipe,
                     .run_key = candidate.run_key,
                     .ms_per_example = candidate.ms_per_example,
                     .memory_bytes = candidate.memory_bytes});
  }
  input.promises =
      check_promises(costs, analysis.comparisons, analysis.reference_recipe, input.decision.envelope.margins);
  for (const Run& run : runs) {
    NoteMechanism mechanism;
    mechanism.model = run.configuration.model;
    mechanism.recipe = run.configuration.recipe;
    mechanism.arithmetic = arithmetic_of(run.plan);
    const MemoryRecord& memory = run.memory;
    const std::uint64_t peak = memory.device_peak_bytes.value_or(memory.process_peak_bytes);
    if (memory.weights_bytes > 0 && peak > 0) {
      mechanism.weights_bytes = static_cast<double>(memory.weights_bytes);
      mechanism.peak_bytes = static_cast<double>(peak);
    }
    for (const ConfigurationFindings& findings : analysis.configurations) {
      if (findings.run_key != run.key) continue;
      for (const LatencySummary& latency : findings.latency) {
        if (latency.protocol == TimingProtocol::kThroughput)
          mechanism.tokenize_fraction = latency.tokenize_fraction;
      }
    }
    input.mechanisms.push_back(std::move(mechanism));
  }
}

}  // namespace quantier
