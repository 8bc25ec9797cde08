// An open-loop load test of one configuration: every trial that was made, and the rate they confirm.
//
// A trial offers requests at the times of a Poisson process that does not wait for the server. Latency counts
// from the scheduled time of a request to the end of the batch that carried it, so a server that stalls pays
// for every request that it kept waiting. What a trial says is at its percentile and its bound and for its
// batching only. Units: nanoseconds, requests per second, percentiles in percent (99, not 0.99). A bound that
// is met exactly is met.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quantier/record/measurement.h"
#include "quantier/record/run.h"

namespace quantier {

// What a test holds fixed.
struct LoadProtocol {
  double percentile = 99.0;          // the one that must stay within the bound
  std::int64_t bound_ns = 0;         // on the latency at it
  std::uint32_t max_batch = 32;      // requests served together at most
  std::int64_t max_wait_ns = 0;      // how long the oldest request waits for others while the server is idle
  std::uint64_t trial_requests = 0;  // measured in a trial, at least
  std::int64_t trial_ns = 0;         // scheduled time that is measured in a trial, at least
  std::int64_t warm_up_ns = 0;       // scheduled time before it, served and left out
  std::uint32_t repeats = 3;         // trials with different arrivals that must all pass to confirm a rate
  double resolution = 0.05;          // of the search: relative distance of what passed and what did not
  std::uint32_t threads = 0;         // of the engine
  std::uint32_t max_length = 0;      // tokens to which texts are cut
};

// Why a trial was made. A rate counts as confirmed by confirm trials only: a search stops where chance
// helped, so its own trials flatter the rate that it finds.
enum class LoadTrialKind : std::uint8_t { kSearch, kConfirm };
[[nodiscard]] const char* load_trial_kind_name(LoadTrialKind kind);  // "search", "confirm"

// sustained: the upper end of the interval of the percentile is within the bound. within: the percentile is,
// its upper end is not, or there are too few independent requests for one. exceeded: the percentile is beyond
// the bound. overloaded: requests came faster than they were served, and the queue grew.
enum class LoadVerdict : std::uint8_t { kSustained, kWithin, kExceeded, kOverloaded };
[[nodiscard]] const char* load_verdict_name(LoadVerdict verdict);  // "sustained", "within", ...

// An observed latency (nearest rank: no interpolation), and its interval at 95 % from order statistics, with
// the dependence of neighbouring requests allowed for. An absent end: not enough requests to tell.
struct LatencyPercentile {
  double percentile = 0.0;  // in (0, 100)
  std::int64_t value_ns = 0;
  std::optional<std::int64_t> low_ns = {};
  std::optional<std::int64_t> high_ns = {};
};

struct LoadTrial {
  LoadTrialKind kind = LoadTrialKind::kSearch;
  std::uint32_t repeat = 0;    // of the confirmation, from 0; 0 for the search
  std::uint64_t seed = 0;      // of arrivals and texts: the same seed and rate offer the same requests
  double offered_rate = 0.0;   // of the Poisson process
  std::uint64_t requests = 0;  // measured: scheduled after the warm-up, and completed
  // Of a trial that was stopped because the queue grew. Its latencies are cut off, so it has no percentiles.
  bool stopped_early = false;
  std::uint64_t left_waiting = 0;  // arrived and not served when it was stopped
  // From the first completion to the last of the measured requests (of all, when it was stopped early), and
  // what happened in it.
  std::int64_t window_ns = 0;
  std::optional<double> achieved_rate = {};       // completed after the first completion, over the window
  std::optional<double> utilisation = {};         // share of the window in which the server was busy
  std::optional<double> mean_batch = {};          // requests in a batch
  std::optional<LatencyPercentile> latency = {};  // at the protocol's percentile
  // As many independent requests would tell as much about it.
  std::optional<double> independent_requests = {};
  std::vector<LatencyPercentile> profile = {};  // at 50, 95 and 99
  LoadVerdict verdict = LoadVerdict::kExceeded;
  std::int64_t latest_wake_up_ns = 0;  // by how much the test itself was late at most, while the server idled
  std::string started_at = {};         // RFC 3339, UTC

  [[nodiscard]] bool passed() const {
    return verdict == LoadVerdict::kSustained || verdict == LoadVerdict::kWithin;
  }
};

// What the trials of a test add up to.
struct LoadSummary {
  // The highest rate at which all repeats passed and the upper end of the percentile of their requests taken
  // together is within the bound. Absent: no rate was shown to be sustained.
  std::optional<double> highest_confirmed_rate = {};
  // At that rate, over all repeats, and how many requests these had.
  std::optional<LatencyPercentile> confirmed_latency = {};
  std::uint64_t confirmed_requests = 0;
  // The lowest rate above it at which a trial did not pass; absent when none was tried.
  std::optional<double> lowest_failed_rate = {};
  // true: confirmed at the asked rate or above it. false: a trial at it or below it did not pass. Absent: no
  // rate was asked for, the test ended before it knew, or the requests are too few to tell.
  std::optional<bool> asked_rate_sustained = {};
};

struct LoadTest {
  std::int64_t id = 0;            // inside the store
  ConfigurationId configuration;  // model x recipe x device
  // The run in the same store with the same weights, recipe and options; empty when there is none.
  std::string run_key;
  Provenance provenance;  // machine, threads, hashes of weights, tokenizer and data
  LoadProtocol protocol;
  std::optional<double> asked_rate = {};  // requests per second
  // Full batches served back to back, in requests per second: the median of a few. Rates below it need not be
  // sustained; it is where a search starts, and no evidence.
  std::optional<double> full_batch_rate = {};
  bool finished = false;  // false: interrupted; its trials stand, its summary may be partial
  LoadSummary summary;
  std::vector<LoadTrial> trials;  // in the order in which they were made
};

}  // namespace quantier
