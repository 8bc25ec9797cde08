// One execution of one configuration over one data split, as it goes into the evidence store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quantier/record/device_reading.h"
#include "quantier/record/executed_plan.h"
#include "quantier/record/measurement.h"
#include "quantier/record/predictions.h"

namespace quantier {

// model x recipe x device. `key` identifies it inside a store: a hash over model, recipe, options and data.
struct ConfigurationId {
  std::string model;   // display name from the configuration: "demo-encoder"
  std::string recipe;  // "int8"
  std::string device;  // "cpu"
  [[nodiscard]] std::string display() const { return model + " " + recipe; }
};

// Beside the numbers of a run on a device: where the time went, and what its driver said meanwhile.
struct DeviceEvidence {
  std::optional<DeviceSplit> predictions = {};
  std::optional<DeviceReadings> predictions_readings = {};
  std::optional<DeviceReadings> timing_readings = {};
};

// What a calibrated configuration gives with other calibration texts: beside its run, never in its place.
struct CalibrationSample {
  std::uint64_t seed = 0;     // that the texts were drawn by
  std::string at;             // RFC 3339, UTC
  ExecutedPlan plan;          // its options say which texts these were
  std::vector<float> logits;  // [examples, classes], of the run's examples in their order
};

struct Run {
  ConfigurationId configuration;
  std::string key;                     // content hash that makes --resume skip a finished run
  std::string split;                   // "validation"
  std::optional<std::uint64_t> limit;  // examples kept by --limit, when it was given
  std::uint32_t requested_batch_size = 0;
  std::uint32_t effective_batch_size = 0;  // smaller after memory ran out
  ExecutedPlan plan;
  Provenance provenance;
  Predictions predictions;
  std::vector<TimingSample> timings;
  MemoryRecord memory;
  DeviceEvidence device = {};  // empty on the CPU, and in older evidence
};

}  // namespace quantier
