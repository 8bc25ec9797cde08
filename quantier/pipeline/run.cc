#include "quantier/pipeline/run.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <set>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/clock.h"
#include "quantier/base/file.h"
#include "quantier/base/json.h"
#include "quantier/measure/process_memory.h"
#include "quantier/pipeline/run_load.h"
#include "quantier/pipeline/run_predictions.h"
#include "quantier/pipeline/run_samples.h"
#include "quantier/pipeline/run_timing.h"
#include "quantier/pipeline/worker.h"
#include "quantier/record/json.h"

namespace quantier {
namespace {

constexpr const char* kPhase = "predictions";

// Two runs into one folder would spoil each other's timings even where the store keeps them apart.
class FolderLock {
 public:
  static Result<FolderLock> take(const std::filesystem::path& folder) {
    FolderLock lock;
    lock.fd_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock.fd_ < 0) {
      return fail(ErrorKind::kEnvironment, "cannot open the output folder", folder.string(),
                  errno_text(errno));
    }
    if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      return fail(ErrorKind::kEnvironment, "another quantier is running into this folder", folder.string(),
                  "", "wait for it, or choose another --out");
    }
    return lock;
  }
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  FolderLock() = default;
  int fd_ = -1;
};

Result<Store> open_store(const RunOptions& options, const std::filesystem::path& path) {
  std::error_code ignored;
  const bool existed = std::filesystem::exists(path, ignored);
  sqlite::WaitOptions wait;
  wait.on_wait = [&options] {
    if (options.remark) options.remark("waiting: another process is writing to the evidence store");
  };
  QT_TRY(Store store, Store::open(path, Store::Mode::kReadWrite, wait));
  if (existed && !options.resume) {
    QT_TRY(const std::vector<RunSummary> runs, store.runs());
    if (!runs.empty()) {
      return fail(ErrorKind::kUsage, "the output folder already holds evidence", path.string(),
                  fmt::format("{} finished runs", runs.size()),
                  "add --resume to continue with it, or choose another --out");
    }
  }
  return store;
}

Status mark_finished(Store& store, RunPlan& plan) {
  for (PlannedRun& planned : plan.runs) {
    QT_TRY(planned.finished, store.has_run(planned.key));
    QT_TRY(planned.samples_left, samples_left_of(plan, planned, store));
  }
  return {};
}

Status predict_all(const RunConfig& config, RunPlan& plan, const RunOptions& options, Store& store,
                   const ProgressFunction& progress, const Interrupt* interrupt) {
  for (PlannedRun& planned : plan.runs) {
    if (stop_requested(interrupt)) return interrupted();
    if (planned.finished) continue;
    QT_TRY_STATUS(store.remove_failures(planned.key, kPhase));
    Result<Run> run = measure_predictions(config, plan, planned, worker_load_for(config, plan, planned),
                                          planned.configuration.display(),
                                          {options.worker, options.remark, progress, interrupt});
    if (!run) {
      if (run.error().kind == ErrorKind::kInterrupted) return std::unexpected(std::move(run).error());
      if (options.remark) {
        options.remark(fmt::format("{} failed: {}", planned.configuration.display(), run.error().message()));
      }
      QT_TRY_STATUS(store.add_failure(
          {planned.configuration, planned.key, kPhase, utc_now_rfc3339(), std::move(run).error()}));
      continue;
    }
    QT_TRY_STATUS(store.add_run(*run));
    planned.finished = true;
  }
  return {};
}

// Whether anything had to be timed.
Result<bool> time_all(const RunConfig& config, const RunPlan& plan, const RunOptions& options, Store& store,
                      const ProgressFunction& progress, const Interrupt* interrupt) {
  if (!config.timing.enabled) return false;
  std::vector<const PlannedRun*> runs;
  for (const PlannedRun& planned : plan.runs) {
    if (planned.finished) runs.push_back(&planned);
  }
  // Timings are comparable within one session only, so either all of them stand or all are taken again.
  QT_TRY(const std::vector<RunSummary> summaries, store.runs());
  std::set<std::string> timed;
  for (const RunSummary& summary : summaries) {
    if (summary.timing_samples > 0) timed.insert(summary.key);
  }
  const std::string conditions = timing_conditions(config, plan);
  bool all_timed = true;
  for (const PlannedRun* run : runs) {
    QT_TRY(const std::optional<std::string> earlier, store.timing_conditions(run->key));
    all_timed = all_timed && timed.contains(run->key) && earlier == conditions;
  }
  if (all_timed) return false;
  if (!timed.empty() && options.remark) {
    options.remark("latency is measured again: the timings in the store come from other runs or settings");
  }

  for (const PlannedRun* run : runs) QT_TRY_STATUS(store.remove_failures(run->key, "timing"));
  QT_TRY(const TimingOutcome outcome,
         time_runs(config, plan, runs, store, options.worker, progress, interrupt));
  QT_TRY_STATUS(store.set_timings(outcome.timings));
  for (const FailureRecord& failure : outcome.failures) {
    if (options.remark) {
      options.remark(fmt::format("{} failed: {}", failure.configuration.display(), failure.error.message()));
    }
    QT_TRY_STATUS(store.add_failure(failure));
  }
  return true;
}

