#include "quantier/pipeline/hardware.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/evidence/store.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/cost_model.h"
#include "quantier/pipeline/roofline_anchors.h"
#include "quantier/pipeline/toml_section.h"
#include "quantier/stats/estimators/quantile.h"

namespace quantier {
namespace {

std::string lower_of(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return lower;
}

Result<std::vector<const Device*>> devices_of(const std::vector<std::string>& names) {
  std::vector<const Device*> devices;
  if (names.empty()) {
    for (const Device& device : device_table()) devices.push_back(&device);
    return devices;
  }
  for (const std::string& name : names) {
    const Device* device = find_device(name);
    if (device == nullptr) {
      std::vector<std::string> known;
      for (const Device& row : device_table()) known.emplace_back(row.name);
      return fail(ErrorKind::kUsage, fmt::format("the device \"{}\" is not known", printable(name, 60)),
                  "--device", "its rates are not in the table", suggestion(lower_of(name), known));
    }
    if (std::ranges::find(devices, device) == devices.end()) devices.push_back(device);
  }
  return devices;
}

Result<std::vector<Stack>> stacks_of(const std::string& name) {
  if (name == "both") return std::vector<Stack>{Stack::kFused, Stack::kEager};
  for (const Stack stack : {Stack::kFused, Stack::kEager}) {
    if (name == stack_name(stack)) return std::vector<Stack>{stack};
  }
  return fail(ErrorKind::kUsage, fmt::format("the stack \"{}\" is not known", printable(name, 60)), "--stack",
              "", suggestion(name, {"fused", "eager", "both"}));
}

Status check_recipes(const std::vector<std::string>& recipes) {
  std::set<std::string> seen;
  for (const std::string& recipe : recipes) {
    if (const auto parsed = parse_recipe(recipe); !parsed) {
      return fail(ErrorKind::kUsage, parsed.error().what, "--recipes", "", parsed.error().hint);
    }
    if (!seen.insert(recipe).second) {
      return fail(ErrorKind::kUsage, fmt::format("the recipe \"{}\" is there twice", recipe), "--recipes");
    }
  }
  return {};
}

Result<std::vector<CounterfactualInput>> inputs_of(const std::vector<NamedModel>& models,
                                                   const HardwareRequest& request, Stack stack) {
  std::vector<CounterfactualInput> inputs;
  const CostWorkload workload{request.batch, request.tokens_per_text};
  for (const NamedModel& model : models) {
    for (const std::string& recipe : request.recipes) {
      QT_TRY(const Plan plan, resolve_recipe(recipe, model.spec));
      QT_TRY(ForwardCost cost, forward_cost(model.spec, plan, workload, stack));
      inputs.push_back({model.name + " " + recipe, model.name, recipe, std::move(cost)});
    }
  }
  return inputs;
}

// The protocol that comes nearest to batches of a length: throughput, then padded batches, then single texts.
void summarise_timings(const Run& run, MeasuredConfiguration& out) {
  for (const TimingProtocol protocol :
       {TimingProtocol::kThroughput, TimingProtocol::kWorkload, TimingProtocol::kLatency}) {
    std::vector<double> ms;
    for (const TimingSample& sample : run.timings) {
      if (sample.protocol != protocol || sample.warm_up || sample.examples == 0 || sample.wall_ns <= 0) {
        continue;
      }
      ms.push_back(static_cast<double>(sample.wall_ns) / static_cast<double>(sample.examples) / 1e6);
      out.batch = sample.batch_size;
    }
    if (ms.empty()) continue;
    std::ranges::sort(ms);
    out.ms_per_example = linear_quantile(ms, 0.5);
    out.protocol = timing_protocol_name(protocol);
    out.samples = ms.size();
    return;
  }
}

MeasuredConfiguration measured_of(const Run& run, const std::vector<NamedModel>& models) {
  MeasuredConfiguration out;
  out.name = run.configuration.display();
  out.other_stack = run.provenance.origin == RunOrigin::kImported;
  out.device = out.other_stack ? run.provenance.declared_device : run.provenance.machine;
  out.has_shapes = std::ranges::any_of(
      models, [&](const NamedModel& model) { return model.name == run.configuration.model; });
  out.batch = run.effective_batch_size;
  summarise_timings(run, out);
  if (run.memory.device_peak_bytes) {
    out.memory_bytes = static_cast<double>(*run.memory.device_peak_bytes);
    out.memory_definition = "peak of allocated device memory";
  } else if (run.memory.process_peak_bytes > 0) {
    out.memory_bytes = static_cast<double>(run.memory.process_peak_bytes);
    out.memory_definition = "peak of the process";
  }
  return out;
}

Status add_measured(const HardwareRequest& request, HardwareReport& report) {
  std::filesystem::path file = request.store;
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) file /= "evidence.sqlite";
  QT_TRY(Store store, Store::open(file, Store::Mode::kReadOnly));
  QT_TRY(const std::vector<RunSummary> runs, store.runs());
  std::set<std::string> without;
  for (const RunSummary& summary : runs) {
    QT_TRY(const Run run, store.load_run(summary.key));
    report.measured.push_back(measured_of(run, report.models));
    if (!report.measured.back().has_shapes) without.insert(run.configuration.model);
  }
  for (const std::string& model : without) {
    report.remarks.push_back(
        fmt::format("no roofline for {}: its shapes are not known; give --model \"{}=PATH\" with a model "
                    "directory, a config.json or a TOML file of shapes",
                    printable(model, 60), printable(model, 60)));
  }
  return {};
}

// "NVIDIA A10G (24 GB)" names a10g, not a10.
bool names_device(std::string_view text, std::string_view device) {
  const std::string lower = lower_of(text);
  const auto is_word = [&](std::size_t at) {
    return at < lower.size() && std::isalnum(static_cast<unsigned char>(lower[at])) != 0;
  };
  for (std::size_t at = lower.find(device); at != std::string::npos; at = lower.find(device, at + 1)) {
    if ((at == 0 || !is_word(at - 1)) && !is_word(at + device.size())) return true;
  }
  return false;
}

void place_measured(const std::vector<HardwareCounterfactual>& places, MeasuredConfiguration& measured) {
  const Stack likely = measured.other_stack ? Stack::kEager : Stack::kFused;
  for (std::size_t p = 0; p < places.size(); ++p) {
    // "cpu" in a text says nothing of which one.
    if (places[p].device == "cpu" || !names_device(measured.device, places[p].device)) continue;
    if (!measured.place || places[p].stack == likely) measured.place = p;
  }
  if (!measured.place || !measured.ms_per_example) return;
  const HardwareCounterfactual& place = places[*measured.place];
  for (const CounterfactualConfiguration& row : place.configurations) {
    if (row.name != measured.name || !row.time || static_cast<double>(measured.batch) != place.batch)
      continue;
    measured.inside = *measured.ms_per_example >= row.low_ms_per_example() &&
                      *measured.ms_per_example <= row.high_ms_per_example();
  }
}

}  // namespace

