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
  std::optional<std::uint32_t> max_length = {};  // tokens; absent: what tokenizer.json says
};

// Why a trial was made. A rate counts as confirmed by confirm trials only: a search stops where chance
// helped, so its own trials flatter the rate that it finds.
enum class LoadTrialKind : std::uint8_t { kSearch, kConfirm };
[[nodiscard]] const char* load_trial_kind_name(LoadTrialKind kind);  // "search", "confirm"

// sustained: the upper end of the interval of the percentile is within the bound. unresolved: the bound lies
// inside the interval, or there are too few independent requests for an upper end. exceeded: the lower end is
// beyond the bound. overloaded: requests came faster than they were served, and the queue grew.
enum class LoadVerdict : std::uint8_t { kSustained, kUnresolved, kExceeded, kOverloaded };
[[nodiscard]] const char* load_verdict_name(LoadVerdict verdict);  // "sustained", "unresolved", ...

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
  std::uint32_t repeat = 0;   // of the confirmation, from 0; 0 for the search
  std::uint64_t seed = 0;     // of arrivals and texts: the same seed and rate offer the same requests
  double offered_rate = 0.0;  // of the Poisson process
  // Completed after the first completion, over the time from the first to the last. Of requests that are
  // measured, as everything below.
  double achieved_rate = 0.0;
  std::uint64_t requests = 0;              // completed
  std::uint64_t left_waiting = 0;          // arrived and not served when an overloaded trial was stopped
  std::int64_t window_ns = 0;              // from the first completion to the last
  double utilisation = 0.0;                // share of the window in which the server was busy
  double mean_batch = 0.0;                 // requests in a batch
  double independent_requests = 0;         // as many would carry what these say about the percentile
  LatencyPercentile latency;               // at the protocol's percentile
  std::vector<LatencyPercentile> profile;  // at 50, 95 and 99
  LoadVerdict verdict = LoadVerdict::kUnresolved;
  std::int64_t latest_wake_up_ns = 0;  // by how much the test itself was late at most, while the server idled
  std::string started_at;              // RFC 3339, UTC

  [[nodiscard]] bool sustained() const { return verdict == LoadVerdict::kSustained; }
};

// What the trials of a test add up to.
struct LoadSummary {
  // All repeats at this rate were sustained, and no higher rate was confirmed. Absent: no rate was.
  std::optional<double> highest_confirmed_rate = {};
  // The lowest rate above it at which a trial was not sustained; absent when none was tried.
  std::optional<double> lowest_failed_rate = {};
  // Whether the rate that the user asked for is sustained; absent when none was asked for, or when the test
  // ended before it knew.
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
  bool finished = false;                  // false: interrupted; its trials stand, its summary may be partial
  LoadSummary summary;
  std::vector<LoadTrial> trials;  // in the order in which they were made
};

}  // namespace quantier
