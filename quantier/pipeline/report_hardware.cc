#include "quantier/pipeline/report_hardware.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/decide/choice_elsewhere.h"
#include "quantier/formats/plan.h"
#include "quantier/measure/protocols.h"
#include "quantier/pipeline/cost_model.h"
#include "quantier/pipeline/hardware.h"
#include "quantier/pipeline/report_imported.h"

namespace quantier {
namespace {

struct NamedDevice {
  const char* device;
  const char* shown;
};
constexpr std::array<NamedDevice, 5> kDevices = {
    {{"t4", "T4"}, {"l4", "L4"}, {"a100", "A100"}, {"h100", "H100"}, {"cpu", "2-core CPU"}}};
// What known_recipes() multiply with, on any model; float needs nothing of a device.
constexpr std::array<std::pair<std::string_view, Technique>, 3> kTechniqueOf = {
    {{"fp16", Technique::kFp16}, {"int8", Technique::kLlmInt8}, {"int4", Technique::kNf4}}};
// Beside those that were run: what other recipes would need.
constexpr std::array kAlsoAsked = {Technique::kBf16, Technique::kFp8, Technique::kInt4WeightOnly};

std::string shown(const std::string& device) {
  for (const NamedDevice& each : kDevices) {
    if (device == each.device) return each.shown;
  }
  return device;
}

std::uint64_t mean_tokens(const std::vector<Run>& runs, std::uint64_t otherwise) {
  std::uint64_t tokens = 0;
  std::uint64_t examples = 0;
  for (const Run& run : runs) {
    for (const TimingSample& sample : run.timings) {
      if (sample.protocol != TimingProtocol::kThroughput || sample.warm_up) continue;
      tokens += sample.tokens;
      examples += sample.examples;
    }
  }
  if (tokens == 0 || examples == 0) return otherwise;
  return std::max<std::uint64_t>(1, (tokens + examples / 2) / examples);
}

std::uint64_t batch_of(const std::vector<Run>& runs, const Envelope& envelope) {
  if (envelope.latency_protocol == timing_protocol_name(TimingProtocol::kLatency)) return 1;
  const std::uint64_t batch = runs.empty() ? 0 : runs.front().effective_batch_size;
  return batch == 0 ? kProtocolBatchSize : batch;
}

// Models and recipes for which a roofline exists; the others are named.
HardwareRequest request_of(const RunConfig& config, const Decision& decision, NoteHardware& note) {
  HardwareRequest request;
  request.recipes.clear();
  std::vector<std::string> models;
  for (const Candidate& candidate : decision.candidates) {
    if (std::ranges::find(models, candidate.model) == models.end()) models.push_back(candidate.model);
    if (parse_recipe(candidate.recipe) &&
        std::ranges::find(request.recipes, candidate.recipe) == request.recipes.end()) {
      request.recipes.push_back(candidate.recipe);
    }
  }
  std::vector<std::string> read;  // a file of shapes may hold several models
  for (const std::string& model : models) {
    const auto stated = std::ranges::find(config.models, model, &ModelConfig::name);
    bool found = std::ranges::find(read, model) != read.end();
    if (!found && stated != config.models.end() && !stated->path.empty()) {
      const std::string text = model + "=" + stated->path.string();
      if (const auto shapes = read_model_shapes(text, stated->base)) {
        for (const NamedModel& each : *shapes) {
          found = found || each.name == model;
          read.push_back(each.name);
        }
        if (found) request.models.push_back(text);
        if (found && stated->base) request.bases.emplace(text, *stated->base);
      }
    }
    if (!found) note.without_shapes.push_back(model);
  }
  for (const NamedDevice& each : kDevices) request.devices.emplace_back(each.device);
  return request;
}

const CounterfactualConfiguration* row_of(const HardwareCounterfactual& place, const std::string& name) {
  const auto found = std::ranges::find(place.configurations, name, &CounterfactualConfiguration::name);
  return found == place.configurations.end() ? nullptr : &*found;
}

void add_choice(const HardwareCounterfactual& place, const Decision& decision, NoteDevice& device) {
  if (!place.ratio_error) {
    device.choice_why = "no published times to learn the error of ratios from";
    return;
  }
  std::vector<ElsewhereCost> costs;
  for (const Candidate& candidate : decision.candidates) {
    ElsewhereCost cost;
    const CounterfactualConfiguration* row = row_of(place, candidate.name);
    if (row != nullptr && row->time && row->fits.value_or(true)) {
      cost.ms_per_example = row->point_ms_per_example();
      cost.common_error = std::log(row->time->high_ms / row->time->time.point_ms);
      cost.memory_low_bytes = row->memory_bytes.low;
      cost.memory_high_bytes = row->memory_bytes.high;
    }
    costs.push_back(cost);
  }
  const ChoiceElsewhere choice = choice_elsewhere(decision, costs, place.ratio_error->size);
  for (const std::size_t i : choice.possible) device.possible.push_back(decision.candidates[i].name);
  device.nothing_possible = choice.nothing_possible;
  if (choice.unmodelled_limit) {
    device.choice_why = fmt::format("{} has to be measured there",
                                    decision.constraints[*choice.unmodelled_limit].metric.name());
  } else if (choice.without_time) {
    device.choice_why = "not every configuration has a modelled time";
  }
}

NoteDevice device_of(const HardwareCounterfactual& place, const Decision& decision) {
  NoteDevice device;
  device.name = shown(place.device);
  device.title = place.device_title;
  for (const Candidate& candidate : decision.candidates) {
    const CounterfactualConfiguration* row = row_of(place, candidate.name);
    if (row == nullptr || !row->time) {
      device.times.emplace_back();
      continue;
    }
    device.times.push_back(NoteModelledTime{row->low_ms_per_example(), row->high_ms_per_example()});
    device.launches_matter = device.launches_matter || row->time->time.launches_matter;
  }
  for (std::size_t a = 0; a < place.configurations.size(); ++a) {
    for (std::size_t b = a + 1; b < place.configurations.size(); ++b) {
      ++device.pairs;
      device.known_pairs += known_order(place, a, b) != 0 ? 1 : 0;
    }
  }
  add_choice(place, decision, device);
  return device;
}

constexpr double kShows = 0.0005;  // ms of a batch: smaller parts are left out

// Why a recipe differs from the reference on a device that these numbers are not of: for the model of the
// choice, where there is one.
void add_steps(const std::vector<const HardwareCounterfactual*>& places, const Decision& decision,
               NoteHardware& note) {
  const char* elsewhere = decision.envelope.device.find("T4") == std::string::npos ? "t4" : "h100";
  for (const HardwareCounterfactual* place : places) {
    if (place->device != elsewhere) continue;
    std::string model = place->configurations.empty() ? std::string() : place->configurations.front().model;
    if (decision.chosen) {
      const std::string& chosen = decision.candidates[*decision.chosen].model;
      const auto has = [&](const CounterfactualConfiguration& row) { return row.model == chosen; };
      if (std::ranges::any_of(place->configurations, has)) model = chosen;
    }
    for (const CounterfactualConfiguration& row : place->configurations) {
      const Mechanism& mechanism = row.mechanism;
      if (row.model != model || !row.time || mechanism.reference.empty()) continue;
      note.step_device = shown(place->device);
      note.step_reference = mechanism.reference;
      NoteModelledStep step{.model = row.model,
                            .recipe = row.recipe,
                            .total_ms = mechanism.products_ms + mechanism.elementwise_ms +
                                        mechanism.quantize_ms + mechanism.launches_ms,
                            .parts = {}};
      for (const NoteModelledStep::Part& part : {NoteModelledStep::Part{"products", mechanism.products_ms},
                                                 {"activations", mechanism.elementwise_ms},
                                                 {"quantizing and dequantizing", mechanism.quantize_ms},
                                                 {"launches and waits", mechanism.launches_ms}}) {
        if (std::abs(part.ms) >= kShows) step.parts.push_back(part);
      }
      note.steps.push_back(std::move(step));
    }
  }
}

void add_techniques(const HardwareReport& report, const HardwareRequest& request, NoteHardware& note) {
  std::vector<std::pair<Technique, std::string>> asked;
  for (const std::string& recipe : request.recipes) {
    for (const auto& [name, technique] : kTechniqueOf) {
      if (recipe == name) asked.emplace_back(technique, recipe);
    }
  }
  for (const Technique each : kAlsoAsked) asked.emplace_back(each, "");
  for (const auto& [technique, recipe] : asked) {
    NoteTechnique row{.name = technique_name(technique), .needs = {}, .recipe = recipe, .support = {}};
    for (const DeviceSupport& device : report.support) {
      for (const TechniqueSupport& support : device.techniques) {
        if (support.technique != technique) continue;
        if (row.needs.empty()) row.needs = support.needs;
        row.support.emplace_back(support_words(support));
      }
    }
    note.techniques.push_back(std::move(row));
  }
}

}  // namespace

Result<NoteHardware> hardware_for_note(const RunConfig& config, const std::vector<Run>& runs,
                                       const Decision& decision) {
  NoteHardware note;
  const bool imported = runs.empty() || all_imported(runs);
  HardwareRequest request = request_of(config, decision, note);
  request.batch = batch_of(runs, decision.envelope);
  request.tokens_per_text = mean_tokens(runs, config.max_length);
  if (request.recipes.empty()) request.models.clear();
  auto compared_here = compare_hardware(request);
  if (!compared_here && !request.models.empty()) {
    // Shapes that do not go with this length or batch: the rest of the note does not hang on them.
    note.why_no_times = compared_here.error().what;
    request.models.clear();
    compared_here = compare_hardware(request);
  }
  QT_TRY(const HardwareReport report, std::move(compared_here));
  note.stack = imported ? "transformers + bitsandbytes, and fused kernels on the CPU" : "fused kernels";
  note.workload = request.batch == 1 ? fmt::format("single texts of {} tokens", request.tokens_per_text)
                                     : fmt::format("batches of {} texts of {} tokens", request.batch,
                                                   request.tokens_per_text);
  for (const Candidate& candidate : decision.candidates) note.configurations.push_back(candidate.name);
  note.tested_anchors = report.tested_anchors;
  note.anchors_inside = report.anchors_inside;
  add_techniques(report, request, note);

  std::vector<const HardwareCounterfactual*> places;
  std::vector<HardwareCounterfactual> compared;
  for (const NamedDevice& each : kDevices) {
    const Stack stack = imported && std::string_view(each.device) != "cpu" ? Stack::kEager : Stack::kFused;
    const auto place = std::ranges::find_if(report.places, [&](const HardwareCounterfactual& candidate) {
      return candidate.device == each.device && candidate.stack == stack;
    });
    if (place == report.places.end()) {
      note.devices.emplace_back();
      note.devices.back().name = each.shown;
      continue;
    }
    note.devices.push_back(device_of(*place, decision));
    places.push_back(&*place);
    compared.push_back(*place);
  }
  for (const OrderChange& change : order_changes(compared)) {
    note.changes.push_back({change.faster_here, change.slower_here, shown(compared[change.here].device),
                            shown(compared[change.there].device)});
  }
  add_steps(places, decision, note);
  return note;
}

}  // namespace quantier
