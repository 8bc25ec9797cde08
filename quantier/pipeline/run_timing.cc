#include "quantier/pipeline/run_timing.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "quantier/base/clock.h"
#include "quantier/record/json.h"

namespace quantier {
namespace {

constexpr std::string_view kSource = "reply of a worker";
constexpr const char* kPhase = "timing";

struct TimedWorker {
  const PlannedRun* run = nullptr;
  std::optional<WorkerClient> client;
  RunTimings timings;
};

class TimingSession {
 public:
  TimingSession(const RunConfig& config, const RunPlan& plan, Store& store, const WorkerCommandLine& worker,
                const ProgressFunction& progress, const Interrupt* interrupt, std::size_t runs)
      : config_(config),
        plan_(plan),
        store_(store),
        worker_(worker),
        progress_(progress),
        interrupt_(interrupt) {
    steps_ = runs * rounds();
  }

  Status time_group(const std::vector<const PlannedRun*>& runs) {
    std::vector<TimedWorker> workers;
    for (const PlannedRun* run : runs) {
      TimedWorker timed{
          .run = run,
          .client = std::nullopt,
          .timings = {
              .key = run->key, .samples = {}, .noise = {}, .conditions = timing_conditions(config_, plan_)}};
      QT_TRY_STATUS(keep_going(timed, start(timed)));
      workers.push_back(std::move(timed));
    }
    std::vector<std::size_t> order(workers.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::uint32_t round = 0; round < rounds(); ++round) {
      for (const std::size_t w : order) {
        if (workers[w].client) QT_TRY_STATUS(keep_going(workers[w], time_round(workers[w], round)));
        if (progress_) progress_({"timing", ++step_, steps_});
      }
      std::reverse(order.begin(), order.end());
    }
    for (TimedWorker& timed : workers) {
      if (timed.client) QT_TRY_STATUS(keep_going(timed, read_noise(timed)));
      if (timed.client) outcome.timings.push_back(std::move(timed.timings));
    }
    return {};
  }

  TimingOutcome outcome;

 private:
  std::uint32_t rounds() const { return std::max<std::uint32_t>(1, config_.timing.throughput_passes); }

  // A failure of one worker is put on record; an interruption ends the session.
  Status keep_going(TimedWorker& timed, Status status) {
    if (status) return {};
    if (status.error().kind == ErrorKind::kInterrupted) return status;
    outcome.failures.push_back(
        {timed.run->configuration, timed.run->key, kPhase, utc_now_rfc3339(), std::move(status).error()});
    timed.client.reset();
    return {};
  }

  Status start(TimedWorker& timed) {
    QT_TRY(timed.client, WorkerClient::spawn(timed.run->configuration.display(), worker_));
    QT_TRY(const WorkerReply reply,
           timed.client->request(to_json(worker_load_for(config_, plan_, *timed.run)), "loading", {},
                                 interrupt_));
    const auto executed = reply.body.find("plan");
    if (executed == reply.body.end()) return fail(ErrorKind::kBug, "a worker did not report its plan");
    // Accuracy and latency must come from the same plan, or they are not about the same thing.
    QT_TRY(const Run stored, store_.load_run(timed.run->key));
    if (*executed != to_json(stored.plan)) {
      return fail(ErrorKind::kBug, "the plan that is timed is not the plan that was evaluated",
                  timed.run->configuration.display());
    }
    return {};
  }

  Status ask(TimedWorker& timed, const Json& command) {
    QT_TRY(const WorkerReply reply, timed.client->request(command, "timing", {}, interrupt_));
    const auto samples = reply.body.find("samples");
    if (samples == reply.body.end() || !samples->is_array()) {
      return fail(ErrorKind::kBug, "a worker did not report its timings");
    }
    for (const Json& entry : *samples) {
      QT_TRY(const TimingSample sample, timing_from_json(entry, kSource));
      timed.timings.samples.push_back(sample);
    }
    return {};
  }

  Status time_round(TimedWorker& timed, std::uint32_t round) {
    const TimingConfig& timing = config_.timing;
    if (round == 0) {
      // First touches (page faults, thread start, code paths) are nobody's latency.
      QT_TRY_STATUS(ask(timed, {{"command", "warm_up"}}));
    }
    if (timing.workload && round == 0) {
      QT_TRY_STATUS(ask(timed, {{"command", "workload"}, {"round", round}}));
    }
    if (timing.throughput_passes > 0) {
      QT_TRY_STATUS(
          ask(timed, {{"command", "throughput"}, {"round", round}, {"count", timing.throughput_examples}}));
    }
    const std::uint32_t first = timing.latency_samples * round / rounds();
    const std::uint32_t end = timing.latency_samples * (round + 1) / rounds();
    if (end > first) {
      QT_TRY_STATUS(
          ask(timed, {{"command", "latency"}, {"round", round}, {"first", first}, {"count", end - first}}));
    }
    return {};
  }

