#include "quantier/pipeline/run_predictions.h"

#include <cstring>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "quantier/pipeline/provenance.h"
#include "quantier/record/json.h"

namespace quantier {
namespace {

constexpr std::string_view kSource = "reply of a worker";

// Takes `count` values off the front of `bytes`.
template <class T>
bool take_array(std::span<const std::byte>& bytes, std::size_t count, std::vector<T>& out) {
  if (bytes.size() / sizeof(T) < count) return false;
  out.resize(count);
  if (count != 0) std::memcpy(out.data(), bytes.data(), count * sizeof(T));
  bytes = bytes.subspan(count * sizeof(T));
  return true;
}

}  // namespace

Result<Run> measure_predictions(const RunConfig& config, const RunPlan& plan, const PlannedRun& planned,
                                const WorkerLoad& load, const std::string& name,
                                const PredictionsWatch& watch) {
  const std::string stage = name + ": predictions";
  if (watch.progress) watch.progress({stage, 0, plan.data.size()});
  Run run;
  run.configuration = planned.configuration;
  run.key = planned.key;
  run.split = config.data.split;
  run.limit = plan.limit;
  run.requested_batch_size = config.batch_size;
  run.provenance = describe_machine(plan.threads, config.engine);
  run.provenance.weights_sha256 = planned.hashes.weights;
  run.provenance.config_sha256 = planned.hashes.config;
  run.provenance.tokenizer_sha256 = planned.hashes.tokenizer;
  run.provenance.data_sha256 = plan.data.sha256;

  QT_TRY(WorkerClient worker, WorkerClient::spawn(name, watch.worker));
  QT_TRY(const WorkerReply loaded,
         worker.request(to_json(load), planned.is_calibrated ? name + ": calibration" : stage,
                        planned.is_calibrated ? watch.progress : ProgressFunction(), watch.interrupt));
  if (!loaded.body.contains("plan")) return fail(ErrorKind::kBug, "a worker did not report its plan", name);
  QT_TRY(run.plan, executed_plan_from_json(loaded.body["plan"], kSource));
  QT_TRY(const std::uint64_t examples, json_get_count(loaded.body, "examples", kSource));
  if (examples != plan.data.size()) {
    return fail(ErrorKind::kEnvironment, "the data changed while the run was going on",
                config.data.path.string(),
                fmt::format("{} examples at the start, {} now", plan.data.size(), examples), "start again");
  }

  QT_TRY(const WorkerReply reply, worker.request({{"command", "predict"}, {"batch_size", config.batch_size}},
                                                 stage, watch.progress, watch.interrupt));
  QT_TRY(const std::uint64_t batch_size, json_get_count(reply.body, "batch_size", kSource));
  run.effective_batch_size = static_cast<std::uint32_t>(batch_size);
  if (!reply.body.contains("memory"))
    return fail(ErrorKind::kBug, "a worker did not report its memory", name);
  QT_TRY(run.memory, memory_from_json(reply.body["memory"], kSource));
  if (const auto split = reply.body.find("split"); split != reply.body.end()) {
    QT_TRY(run.device.predictions, device_split_from_json(*split, kSource));
  }
  if (const auto readings = reply.body.find("readings"); readings != reply.body.end()) {
    QT_TRY(run.device.predictions_readings, device_readings_from_json(*readings, kSource));
    if (!run.device.predictions_readings->problem.empty() && watch.remark)
      watch.remark("the device is not watched: " + run.device.predictions_readings->problem);
  }

  Predictions& predictions = run.predictions;
  predictions.example_count = plan.data.size();
  predictions.class_count = plan.label_names.size();
  predictions.label_names = plan.label_names;
  predictions.labels = plan.data.labels;
  predictions.ids = plan.data.ids;
  std::span<const std::byte> bytes = reply.binary;
  const bool whole =
      take_array(bytes, predictions.example_count * predictions.class_count, predictions.logits) &&
      take_array(bytes, predictions.example_count, predictions.token_counts) &&
      take_array(bytes, predictions.example_count, predictions.truncated) && bytes.empty();
  if (!whole) return fail(ErrorKind::kBug, "the predictions of a worker have the wrong size", name);
  return run;
}

}  // namespace quantier
