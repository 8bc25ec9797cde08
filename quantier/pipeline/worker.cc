#include "quantier/pipeline/worker.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <new>
#include <span>
#include <sys/prctl.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/clock.h"
#include "quantier/base/thread_pool.h"
#include "quantier/dataset/sample.h"
#include "quantier/engine/cuda_engine.h"
#include "quantier/measure/device_sampler.h"
#include "quantier/measure/nvml.h"
#include "quantier/measure/process_memory.h"
#include "quantier/measure/protocols.h"
#include "quantier/pipeline/load_classifier.h"
#include "quantier/pipeline/predict.h"
#include "quantier/pipeline/run_load.h"
#include "quantier/record/json.h"
#include "quantier/tensor/aligned_buffer.h"

namespace quantier {
namespace {

constexpr std::string_view kSource = "command to a worker";
constexpr std::size_t kLongestCommand = std::size_t{1} << 20;
constexpr std::int64_t kProgressIntervalNs = 200'000'000;
// Stream of the seed for the examples that are timed.
constexpr std::uint64_t kTimingStream = 0x71;

struct Reply {
  Json body = Json::object();
  std::vector<std::span<const std::byte>> binary;
};

class Worker {
 public:
  explicit Worker(int output_fd) : output_fd_(output_fd) {}

  // false: quit.
  Result<bool> handle(std::string_view line) {
    Reply reply;
    Status status = fail(ErrorKind::kBug, "unknown command to a worker");
    try {
      QT_TRY(const Json command, parse_json(line, kSource));
      QT_TRY(const std::string name, json_get<std::string>(command, "command", kSource));
      if (name == "quit") return false;
      status = dispatch(name, command, reply);
    } catch (const std::bad_alloc&) {
      status = fail(ErrorKind::kEnvironment, "memory ran out in a worker");
    } catch (const std::exception& error) {
      status = fail(ErrorKind::kBug, "unexpected failure in a worker", "", error.what());
    }
    if (!status) {
      QT_TRY_STATUS(send({{"error", to_json(status.error())}}));
      return true;
    }
    std::size_t bytes = 0;
    for (const auto part : reply.binary) bytes += part.size();
    reply.body["ok"] = true;
    reply.body["binary_bytes"] = bytes;
    QT_TRY_STATUS(send(reply.body));
    for (const auto part : reply.binary) QT_TRY_STATUS(write_all(part));
    return true;
  }

 private:
  Status dispatch(std::string_view name, const Json& command, Reply& reply) {
    if (name == "load") return load(command, reply);
    if (name == "load_test") return load_test(command, reply);
    if (!model_) return fail(ErrorKind::kBug, "a worker was asked to work before it was loaded");
    if (name == "predict") return predict(command, reply);
    if (name == "throughput") return throughput(command, reply);
    if (name == "latency") return latency(command, reply);
    if (name == "workload") return workload(command, reply);
    if (name == "noise") return noise(reply);
    if (name == "warm_up") return warm_up(reply);
    return fail(ErrorKind::kBug, "unknown command to a worker", "", std::string(name));
  }

  Status load(const Json& command, Reply& reply) {
    const Stopwatch watch;
    QT_TRY(load_, worker_load_from_json(command));
    pool_ = std::make_unique<ThreadPool>(load_.threads != 0 ? load_.threads : available_processors());
    watch_device();
    QT_TRY(LoadedModel model, load_model());
    model_ = std::make_unique<LoadedModel>(std::move(model));
    QT_TRY(data_, read_dataset(load_.data, load_.columns, model_->spec.label_names));
    if (load_.limit && *load_.limit < data_.size()) {
      data_ = keep_examples(data_, stratified_sample(data_, *load_.limit, load_.seed));
    }
    data_.ids.clear();  // the parent has them, and they would count as this configuration's memory
    data_.ids.shrink_to_fit();
    QT_TRY(const ProcessMemory memory, process_memory());
    ExecutedPlan plan = model_->classifier->executed_plan();
    plan.remarks.insert(plan.remarks.end(), load_.remarks.begin(), load_.remarks.end());
    reply.body = {{"plan", to_json(plan)},
                  {"examples", data_.size()},
                  {"classes", model_->classifier->class_count()},
                  {"threads", pool_->threads()},
                  {"load_ns", watch.elapsed_ns()},
                  {"resident_bytes", memory.resident_bytes}};
    return {};
  }

  // Readings of the device are taken where its driver offers them; without them, the work goes on.
  void watch_device() {
    sampler_.reset();
    readings_ = {};
    if (load_.engine.kind != EngineKind::kCuda) return;
    Result<std::string> bus_id = cuda_device_bus_id(load_.engine.device);
    Result<std::unique_ptr<DeviceMonitor>> monitor =
        bus_id ? open_nvml(*bus_id)
               : Result<std::unique_ptr<DeviceMonitor>>(std::unexpected(std::move(bus_id).error()));
    if (!monitor) {
      const Error& error = monitor.error();
      readings_.problem = error.why.empty() ? error.what : fmt::format("{}: {}", error.what, error.why);
      return;
    }
    readings_.memory_before_bytes = (*monitor)->read().memory_used_bytes;
    sampler_ = std::make_unique<DeviceSampler>(*std::move(monitor));
  }

