// What a run on a device leaves beside its numbers: where the time went, sample by sample, and what the
// driver said meanwhile. As JSON among the settings, by the run's key, so that no table of an older store has
// to change and an older program reads everything else.
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "quantier/evidence/store.h"
#include "quantier/record/json.h"

namespace quantier {
namespace {

std::string predictions_name(std::string_view key) { return fmt::format("device of predictions of {}", key); }
std::string timing_name(std::string_view key) { return fmt::format("device of timing of {}", key); }

// One row a sample, in the order of the timings: [wall, encode, transfer in, compute, transfer out,
// slowdown]. The wall time stands here once more, because an older program may have replaced the timings and
// left this.
constexpr std::size_t kColumns = 6;

Json row_of(const TimingSample& sample) {
  const DeviceTimes times = sample.device.value_or(DeviceTimes{});
  return Json::array({sample.wall_ns, sample.encode_ns, times.transfer_in_ns, times.compute_ns,
                      times.transfer_out_ns, sample.slowdown});
}

Status read_row(const Json& row, std::string_view source, TimingSample& sample, bool& belongs) {
  if (row.is_null()) return {};
  bool whole = row.is_array() && row.size() == kColumns;
  for (std::size_t i = 0; whole && i < kColumns; ++i)
    whole = row[i].is_number_unsigned() || (row[i].is_number_integer() && row[i].get<std::int64_t>() >= 0);
  if (!whole) {
    return fail(ErrorKind::kCorruptData, "the time on a device of a sample is damaged", std::string(source));
  }
  belongs = belongs && row[0].get<std::int64_t>() == sample.wall_ns;
  sample.encode_ns = row[1].get<std::int64_t>();
  sample.device =
      DeviceTimes{row[2].get<std::int64_t>(), row[3].get<std::int64_t>(), row[4].get<std::int64_t>()};
  sample.slowdown = row[5].get<std::uint64_t>();
  return {};
}

}  // namespace

Status Store::put_device_of_predictions(const Run& run) {
  const DeviceEvidence& device = run.device;
  if (!device.predictions && !device.predictions_readings) return {};
  Json json = Json::object();
  if (device.predictions) json["split"] = to_json(*device.predictions);
  if (device.predictions_readings) json["readings"] = to_json(*device.predictions_readings);
  return put_setting(predictions_name(run.key), json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Status Store::put_device_of_timing(const RunTimings& timings) {
  Json json = Json::object();
  Json rows = Json::array();
  bool is_on_device = timings.readings.has_value();
  for (const TimingSample& sample : timings.samples) {
    rows.push_back(sample.device ? row_of(sample) : Json(nullptr));
    is_on_device = is_on_device || sample.device;
  }
  if (!is_on_device) {
    // Of an earlier session, whose timings are being replaced.
    QT_TRY(sqlite::Statement remove, connection_.prepare("DELETE FROM settings WHERE name = ?"));
    remove.bind(1, std::string_view(timing_name(timings.key)));
    return remove.run();
  }
  json["samples"] = std::move(rows);
  if (timings.readings) json["readings"] = to_json(*timings.readings);
  return put_setting(timing_name(timings.key), json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Status Store::load_device(Run& run) {
  const std::string source = fmt::format("{}, device of run {}", path(), run.key);
  QT_TRY(const std::optional<std::string> predictions, setting(predictions_name(run.key)));
  if (predictions) {
    QT_TRY(const Json json, parse_json(*predictions, source));
    if (json.contains("split")) {
      QT_TRY(run.device.predictions, device_split_from_json(json["split"], source));
    }
    if (json.contains("readings")) {
      QT_TRY(run.device.predictions_readings, device_readings_from_json(json["readings"], source));
    }
  }
  QT_TRY(const std::optional<std::string> timing, setting(timing_name(run.key)));
  if (!timing) return {};
  QT_TRY(const Json json, parse_json(*timing, source));
  const auto rows = json.find("samples");
  if (rows == json.end() || !rows->is_array()) {
    return fail(ErrorKind::kCorruptData, "the times on a device of a run have no samples", source);
  }
  bool belongs = rows->size() == run.timings.size();
  std::vector<TimingSample> timings = run.timings;
  for (std::size_t i = 0; belongs && i < timings.size(); ++i)
    QT_TRY_STATUS(read_row((*rows)[i], source, timings[i], belongs));
  if (!belongs) return {};
  run.timings = std::move(timings);
  if (json.contains("readings")) {
    QT_TRY(run.device.timing_readings, device_readings_from_json(json["readings"], source));
  }
  return {};
}

}  // namespace quantier