double seconds_since(std::int64_t start_ns) { return static_cast<double>(monotonic_ns() - start_ns) * 1e-9; }

// What the measuring itself took, added to what an interrupted attempt took before.
Status add_figure(Store& store, const char* name, double seconds) {
  QT_TRY(const std::optional<std::string> text, store.setting(kRunFiguresSetting));
  Json figures = Json::object();
  if (text) {
    QT_TRY(figures, parse_json(*text, store.path()));
  }
  figures[name] = figures.value(name, 0.0) + seconds;
  if (const Result<ProcessMemory> own = process_memory()) {
    figures["coordinator_peak_bytes"] =
        std::max(figures.value("coordinator_peak_bytes", std::uint64_t{0}), own->peak_bytes);
  }
  return store.set_setting(kRunFiguresSetting, figures.dump());
}

}  // namespace

Result<RunOutcome> run_comparison(const RunConfig& config, const RunOptions& options,
                                  const ProgressFunction& progress, const Interrupt* interrupt) {
  RunOutcome outcome;
  outcome.store = options.out_directory / kStoreFileName;
  if (progress) progress({"reading models and data", 0, 0});
  QT_TRY(outcome.plan, plan_run(config, options.limit));
  if (config.load) {
    // Said now and not after an hour of measuring.
    const Result<LoadProtocol> protocol = plan_run_load(config, outcome.plan);
    if (!protocol) return std::unexpected(protocol.error());
  }
  if (options.dry_run) {
    if (options.resume && std::filesystem::exists(outcome.store)) {
      QT_TRY(Store store, Store::open(outcome.store, Store::Mode::kReadOnly));
      QT_TRY_STATUS(mark_finished(store, outcome.plan));
      QT_TRY(const std::vector<bool> tested, finished_load_tests(config, outcome.plan, store));
      for (std::size_t i = 0; i < tested.size(); ++i) outcome.plan.runs[i].load_tested = tested[i];
    }
    QT_TRY(outcome.estimate, estimate_run(config, outcome.plan, progress, interrupt));
    return outcome;
  }

  QT_TRY_STATUS(create_folders(options.out_directory));
  QT_TRY(const FolderLock lock, FolderLock::take(options.out_directory));
  QT_TRY(Store store, open_store(options, outcome.store));
  QT_TRY_STATUS(mark_finished(store, outcome.plan));
  QT_TRY_STATUS(store.set_setting(kConfigurationSetting, config.source_text));
  QT_TRY_STATUS(
      store.set_setting(kConfigurationFileSetting, std::filesystem::absolute(config.file).string()));
  const bool something_left = std::any_of(outcome.plan.runs.begin(), outcome.plan.runs.end(),
                                          [](const PlannedRun& planned) { return !planned.finished; });
  std::int64_t start_ns = monotonic_ns();
  QT_TRY_STATUS(predict_all(config, outcome.plan, options, store, progress, interrupt));
  if (something_left) QT_TRY_STATUS(add_figure(store, "predictions_seconds", seconds_since(start_ns)));
  start_ns = monotonic_ns();
  QT_TRY(const bool timed, time_all(config, outcome.plan, options, store, progress, interrupt));
  if (timed) QT_TRY_STATUS(add_figure(store, "timing_seconds", seconds_since(start_ns)));
  start_ns = monotonic_ns();
  QT_TRY(const bool tested,
         test_load_of_runs(config, outcome.plan, store, options.worker, options.remark, progress, interrupt));
  if (tested) QT_TRY_STATUS(add_figure(store, "load_seconds", seconds_since(start_ns)));
  start_ns = monotonic_ns();
  QT_TRY(const bool drawn,
         measure_samples(config, outcome.plan, store, {options.worker, options.remark, progress, interrupt}));
  if (drawn) QT_TRY_STATUS(add_figure(store, "samples_seconds", seconds_since(start_ns)));

  std::set<std::string> keys;
  for (const PlannedRun& planned : outcome.plan.runs) {
    keys.insert(planned.key);
    if (planned.finished) outcome.keys.push_back(planned.key);
  }
  QT_TRY_STATUS(store.set_setting(kLatestKeysSetting, Json(outcome.keys).dump()));
  QT_TRY(const std::vector<FailureRecord> failures, store.failures());
  for (const FailureRecord& failure : failures) {
    if (keys.contains(failure.key)) outcome.failures.push_back(failure);
  }
  if (outcome.keys.empty() && !outcome.failures.empty()) {
    return std::unexpected(outcome.failures.front().error);
  }
  return outcome;
}

}  // namespace quantier
