// Records as JSON: how they stand in the evidence store, in --json output and between processes.
//
// Reading is typed and strict about what must be there; unknown members are ignored, so that an older program
// reads what a newer one added. Errors: kCorruptData with `source`.
#pragma once

#include <string_view>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/record/device_reading.h"
#include "quantier/record/executed_plan.h"
#include "quantier/record/measurement.h"
#include "quantier/record/noise_floor.h"

namespace quantier {

[[nodiscard]] Json to_json(const ExecutedPlan& plan);
[[nodiscard]] Json to_json(const Provenance& provenance);
[[nodiscard]] Json to_json(const MemoryRecord& memory);
[[nodiscard]] Json to_json(const TimingSample& sample);
[[nodiscard]] Json to_json(const NoiseFloor& noise);

[[nodiscard]] Json to_json(const DeviceTimes& times);
[[nodiscard]] Json to_json(const DeviceSplit& split);
// Columns: one array for each thing that is read, null where the driver did not know it.
[[nodiscard]] Json to_json(const DeviceReadings& readings);

[[nodiscard]] Result<ExecutedPlan> executed_plan_from_json(const Json& json, std::string_view source);
[[nodiscard]] Result<Provenance> provenance_from_json(const Json& json, std::string_view source);
[[nodiscard]] Result<MemoryRecord> memory_from_json(const Json& json, std::string_view source);
[[nodiscard]] Result<TimingSample> timing_from_json(const Json& json, std::string_view source);
[[nodiscard]] Result<DeviceTimes> device_times_from_json(const Json& json, std::string_view source);
[[nodiscard]] Result<DeviceSplit> device_split_from_json(const Json& json, std::string_view source);
[[nodiscard]] Result<DeviceReadings> device_readings_from_json(const Json& json, std::string_view source);
[[nodiscard]] Result<NoiseFloor> noise_floor_from_json(const Json& json, std::string_view source);

[[nodiscard]] Result<TimingProtocol> timing_protocol_from_name(std::string_view name,
                                                               std::string_view source);

// A whole number that is not negative.
[[nodiscard]] Result<std::uint64_t> json_get_count(const Json& object, std::string_view key,
                                                   std::string_view source);

}  // namespace quantier
