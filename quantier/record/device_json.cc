#include <array>
#include <utility>

#include <fmt/format.h>

#include "quantier/record/json.h"

namespace quantier {
namespace {

using Column = std::optional<std::uint64_t> DeviceReading::*;
constexpr std::array<std::pair<const char*, Column>, 6> kColumns = {{
    {"sm_clock_mhz", &DeviceReading::sm_clock_mhz},
    {"memory_clock_mhz", &DeviceReading::memory_clock_mhz},
    {"power_mw", &DeviceReading::power_mw},
    {"temperature_c", &DeviceReading::temperature_c},
    {"clock_reasons", &DeviceReading::clock_reasons},
    {"memory_used_bytes", &DeviceReading::memory_used_bytes},
}};

std::unexpected<Error> wrong(std::string what, std::string_view source) {
  return fail(ErrorKind::kCorruptData, std::move(what), std::string(source));
}

Result<const Json*> column(const Json& json, const char* name, std::string_view source) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_array())
    return wrong(fmt::format("\"{}\" of a device's readings must be an array", name), source);
  return &*found;
}

}  // namespace

Json to_json(const DeviceTimes& times) {
  return {{"transfer_in_ns", times.transfer_in_ns},
          {"compute_ns", times.compute_ns},
          {"transfer_out_ns", times.transfer_out_ns}};
}

Result<DeviceTimes> device_times_from_json(const Json& json, std::string_view source) {
  DeviceTimes times;
  QT_TRY(times.transfer_in_ns, json_get<std::int64_t>(json, "transfer_in_ns", source));
  QT_TRY(times.compute_ns, json_get<std::int64_t>(json, "compute_ns", source));
  QT_TRY(times.transfer_out_ns, json_get<std::int64_t>(json, "transfer_out_ns", source));
  return times;
}

Json to_json(const DeviceSplit& split) {
  return {{"wall_ns", split.wall_ns},
          {"tokenize_ns", split.tokenize_ns},
          {"encode_ns", split.encode_ns},
          {"device", to_json(split.device)}};
}

Result<DeviceSplit> device_split_from_json(const Json& json, std::string_view source) {
  DeviceSplit split;
  QT_TRY(split.wall_ns, json_get<std::int64_t>(json, "wall_ns", source));
  QT_TRY(split.tokenize_ns, json_get<std::int64_t>(json, "tokenize_ns", source));
  QT_TRY(split.encode_ns, json_get<std::int64_t>(json, "encode_ns", source));
  const auto device = json.find("device");
  if (device == json.end()) return wrong("the time of a device's work has no parts", source);
  QT_TRY(split.device, device_times_from_json(*device, source));
  return split;
}

Json to_json(const DeviceReadings& readings) {
  Json json{{"source", readings.source},
            {"problem", readings.problem},
            {"interval_ns", readings.interval_ns},
            {"memory_before_bytes",
             readings.memory_before_bytes ? Json(*readings.memory_before_bytes) : Json(nullptr)}};
  Json at = Json::array();
  for (const DeviceReading& reading : readings.readings) at.push_back(reading.at_ns);
  json["at_ns"] = std::move(at);
  for (const auto& [name, member] : kColumns) {
    Json values = Json::array();
    for (const DeviceReading& reading : readings.readings)
      values.push_back(reading.*member ? Json(*(reading.*member)) : Json(nullptr));
    json[name] = std::move(values);
  }
  return json;
}

Result<DeviceReadings> device_readings_from_json(const Json& json, std::string_view source) {
  DeviceReadings out;
  QT_TRY(out.source, json_get<std::string>(json, "source", source));
  QT_TRY(out.problem, json_get<std::string>(json, "problem", source));
  QT_TRY(out.interval_ns, json_get<std::int64_t>(json, "interval_ns", source));
  if (const auto before = json.find("memory_before_bytes"); before != json.end() && !before->is_null()) {
    QT_TRY(out.memory_before_bytes, json_get_count(json, "memory_before_bytes", source));
  }
  QT_TRY(const Json* at, column(json, "at_ns", source));
  out.readings.resize(at->size());
  for (std::size_t i = 0; i < at->size(); ++i) {
    if (!(*at)[i].is_number_integer()) return wrong("a reading of a device has no time", source);
    out.readings[i].at_ns = (*at)[i].get<std::int64_t>();
  }
  for (const auto& [name, member] : kColumns) {
    QT_TRY(const Json* values, column(json, name, source));
    if (values->size() != at->size())
      return wrong(fmt::format("\"{}\" has another length than the readings", name), source);
    for (std::size_t i = 0; i < values->size(); ++i) {
      const Json& value = (*values)[i];
      if (value.is_null()) continue;
      if (!value.is_number_unsigned() && !(value.is_number_integer() && value.get<std::int64_t>() >= 0))
        return wrong(fmt::format("a value of \"{}\" is no count", name), source);
      out.readings[i].*member = value.get<std::uint64_t>();
    }
  }
  return out;
}

}  // namespace quantier
