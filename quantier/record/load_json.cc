#include "quantier/record/load_json.h"

#include <limits>

#include <fmt/format.h>

#include "quantier/record/json.h"

namespace quantier {
namespace {

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::unexpected<Error> wrong(std::string_view what, std::string_view source) {
  return fail(ErrorKind::kCorruptData, std::string(what), std::string(source));
}

Result<std::uint32_t> get_u32(const Json& object, std::string_view key, std::string_view source) {
  QT_TRY(const std::uint64_t value, json_get_count(object, key, source));
  if (value > std::numeric_limits<std::uint32_t>::max()) {
    return wrong(fmt::format("\"{}\" is too large", key), source);
  }
  return static_cast<std::uint32_t>(value);
}

Json percentile_json(const LatencyPercentile& latency) {
  return {{"percentile", latency.percentile},
          {"value_ns", latency.value_ns},
          {"low_ns", or_null(latency.low_ns)},
          {"high_ns", or_null(latency.high_ns)}};
}

Result<LatencyPercentile> percentile_from(const Json& json, std::string_view source) {
  LatencyPercentile latency;
  QT_TRY(latency.percentile, json_get<double>(json, "percentile", source));
  QT_TRY(latency.value_ns, json_get<std::int64_t>(json, "value_ns", source));
  QT_TRY(latency.low_ns, json_find<std::int64_t>(json, "low_ns", source));
  QT_TRY(latency.high_ns, json_find<std::int64_t>(json, "high_ns", source));
  return latency;
}

Result<LoadTrialKind> kind_from(const std::string& name, std::string_view source) {
  for (const LoadTrialKind kind : {LoadTrialKind::kSearch, LoadTrialKind::kConfirm}) {
    if (name == load_trial_kind_name(kind)) return kind;
  }
  return wrong("unknown kind of load trial", source);
}

Result<LoadVerdict> verdict_from(const std::string& name, std::string_view source) {
  for (const LoadVerdict verdict :
       {LoadVerdict::kSustained, LoadVerdict::kWithin, LoadVerdict::kExceeded, LoadVerdict::kOverloaded}) {
    if (name == load_verdict_name(verdict)) return verdict;
  }
  return wrong("unknown verdict of a load trial", source);
}

}  // namespace

Json to_json(const LoadProtocol& protocol) {
  Json json = Json::object();
  json["percentile"] = protocol.percentile;
  json["bound_ns"] = protocol.bound_ns;
  json["max_batch"] = protocol.max_batch;
  json["max_wait_ns"] = protocol.max_wait_ns;
  json["trial_requests"] = protocol.trial_requests;
  json["trial_ns"] = protocol.trial_ns;
  json["warm_up_ns"] = protocol.warm_up_ns;
  json["repeats"] = protocol.repeats;
  json["resolution"] = protocol.resolution;
  json["threads"] = protocol.threads;
  json["max_length"] = protocol.max_length;
  return json;
}

Json to_json(const LoadTrial& trial) {
  Json profile = Json::array();
  for (const LatencyPercentile& latency : trial.profile) profile.push_back(percentile_json(latency));
  return {{"kind", load_trial_kind_name(trial.kind)},
          {"repeat", trial.repeat},
          {"seed", trial.seed},
          {"offered_rate", trial.offered_rate},
          {"achieved_rate", or_null(trial.achieved_rate)},
          {"requests", trial.requests},
          {"stopped_early", trial.stopped_early},
          {"left_waiting", trial.left_waiting},
          {"window_ns", trial.window_ns},
          {"utilisation", or_null(trial.utilisation)},
          {"mean_batch", or_null(trial.mean_batch)},
          {"latency", trial.latency ? percentile_json(*trial.latency) : Json(nullptr)},
          {"independent_requests", or_null(trial.independent_requests)},
          {"profile", std::move(profile)},
          {"verdict", load_verdict_name(trial.verdict)},
          {"latest_wake_up_ns", trial.latest_wake_up_ns},
          {"started_at", trial.started_at}};
}

Json to_json(const LoadSummary& summary) {
  return {{"highest_confirmed_rate", or_null(summary.highest_confirmed_rate)},
          {"confirmed_latency",
           summary.confirmed_latency ? percentile_json(*summary.confirmed_latency) : Json(nullptr)},
          {"confirmed_requests", summary.confirmed_requests},
          {"lowest_failed_rate", or_null(summary.lowest_failed_rate)},
          {"asked_rate_sustained", or_null(summary.asked_rate_sustained)}};
}

Result<LoadProtocol> load_protocol_from_json(const Json& json, std::string_view source) {
  LoadProtocol protocol;
  QT_TRY(protocol.percentile, json_get<double>(json, "percentile", source));
  QT_TRY(protocol.bound_ns, json_get<std::int64_t>(json, "bound_ns", source));
  QT_TRY(protocol.max_batch, get_u32(json, "max_batch", source));
  QT_TRY(protocol.max_wait_ns, json_get<std::int64_t>(json, "max_wait_ns", source));
  QT_TRY(protocol.trial_requests, json_get_count(json, "trial_requests", source));
  QT_TRY(protocol.trial_ns, json_get<std::int64_t>(json, "trial_ns", source));
  QT_TRY(protocol.warm_up_ns, json_get<std::int64_t>(json, "warm_up_ns", source));
  QT_TRY(protocol.repeats, get_u32(json, "repeats", source));
  QT_TRY(protocol.resolution, json_get<double>(json, "resolution", source));
  QT_TRY(protocol.threads, get_u32(json, "threads", source));
  QT_TRY(protocol.max_length, get_u32(json, "max_length", source));
  return protocol;
}

Result<LoadTrial> load_trial_from_json(const Json& json, std::string_view source) {
  LoadTrial trial;
  QT_TRY(const std::string kind, json_get<std::string>(json, "kind", source));
  QT_TRY(trial.kind, kind_from(kind, source));
  QT_TRY(trial.repeat, get_u32(json, "repeat", source));
  // Seeds use all 64 bits; as JSON they may be beyond a signed number.
  const auto seed = json.find("seed");
  if (seed == json.end() || !seed->is_number_integer()) return wrong("\"seed\" must be a number", source);
  trial.seed = seed->get<std::uint64_t>();
  QT_TRY(trial.offered_rate, json_get<double>(json, "offered_rate", source));
  QT_TRY(trial.achieved_rate, json_find<double>(json, "achieved_rate", source));
  QT_TRY(trial.requests, json_get_count(json, "requests", source));
  QT_TRY(trial.stopped_early, json_get<bool>(json, "stopped_early", source));
  QT_TRY(trial.left_waiting, json_get_count(json, "left_waiting", source));
  QT_TRY(trial.window_ns, json_get<std::int64_t>(json, "window_ns", source));
  QT_TRY(trial.utilisation, json_find<double>(json, "utilisation", source));
  QT_TRY(trial.mean_batch, json_find<double>(json, "mean_batch", source));
  if (const auto latency = json.find("latency"); latency != json.end() && !latency->is_null()) {
    QT_TRY(trial.latency, percentile_from(*latency, source));
  }
  QT_TRY(trial.independent_requests, json_find<double>(json, "independent_requests", source));
  const auto profile = json.find("profile");
  if (profile == json.end() || !profile->is_array()) return wrong("\"profile\" must be an array", source);
  for (const Json& entry : *profile) {
    QT_TRY(const LatencyPercentile latency, percentile_from(entry, source));
    trial.profile.push_back(latency);
  }
  QT_TRY(const std::string verdict, json_get<std::string>(json, "verdict", source));
  QT_TRY(trial.verdict, verdict_from(verdict, source));
  QT_TRY(trial.latest_wake_up_ns, json_get<std::int64_t>(json, "latest_wake_up_ns", source));
  QT_TRY(trial.started_at, json_get<std::string>(json, "started_at", source));
  return trial;
}

Result<LoadSummary> load_summary_from_json(const Json& json, std::string_view source) {
  LoadSummary summary;
  QT_TRY(summary.highest_confirmed_rate, json_find<double>(json, "highest_confirmed_rate", source));
  if (const auto latency = json.find("confirmed_latency"); latency != json.end() && !latency->is_null()) {
    QT_TRY(summary.confirmed_latency, percentile_from(*latency, source));
  }
  QT_TRY(summary.confirmed_requests, json_get_count(json, "confirmed_requests", source));
  QT_TRY(summary.lowest_failed_rate, json_find<double>(json, "lowest_failed_rate", source));
  QT_TRY(summary.asked_rate_sustained, json_find<bool>(json, "asked_rate_sustained", source));
  return summary;
}

}  // namespace quantier