  // What was read since the last time; only of work on a device.
  void put_readings(Reply& reply) {
    if (load_.engine.kind != EngineKind::kCuda) return;
    DeviceReadings readings = sampler_ ? sampler_->take() : DeviceReadings{};
    readings.problem = readings_.problem;
    readings.memory_before_bytes = readings_.memory_before_bytes;
    reply.body["readings"] = to_json(readings);
  }

  // Samples with the device watched meanwhile.
  template <class Work>
  Result<TimedPart> timed(const Work& work) {
    SampledWhile sampled(sampler_.get());
    QT_TRY(TimedPart part, work());
    sampled.stop();
    if (sampler_) mark_slowdowns(*sampler_, part);
    return part;
  }

  Result<LoadedModel> load_model() {
    const ModelLocation location{load_.model, load_.base, load_.adapter};
    if (!load_.calibration)
      return load_classifier(location, load_.rules, load_.options, load_.engine, *pool_);
    // Whether it may be used beside this data has been looked at when the run was planned.
    QT_TRY(const std::vector<std::string> labels, label_names_of(location));
    QT_TRY(CalibrationSet set, read_calibration_set(*load_.calibration, labels));
    set.record.overlaps = load_.calibration_overlaps;
    const CalibrationRequest request{
        .set = set, .max_length = load_.max_length, .progress = progress_sender()};
    return load_classifier(location, load_.rules, load_.options, load_.engine, *pool_, &request);
  }

  // A parent that is gone ends this process: nothing is left to do about a line that it did not get.
  ProgressFunction progress_sender() {
    return [this, last_sent_ns = std::int64_t{0}](const ProgressUpdate& update) mutable {
      const std::int64_t now = monotonic_ns();
      if (now - last_sent_ns < kProgressIntervalNs) return;
      last_sent_ns = now;
      (void)send({{"progress", {{"done", update.done}, {"total", update.total}}}});
    };
  }

  Status load_test(const Json& command, Reply& reply) {
    QT_TRY(LoadOptions options, load_options_from_json(command));
    options.progress = progress_sender();
    QT_TRY(const LoadOutcome outcome, test_load(options));
    reply.body = {{"remarks", outcome.remarks}};
    return {};
  }

  Status predict(const Json& command, Reply& reply) {
    PredictOptions options;
    options.max_length = load_.max_length;
    QT_TRY(options.batch_size, json_get_count(command, "batch_size", kSource));
    if (options.batch_size == 0) return fail(ErrorKind::kBug, "a batch has at least one text");
    const std::string source = load_.data.string();
    options.source = source;
    Status progress_status;
    std::int64_t last_sent_ns = 0;
    options.progress = [&](const ProgressUpdate& update) {
      const std::int64_t now = monotonic_ns();
      if (now - last_sent_ns < kProgressIntervalNs || !progress_status) return;
      last_sent_ns = now;
      progress_status = send({{"progress", {{"done", update.done}, {"total", update.total}}}});
    };
    std::optional<DeviceSplit> split;
    options.split = &split;
    SampledWhile sampled(sampler_.get());
    QT_TRY(PredictedWithBatch result, predict_dataset_with_fallback(*model_->classifier, model_->tokenizer,
                                                                    data_.texts, pool_.get(), options));
    sampled.stop();
    QT_TRY_STATUS(std::move(progress_status));
    predictions_ = std::move(result.predictions);

    QT_TRY(const ProcessMemory process, process_memory());
    MemoryRecord memory{.weights_bytes = model_->classifier->executed_plan().weight_bytes,
                        .allocator_weights_peak_bytes = memory_use(MemoryOwner::kWeights).peak_bytes,
                        .allocator_activations_peak_bytes = memory_use(MemoryOwner::kActivations).peak_bytes,
                        .process_peak_bytes = process.peak_bytes};
    if (const auto device = model_->classifier->device_memory()) {
      memory.allocator_weights_peak_bytes = device->weights_peak_bytes;
      memory.allocator_activations_peak_bytes = device->activations_peak_bytes;
      memory.device_peak_bytes = device->peak_bytes();
    }
    reply.body = {{"batch_size", result.batch_size}, {"memory", to_json(memory)}};
    if (split) reply.body["split"] = to_json(*split);
    put_readings(reply);
    reply.binary = {std::as_bytes(std::span(predictions_.logits)),
                    std::as_bytes(std::span(predictions_.token_counts)),
                    std::as_bytes(std::span(predictions_.truncated))};
    return {};
  }

  MeasuredSystem system() const {
    return {model_->classifier.get(), &model_->tokenizer, load_.max_length, pool_.get()};
  }

  static void put_samples(const TimedPart& part, Reply& reply) {
    Json samples = Json::array();
    for (const TimingSample& sample : part.samples) samples.push_back(to_json(sample));
    reply.body["samples"] = std::move(samples);
  }

