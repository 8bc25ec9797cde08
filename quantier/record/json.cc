#include "quantier/record/json.h"

#include <limits>

#include <fmt/format.h>

namespace quantier {
namespace {

std::unexpected<Error> wrong(std::string_view what, std::string_view source) {
  return fail(ErrorKind::kCorruptData, std::string(what), std::string(source));
}

Result<const Json*> find_array(const Json& object, std::string_view key, std::string_view source) {
  if (!object.is_object()) return wrong("expected a JSON object", source);
  const auto found = object.find(std::string(key));
  if (found == object.end() || !found->is_array()) {
    return wrong(fmt::format("\"{}\" must be an array", key), source);
  }
  return &*found;
}

Result<std::uint32_t> get_u32(const Json& object, std::string_view key, std::string_view source) {
  QT_TRY(const std::uint64_t value, json_get_count(object, key, source));
  if (value > std::numeric_limits<std::uint32_t>::max()) {
    return wrong(fmt::format("\"{}\" is too large", key), source);
  }
  return static_cast<std::uint32_t>(value);
}

Result<ExecutedLayer> layer_from_json(const Json& json, std::string_view source) {
  ExecutedLayer layer;
  QT_TRY(layer.name, json_get<std::string>(json, "name", source));
  QT_TRY(layer.role, json_get<std::string>(json, "role", source));
  QT_TRY(layer.method, json_get<std::string>(json, "method", source));
  QT_TRY(layer.requested_format, json_get<std::string>(json, "requested_format", source));
  QT_TRY(layer.executed_format, json_get<std::string>(json, "executed_format", source));
  QT_TRY(layer.kernel, json_get<std::string>(json, "kernel", source));
  QT_TRY(layer.out_features, json_get_count(json, "out_features", source));
  QT_TRY(layer.in_features, json_get_count(json, "in_features", source));
  QT_TRY(layer.weight_bytes, json_get_count(json, "weight_bytes", source));
  return layer;
}

}  // namespace

Result<std::uint64_t> json_get_count(const Json& object, std::string_view key, std::string_view source) {
  QT_TRY(const std::int64_t value, json_get<std::int64_t>(object, key, source));
  if (value < 0) return wrong(fmt::format("\"{}\" is negative", key), source);
  return static_cast<std::uint64_t>(value);
}

Json to_json(const ExecutedPlan& plan) {
  Json options = Json::object();
  for (const auto& [name, value] : plan.options) options[name] = value;
  Json layers = Json::array();
  for (const ExecutedLayer& layer : plan.layers) {
    layers.push_back({{"name", layer.name},
                      {"role", layer.role},
                      {"method", layer.method},
                      {"requested_format", layer.requested_format},
                      {"executed_format", layer.executed_format},
                      {"kernel", layer.kernel},
                      {"out_features", layer.out_features},
                      {"in_features", layer.in_features},
                      {"weight_bytes", layer.weight_bytes}});
  }
  return {{"recipe", plan.recipe},       {"device", plan.device},   {"options", std::move(options)},
          {"layers", std::move(layers)}, {"remarks", plan.remarks}, {"weight_bytes", plan.weight_bytes}};
}

Result<ExecutedPlan> executed_plan_from_json(const Json& json, std::string_view source) {
  ExecutedPlan plan;
  QT_TRY(plan.recipe, json_get<std::string>(json, "recipe", source));
  QT_TRY(plan.device, json_get<std::string>(json, "device", source));
  QT_TRY(plan.weight_bytes, json_get_count(json, "weight_bytes", source));
  if (const auto options = json.find("options"); options != json.end() && options->is_object()) {
    for (const auto& [name, value] : options->items()) {
      if (!value.is_string()) return wrong("an option of the plan is not a string", source);
      plan.options.emplace_back(name, value.get<std::string>());
    }
  }
  QT_TRY(const Json* layers, find_array(json, "layers", source));
  for (const Json& entry : *layers) {
    QT_TRY(ExecutedLayer layer, layer_from_json(entry, source));
    plan.layers.push_back(std::move(layer));
  }
  QT_TRY(const Json* remarks, find_array(json, "remarks", source));
  for (const Json& remark : *remarks) {
    if (!remark.is_string()) return wrong("a remark of the plan is not a string", source);
    plan.remarks.push_back(remark.get<std::string>());
  }
  return plan;
}

Json to_json(const Provenance& provenance) {
  Json json = {{"quantier_version", provenance.quantier_version},
               {"git_revision", provenance.git_revision},
               {"compiler", provenance.compiler},
               {"machine", provenance.machine},
               {"instruction_sets", provenance.instruction_sets},
               {"kernel_release", provenance.kernel_release},
               {"threads", provenance.threads},
               {"libraries", provenance.libraries},
               {"weights_sha256", provenance.weights_sha256},
               {"config_sha256", provenance.config_sha256},
               {"tokenizer_sha256", provenance.tokenizer_sha256},
               {"data_sha256", provenance.data_sha256},
               {"started_at", provenance.started_at}};
  if (provenance.origin != RunOrigin::kMeasured) {
    json["origin"] = run_origin_name(provenance.origin);
    json["imported_from"] = provenance.imported_from;
    json["declared_device"] = provenance.declared_device;
  }
  return json;
}

Result<Provenance> provenance_from_json(const Json& json, std::string_view source) {
  Provenance provenance;
  QT_TRY(provenance.quantier_version, json_get<std::string>(json, "quantier_version", source));
  QT_TRY(provenance.git_revision, json_get<std::string>(json, "git_revision", source));
  QT_TRY(provenance.compiler, json_get<std::string>(json, "compiler", source));
  QT_TRY(provenance.machine, json_get<std::string>(json, "machine", source));
  QT_TRY(provenance.instruction_sets, json_get<std::string>(json, "instruction_sets", source));
  QT_TRY(provenance.kernel_release, json_get<std::string>(json, "kernel_release", source));
  QT_TRY(provenance.threads, get_u32(json, "threads", source));
  QT_TRY(provenance.libraries, json_get<std::string>(json, "libraries", source));
  QT_TRY(provenance.weights_sha256, json_get<std::string>(json, "weights_sha256", source));
  QT_TRY(provenance.config_sha256, json_get<std::string>(json, "config_sha256", source));
  QT_TRY(provenance.tokenizer_sha256, json_get<std::string>(json, "tokenizer_sha256", source));
  QT_TRY(provenance.data_sha256, json_get<std::string>(json, "data_sha256", source));
  QT_TRY(provenance.started_at, json_get<std::string>(json, "started_at", source));
  QT_TRY(const std::optional<std::string> origin, json_find<std::string>(json, "origin", source));
  if (origin && *origin == run_origin_name(RunOrigin::kImported)) {
    provenance.origin = RunOrigin::kImported;
  } else if (origin && *origin != run_origin_name(RunOrigin::kMeasured)) {
    return wrong(fmt::format("\"origin\" is neither measured nor imported: {}", *origin), source);
  }
  QT_TRY(std::optional<std::string> from, json_find<std::string>(json, "imported_from", source));
  QT_TRY(std::optional<std::string> device, json_find<std::string>(json, "declared_device", source));
  provenance.imported_from = std::move(from).value_or("");
  provenance.declared_device = std::move(device).value_or("");
  return provenance;
}

Json to_json(const MemoryRecord& memory) {
  Json json = {{"weights_bytes", memory.weights_bytes},
               {"allocator_weights_peak_bytes", memory.allocator_weights_peak_bytes},
               {"allocator_activations_peak_bytes", memory.allocator_activations_peak_bytes},
               {"process_peak_bytes", memory.process_peak_bytes}};
  if (memory.device_peak_bytes) json["device_peak_bytes"] = *memory.device_peak_bytes;
  return json;
}

Result<MemoryRecord> memory_from_json(const Json& json, std::string_view source) {
  MemoryRecord memory;
  QT_TRY(memory.weights_bytes, json_get_count(json, "weights_bytes", source));
  QT_TRY(memory.allocator_weights_peak_bytes, json_get_count(json, "allocator_weights_peak_bytes", source));
  QT_TRY(memory.allocator_activations_peak_bytes,
         json_get_count(json, "allocator_activations_peak_bytes", source));
  QT_TRY(memory.process_peak_bytes, json_get_count(json, "process_peak_bytes", source));
  if (json.contains("device_peak_bytes")) {
    QT_TRY(memory.device_peak_bytes, json_get_count(json, "device_peak_bytes", source));
  }
  return memory;
}

Json to_json(const TimingSample& sample) {
  Json json{{"protocol", timing_protocol_name(sample.protocol)},
            {"round", sample.round},
            {"batch_size", sample.batch_size},
            {"examples", sample.examples},
            {"tokens", sample.tokens},
            {"tokenize_ns", sample.tokenize_ns},
            {"wall_ns", sample.wall_ns},
            {"warm_up", sample.warm_up}};
  if (sample.device) {
    json["device"] = to_json(*sample.device);
    json["encode_ns"] = sample.encode_ns;
  }
  if (sample.slowdown != 0) json["slowdown"] = sample.slowdown;
  return json;
}

Result<TimingProtocol> timing_protocol_from_name(std::string_view name, std::string_view source) {
  for (const TimingProtocol protocol :
       {TimingProtocol::kThroughput, TimingProtocol::kLatency, TimingProtocol::kWorkload}) {
    if (name == timing_protocol_name(protocol)) return protocol;
  }
  return fail(ErrorKind::kCorruptData, "unknown timing protocol", std::string(source), std::string(name));
}

Result<TimingSample> timing_from_json(const Json& json, std::string_view source) {
  TimingSample sample;
  QT_TRY(const std::string protocol, json_get<std::string>(json, "protocol", source));
  QT_TRY(sample.protocol, timing_protocol_from_name(protocol, source));
  QT_TRY(sample.round, get_u32(json, "round", source));
  QT_TRY(sample.batch_size, get_u32(json, "batch_size", source));
  QT_TRY(sample.examples, json_get_count(json, "examples", source));
  QT_TRY(sample.tokens, json_get_count(json, "tokens", source));
  QT_TRY(sample.tokenize_ns, json_get<std::int64_t>(json, "tokenize_ns", source));
  QT_TRY(sample.wall_ns, json_get<std::int64_t>(json, "wall_ns", source));
  QT_TRY(sample.warm_up, json_get<bool>(json, "warm_up", source));
  if (const auto device = json.find("device"); device != json.end()) {
    QT_TRY(sample.device, device_times_from_json(*device, source));
    QT_TRY(sample.encode_ns, json_get<std::int64_t>(json, "encode_ns", source));
  }
  if (json.contains("slowdown")) {
    QT_TRY(sample.slowdown, json_get_count(json, "slowdown", source));
  }
  return sample;
}

Json to_json(const NoiseFloor& noise) {
  return {{"comparison", noise.comparison},
          {"examples", noise.examples},
          {"max_abs_logit_difference", noise.max_abs_logit_difference},  // NaN is written as null
          {"flips", noise.flips}};
}

Result<NoiseFloor> noise_floor_from_json(const Json& json, std::string_view source) {
  NoiseFloor noise;
  QT_TRY(noise.comparison, json_get<std::string>(json, "comparison", source));
  QT_TRY(noise.examples, json_get_count(json, "examples", source));
  QT_TRY(const std::optional<double> difference, json_find<double>(json, "max_abs_logit_difference", source));
  noise.max_abs_logit_difference = difference.value_or(std::numeric_limits<double>::quiet_NaN());
  QT_TRY(noise.flips, json_get_count(json, "flips", source));
  return noise;
}

}  // namespace quantier