Result<HardwareReport> compare_hardware(const HardwareRequest& request) {
  QT_TRY(const std::vector<const Device*> devices, devices_of(request.devices));
  QT_TRY(const std::vector<Stack> stacks, stacks_of(request.stack));
  QT_TRY_STATUS(check_recipes(request.recipes));
  if (request.tokens_per_text == 0 || request.batch == 0) {
    return fail(ErrorKind::kUsage, "nothing would be computed", request.batch == 0 ? "--batch" : "--tokens",
                "0 is not a number of texts or tokens", "give at least 1");
  }
  HardwareReport report;
  std::set<std::string> names;
  const auto base_of = [&](const std::string& text) -> std::optional<std::filesystem::path> {
    const auto found = request.bases.find(text);
    return found == request.bases.end() ? std::nullopt : std::optional(found->second);
  };
  for (const std::string& text : request.models) {
    QT_TRY(std::vector<NamedModel> models, read_model_shapes(text, base_of(text)));
    for (NamedModel& model : models) {
      if (!names.insert(model.name).second) {
        return fail(ErrorKind::kUsage, fmt::format("two models are called \"{}\"", printable(model.name, 60)),
                    model.source, "", "give each its own name: --model NAME=PATH");
      }
      report.models.push_back(std::move(model));
    }
  }
  for (const Device* device : devices) {
    DeviceSupport row{std::string(device->name), std::string(device->title), std::string(device->note), {}};
    for (const Technique technique : all_techniques()) {
      row.techniques.push_back(technique_support(*device, technique));
    }
    report.support.push_back(std::move(row));
  }
  if (!request.store.empty()) QT_TRY_STATUS(add_measured(request, report));
  if (report.models.empty()) return report;

  const RooflineValidation validation = validate_roofline();
  report.tested_anchors = validation.tested;
  report.anchors_inside = validation.inside;
  for (const Device* device : devices) {
    for (const Stack stack : stacks) {
      // transformers + bitsandbytes on a CPU runs other kernels than those whose passes are counted.
      if (stack == Stack::kEager && device->device_class == DeviceClass::kCpu) continue;
      QT_TRY(const std::vector<CounterfactualInput> inputs, inputs_of(report.models, request, stack));
      report.places.push_back(model_hardware(*device, stack, inputs, validation.error));
    }
  }
  for (MeasuredConfiguration& measured : report.measured) place_measured(report.places, measured);
  report.changes = order_changes(report.places);
  return report;
}

}  // namespace quantier
