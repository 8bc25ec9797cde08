// Which technique runs how on which device, what each configuration would cost there, and what was measured.
//
// Modelled times come from decide/roofline with the error of the published anchors; measured ones from a
// store, each with its device: Quantier's own beside imported ones ("measured, other stack"), never mixed
// into the model. A run whose model has no shapes here has no roofline, and that is said. Errors: kUsage (an
// unknown device, recipe or stack, nothing to look at, a length or batch of zero); those of read_model_shapes
// and of the store.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/decide/hardware_counterfactual.h"
#include "quantier/pipeline/model_shapes.h"

namespace quantier {

struct HardwareRequest {
  std::vector<std::string> models;  // as read_model_shapes takes them
  // Of those that are adapters, where it is not found by itself: text in `models` -> base directory.
  std::map<std::string, std::filesystem::path> bases;
  std::vector<std::string> recipes = {"fp16", "int8", "int4"};
  std::uint64_t batch = 32;
  std::uint64_t tokens_per_text = 128;
  std::vector<std::string> devices;  // empty: the whole table
  std::string stack = "both";        // "fused", "eager", "both"
  std::string store;                 // evidence.sqlite or its folder; may be empty
};

struct DeviceSupport {
  std::string device;
  std::string title;
  std::string note;
  std::vector<TechniqueSupport> techniques;  // of all_techniques()
};

// A run of a store: time and memory as they were measured.
struct MeasuredConfiguration {
  std::string name;
  std::string device;                    // "AMD EPYC ...", or what the user declared
  bool other_stack = false;              // imported
  std::optional<double> ms_per_example;  // median
  std::string protocol;
  std::uint64_t samples = 0;
  std::uint64_t batch = 0;
  std::optional<double> memory_bytes;
  std::string memory_definition;
  bool has_shapes = false;  // among the models of the request
  // In whose table it stands: the device that its text names (imported: beside the eager stack). nullopt: a
  // device that is not in the report.
  std::optional<std::size_t> place = {};
  // The modelled interval of the same configuration holds it; nullopt: another batch, or not modelled.
  std::optional<bool> inside = {};
};

struct HardwareReport {
  std::vector<DeviceSupport> support;
  std::vector<HardwareCounterfactual> places;  // device by device, stack by stack
  std::vector<OrderChange> changes;
  std::vector<MeasuredConfiguration> measured;
  std::vector<NamedModel> models;
  std::vector<std::string> remarks;
  // How far the modelled numbers can be trusted.
  std::size_t tested_anchors = 0;
  std::size_t anchors_inside = 0;
};

[[nodiscard]] Result<HardwareReport> compare_hardware(const HardwareRequest& request);

[[nodiscard]] Json hardware_to_json(const HardwareReport& report);
// Tables for a terminal.
[[nodiscard]] std::string hardware_text(const HardwareReport& report);

}  // namespace quantier
