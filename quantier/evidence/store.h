// The evidence of a comparison: one SQLite file that holds every run, whole.
//
// A run goes in with one transaction, so a program that is killed at any moment leaves finished runs and
// nothing half-written behind (write-ahead log, flushed at each commit). Timings come later, for all
// configurations together, because they are taken interleaved. Numbers of every example stand in the store as
// little-endian arrays, not as rows: float32 logits [examples, classes].
//
// Version 2 added what others reported and the groups of the examples, version 3 a table for logits, which
// are written and read in place, version 4 load tests, version 5 what calibrated runs give with other texts.
// What was read of a device stands among the settings of any version. An older store gets the new tables when
// it is opened for writing, and reads as it is otherwise.
//
// Errors: see sqlite.h; kUnsupported for a store that a newer Quantier wrote.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/evidence/sqlite.h"
#include "quantier/record/load.h"
#include "quantier/record/noise_floor.h"
#include "quantier/record/reported_value.h"
#include "quantier/record/run.h"

namespace quantier {

inline constexpr std::int64_t kStoreSchemaVersion = 5;

// A run without its arrays.
struct RunSummary {
  std::string key;
  ConfigurationId configuration;
  std::string split;
  std::optional<std::uint64_t> limit;
  std::uint64_t examples = 0;
  std::uint64_t classes = 0;
  std::uint32_t effective_batch_size = 0;
  std::string created;  // RFC 3339, UTC
  std::uint64_t weight_bytes = 0;
  std::uint64_t process_peak_bytes = 0;
  std::uint64_t timing_samples = 0;
};

// A configuration that could not be measured, or not to the end.
struct FailureRecord {
  ConfigurationId configuration;
  std::string key;
  std::string phase;  // "predictions", "timing"
  std::string at;     // RFC 3339, UTC
  Error error;
};

struct RunIdentity {
  std::string key;
  ConfigurationId configuration;
};

struct RunTimings {
  std::string key;
  std::vector<TimingSample> samples;
  std::vector<NoiseFloor> noise;
  // What they were taken under, as one line of JSON: protocols, threads, machine. Timings of one run under
  // two conditions are not the same measurement.
  std::string conditions = {};
  std::optional<DeviceReadings> readings = {};  // of the device, meanwhile
};

// Derived from runs, at the cost of time: `key` names what it was derived from and how.
struct Derived {
  std::string key;
  std::string text;
  std::vector<float> numbers;  // little-endian in the store
};

class Store {
 public:
  using Mode = sqlite::Mode;
  // kReadWrite creates a missing store.
  [[nodiscard]] static Result<Store> open(const std::filesystem::path& path, Mode mode,
                                          sqlite::WaitOptions wait = {});

  [[nodiscard]] Result<bool> has_run(std::string_view key);
  // An error when a run of this key is already there.
  [[nodiscard]] Status add_run(const Run& run);
  // In the order in which they were added.
  [[nodiscard]] Result<std::vector<RunSummary>> runs();
  // With all arrays and timings; kUserInput when the key is unknown.
  [[nodiscard]] Result<Run> load_run(std::string_view key);

  // The same run calibrated with other texts. Errors: kUserInput when the run is unknown, or has this sample.
  [[nodiscard]] Status add_calibration_sample(std::string_view run_key, const CalibrationSample& sample);
  // In the order in which they were added; empty for a run without any, and in a store older than version 5.
  [[nodiscard]] Result<std::vector<CalibrationSample>> calibration_samples(std::string_view run_key);
  [[nodiscard]] Result<std::vector<std::uint64_t>> calibration_sample_seeds(std::string_view run_key);

  // Timings of one interleaved session, in one transaction; earlier ones of the same runs are replaced.
  [[nodiscard]] Status set_timings(std::span<const RunTimings> timings);
  [[nodiscard]] Result<std::vector<NoiseFloor>> noise_floor(std::string_view key);
  // Under which the stored timings of a run were taken; nullopt when it has none.
  [[nodiscard]] Result<std::optional<std::string>> timing_conditions(std::string_view key);

  [[nodiscard]] Status add_failure(const FailureRecord& failure);
  [[nodiscard]] Result<std::vector<FailureRecord>> failures();
  // After a configuration succeeded on a later attempt.
  [[nodiscard]] Status remove_failures(std::string_view key, std::string_view phase);

  // What others computed, in the order in which it was added. A store of version 1 has none.
  [[nodiscard]] Status add_reported(std::span<const ReportedValue> values);
  [[nodiscard]] Result<std::vector<ReportedValue>> reported();

  // A load test without its trials; gives its id. They follow one by one, so that an interruption loses the
  // trial it fell into and no other.
  [[nodiscard]] Result<std::int64_t> add_load_test(const LoadTest& test);
  // `latencies_ns`: of every measured request, in the order of its schedule.
  [[nodiscard]] Status add_load_trial(std::int64_t test_id, const LoadTrial& trial,
                                      std::span<const std::int64_t> latencies_ns);
  [[nodiscard]] Status finish_load_test(std::int64_t test_id, bool finished, const LoadSummary& summary);
  // With their trials, in the order in which they were begun. A store older than version 4 has none.
  [[nodiscard]] Result<std::vector<LoadTest>> load_results();
  // `trial`: index into LoadTest::trials.
  [[nodiscard]] Result<std::vector<std::int64_t>> load_latencies(std::int64_t test_id, std::size_t trial);
  // The latest measured run of the same model files with the same executed plan; nullopt when there is none.
  [[nodiscard]] Result<std::optional<RunIdentity>> find_same_model(const Provenance& provenance,
                                                                   const ExecutedPlan& plan);

  // Free text by name: the configuration file, what it resolved to, the decision.
  [[nodiscard]] Status set_setting(std::string_view name, std::string_view value);
  [[nodiscard]] Result<std::optional<std::string>> setting(std::string_view name);

  // One of each name; another key takes its place. nullopt when it is not there, or of another key.
  [[nodiscard]] Status set_derived(std::string_view name, const Derived& derived);
  [[nodiscard]] Result<std::optional<Derived>> derived(std::string_view name, std::string_view key);
  // Changes whenever the timings of a run do.
  [[nodiscard]] Result<std::string> timing_fingerprint(std::string_view key);

  [[nodiscard]] const std::string& path() const { return connection_.path(); }

 private:
  explicit Store(sqlite::Connection connection) : connection_(std::move(connection)) {}
  // Inside a transaction of the caller's.
  Status put_setting(std::string_view name, std::string_view value);
  [[nodiscard]] static std::string conditions_name(std::string_view key);
  // What belongs to a device stands beside runs and timings (store_device.cc), inside a transaction of the
  // caller's.
  Status put_device_of_predictions(const Run& run);
  Status put_device_of_timing(const RunTimings& timings);
  Status load_device(Run& run);
  sqlite::Connection connection_;
};

}  // namespace quantier