  // One batch and one single text whose times nobody looks at.
  Status warm_up(Reply& reply) {
    const auto examples = choose_examples(data_.size(), kProtocolBatchSize, load_.seed, kTimingStream);
    QT_TRY_STATUS(time_pass(system(), data_.texts, examples, kProtocolBatchSize, 0, nullptr));
    QT_TRY_STATUS(time_single(system(), data_.texts, std::span(examples).first(1), 0, nullptr));
    reply.body["samples"] = Json::array();
    return {};
  }

  Status throughput(const Json& command, Reply& reply) {
    QT_TRY(const std::uint64_t round, json_get_count(command, "round", kSource));
    QT_TRY(const std::uint64_t count, json_get_count(command, "count", kSource));
    const auto examples = choose_examples(data_.size(), count, load_.seed, kTimingStream);
    QT_TRY(TimedPart part, timed([&] {
             return time_pass(system(), data_.texts, examples, kProtocolBatchSize,
                              static_cast<std::uint32_t>(round), nullptr);
           }));
    put_samples(part, reply);
    if (first_pass_.examples.empty()) {
      first_pass_ = std::move(part.logits);
    } else {
      again_.push_back(compare_logits("the same batches of 32 again", first_pass_, part.logits,
                                      model_->classifier->class_count()));
    }
    return {};
  }

  Status latency(const Json& command, Reply& reply) {
    QT_TRY(const std::uint64_t round, json_get_count(command, "round", kSource));
    QT_TRY(const std::uint64_t first, json_get_count(command, "first", kSource));
    QT_TRY(const std::uint64_t count, json_get_count(command, "count", kSource));
    // The same shuffle as for throughput, so that the logits of both can be compared.
    const auto order = choose_examples(data_.size(), 0, load_.seed, kTimingStream);
    std::vector<std::uint32_t> examples;
    for (std::uint64_t i = 0; i < count; ++i) examples.push_back(order[(first + i) % order.size()]);
    QT_TRY(TimedPart part, timed([&] {
             return time_single(system(), data_.texts, examples, static_cast<std::uint32_t>(round), nullptr);
           }));
    put_samples(part, reply);
    singles_.examples.insert(singles_.examples.end(), part.logits.examples.begin(),
                             part.logits.examples.end());
    singles_.logits.insert(singles_.logits.end(), part.logits.logits.begin(), part.logits.logits.end());
    return {};
  }

  Status workload(const Json& command, Reply& reply) {
    QT_TRY(const std::uint64_t round, json_get_count(command, "round", kSource));
    QT_TRY(const TimedPart part, timed([&] {
             return time_workload(system(), data_.texts, static_cast<std::uint32_t>(round), nullptr);
           }));
    put_samples(part, reply);
    return {};
  }

  Status noise(Reply& reply) {
    Json list = Json::array();
    list.push_back(to_json(compare_logits("batch 1 against batch 32", singles_, first_pass_,
                                          model_->classifier->class_count())));
    for (const NoiseFloor& again : again_) list.push_back(to_json(again));
    reply.body["noise"] = std::move(list);
    put_readings(reply);
    return {};
  }

  Status send(const Json& body) {
    const std::string line = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    return write_all(std::as_bytes(std::span(line)));
  }

  Status write_all(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(output_fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        return fail(ErrorKind::kEnvironment, "a worker cannot answer", "", errno_text(errno));
      }
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

  int output_fd_;
  WorkerLoad load_;
  std::unique_ptr<ThreadPool> pool_;  // outlives the model
  std::unique_ptr<LoadedModel> model_;
  std::unique_ptr<DeviceSampler> sampler_;  // null: not on a device, or its driver cannot be read
  DeviceReadings readings_;                 // what holds for every phase
  Dataset data_;
  Predictions predictions_;
  TimedLogits first_pass_;
  TimedLogits singles_;
  std::vector<NoiseFloor> again_;
};

}  // namespace

Status serve_worker(int input_fd, int output_fd) {
  // A worker in the middle of a long batch does not look at its input: the system ends it with its parent.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGPIPE, SIG_IGN);
  Worker worker(output_fd);
  std::string pending;
  std::array<char, 4096> buffer;
  while (true) {
    const ssize_t received = ::read(input_fd, buffer.data(), buffer.size());
    if (received < 0 && errno == EINTR) continue;
    if (received < 0) {
      return fail(ErrorKind::kEnvironment, "a worker cannot read its commands", "", errno_text(errno));
    }
    if (received == 0) return {};
    pending.append(buffer.data(), static_cast<std::size_t>(received));
    for (std::size_t end = pending.find('\n'); end != std::string::npos; end = pending.find('\n')) {
      const std::string line = pending.substr(0, end);
      pending.erase(0, end + 1);
      QT_TRY(const bool more, worker.handle(line));
      if (!more) return {};
    }
    if (pending.size() > kLongestCommand) {
      return fail(ErrorKind::kUserInput, "a command to a worker is too long", "", "",
                  "`quantier worker` is started by `quantier run`, not by hand");
    }
  }
}

}  // namespace quantier