  Status read_noise(TimedWorker& timed) {
    QT_TRY(const WorkerReply reply, timed.client->request({{"command", "noise"}}, "timing", {}, interrupt_));
    const auto noise = reply.body.find("noise");
    if (noise == reply.body.end() || !noise->is_array()) {
      return fail(ErrorKind::kBug, "a worker did not report its noise floor");
    }
    for (const Json& entry : *noise) {
      QT_TRY(NoiseFloor floor, noise_floor_from_json(entry, kSource));
      timed.timings.noise.push_back(std::move(floor));
    }
    if (const auto readings = reply.body.find("readings"); readings != reply.body.end()) {
      QT_TRY(timed.timings.readings, device_readings_from_json(*readings, kSource));
    }
    return {};
  }

  const RunConfig& config_;
  const RunPlan& plan_;
  Store& store_;
  const WorkerCommandLine& worker_;
  const ProgressFunction& progress_;
  const Interrupt* interrupt_;
  std::uint64_t step_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace

std::string timing_conditions(const RunConfig& config, const RunPlan& plan) {
  const TimingConfig& timing = config.timing;
  Json conditions{{"throughput_examples", timing.throughput_examples},
                  {"throughput_passes", timing.throughput_passes},
                  {"latency_samples", timing.latency_samples},
                  {"workload", timing.workload},
                  {"threads", plan.threads},
                  {"machine", machine_text(config.engine)}};
  if (config.engine.kind == EngineKind::kCuda) conditions["tokenization"] = "ahead of the device";
  return conditions.dump(-1, ' ', false, Json::error_handler_t::replace);
}

WorkerLoad worker_load_for(const RunConfig& config, const RunPlan& plan, const PlannedRun& run) {
  WorkerLoad load{.model = config.models[run.model].path,
                  .base = config.models[run.model].base,
                  .adapter = config.models[run.model].adapter,
                  .rules = config.rules_of(run.configuration.recipe),
                  .options = config.recipe_options,
                  .data = config.data.path,
                  .columns = config.data.columns,
                  .limit = plan.limit,
                  .seed = config.seed,
                  .max_length = config.max_length,
                  .threads = plan.threads,
                  .engine = config.engine,
                  .calibration = run.is_calibrated ? config.calibration : std::nullopt,
                  .remarks = run.remarks};
  if (run.is_calibrated && plan.calibration) load.calibration_overlaps = plan.calibration->record.overlaps;
  return load;
}

std::vector<std::vector<std::size_t>> groups_within(const std::vector<std::uint64_t>& bytes,
                                                    std::uint64_t budget_bytes) {
  std::vector<std::vector<std::size_t>> groups;
  std::uint64_t used = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (groups.empty() || used + bytes[i] > budget_bytes) {
      groups.emplace_back();
      used = 0;
    }
    groups.back().push_back(i);
    used += bytes[i];
  }
  return groups;
}

Result<TimingOutcome> time_runs(const RunConfig& config, const RunPlan& plan,
                                const std::vector<const PlannedRun*>& runs, Store& store,
                                const WorkerCommandLine& worker, const ProgressFunction& progress,
                                const Interrupt* interrupt) {
  QT_TRY(const std::vector<RunSummary> summaries, store.runs());
  std::map<std::string, std::uint64_t> peak_of;
  for (const RunSummary& summary : summaries) peak_of[summary.key] = summary.process_peak_bytes;
  std::vector<std::uint64_t> peaks;
  peaks.reserve(runs.size());
  for (const PlannedRun* run : runs) peaks.push_back(peak_of[run->key]);

  TimingSession session(config, plan, store, worker, progress, interrupt, runs.size());
  const auto budget = static_cast<std::uint64_t>(config.memory_budget_mb * 1e6);
  for (const std::vector<std::size_t>& group : groups_within(peaks, budget)) {
    std::vector<const PlannedRun*> members;
    for (const std::size_t i : group) members.push_back(runs[i]);
    QT_TRY_STATUS(session.time_group(members));
  }
  return std::move(session.outcome);
}

}  // namespace quantier
