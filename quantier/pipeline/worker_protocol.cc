#include <string>

#include <fmt/format.h>

#include "quantier/pipeline/plan_file.h"
#include "quantier/pipeline/worker.h"
#include "quantier/record/json.h"

namespace quantier {
namespace {

constexpr std::string_view kSource = "command to a worker";

}  // namespace

Json to_json(const WorkerLoad& load) {
  Json json{{"command", "load"},
            {"model", load.model.string()},
            {"rules", to_json(load.rules)},
            {"outlier_scope", load.options.outlier_scope == OutlierScope::kBatch ? "batch" : "sequence"},
            {"outlier_weights", load.options.outlier_weights == OutlierWeights::kF16 ? "f16" : "int8"},
            {"data", load.data.string()},
            {"text_column", load.columns.text},
            {"label_column", load.columns.label},
            {"id_column", load.columns.id},
            {"seed", std::to_string(load.seed)},
            {"max_length", load.max_length},
            {"threads", load.threads},
            {"device", device_text(load.engine)}};
  if (load.base) json["base"] = load.base->string();
  json["adapter"] = adapter_use_name(load.adapter);
  if (load.limit) json["limit"] = *load.limit;
  if (load.calibration) {
    json["calibration"] = to_json(*load.calibration);
    json["calibration_overlaps"] = load.calibration_overlaps;
  }
  if (!load.remarks.empty()) json["remarks"] = load.remarks;
  return json;
}

Result<WorkerLoad> worker_load_from_json(const Json& json) {
  WorkerLoad load;
  QT_TRY(const std::string model, json_get<std::string>(json, "model", kSource));
  load.model = model;
  QT_TRY(load.base, json_find<std::string>(json, "base", kSource));
  QT_TRY(const std::string adapter, json_get<std::string>(json, "adapter", kSource));
  load.adapter = adapter_use_from_name(adapter).value_or(AdapterUse::kMerge);
  const auto rules = json.find("rules");
  if (rules == json.end()) return fail(ErrorKind::kBug, "a worker was not told which plan to run");
  QT_TRY(load.rules, plan_rules_from_json(*rules, kSource));
  QT_TRY(const std::string scope, json_get<std::string>(json, "outlier_scope", kSource));
  load.options.outlier_scope = scope == "batch" ? OutlierScope::kBatch : OutlierScope::kSequence;
  QT_TRY(const std::string weights, json_get<std::string>(json, "outlier_weights", kSource));
  load.options.outlier_weights = weights == "f16" ? OutlierWeights::kF16 : OutlierWeights::kInt8;
  QT_TRY(const std::string data, json_get<std::string>(json, "data", kSource));
  load.data = data;
  QT_TRY(load.columns.text, json_get<std::string>(json, "text_column", kSource));
  QT_TRY(load.columns.label, json_get<std::string>(json, "label_column", kSource));
  QT_TRY(load.columns.id, json_get<std::string>(json, "id_column", kSource));
  QT_TRY(const std::string seed, json_get<std::string>(json, "seed", kSource));
  load.seed = std::strtoull(seed.c_str(), nullptr, 10);
  QT_TRY(const std::uint64_t max_length, json_get_count(json, "max_length", kSource));
  load.max_length = static_cast<std::uint32_t>(max_length);
  QT_TRY(const std::uint64_t threads, json_get_count(json, "threads", kSource));
  load.threads = static_cast<std::uint32_t>(threads);
  QT_TRY(const std::string device, json_get<std::string>(json, "device", kSource));
  QT_TRY(load.engine, parse_device(device));
  if (json.contains("limit")) {
    QT_TRY(load.limit, json_get_count(json, "limit", kSource));
  }
  if (json.contains("calibration")) {
    QT_TRY(load.calibration, calibration_options_from_json(json["calibration"], kSource));
    for (const Json& overlap : json.value("calibration_overlaps", Json::array())) {
      if (overlap.is_string()) load.calibration_overlaps.push_back(overlap.get<std::string>());
    }
  }
  for (const Json& remark : json.value("remarks", Json::array())) {
    if (remark.is_string()) load.remarks.push_back(remark.get<std::string>());
  }
  return load;
}

Json to_json(const Error& error) {
  return {{"kind", error_kind_name(error.kind)},
          {"what", error.what},
          {"where", error.where},
          {"why", error.why},
          {"hint", error.hint}};
}

Error error_from_json(const Json& json) {
  Error error;
  const auto text = [&json](std::string_view key) {
    const auto value = json_find<std::string>(json, key, kSource);
    return value && *value ? **value : std::string();
  };
  const std::string kind = text("kind");
  for (const ErrorKind known : {ErrorKind::kUsage, ErrorKind::kUserInput, ErrorKind::kCorruptData,
                                ErrorKind::kEnvironment, ErrorKind::kUnsupported, ErrorKind::kInterrupted}) {
    if (kind == error_kind_name(known)) error.kind = known;
  }
  error.what = text("what");
  error.where = text("where");
  error.why = text("why");
  error.hint = text("hint");
  return error;
}

}  // namespace quantier
