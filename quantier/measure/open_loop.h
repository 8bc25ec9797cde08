// One trial of an open-loop load test: requests at scheduled times against a server that serves batches.
//
// The schedule is drawn before the trial and nothing that the server does can bend it. A request is there
// from its scheduled time on, whether anybody was free to look or not, and its latency runs from that time to
// the end of the batch that carried it. (A tester that sends the next request after the last answer sees one
// slow request where its users would have met a hundred: coordinated omission.) Dynamic batching as inference
// servers do it: an idle server starts when `max_batch` requests are there or the oldest has waited
// `max_wait_ns`; a server that comes free takes what is due at once, first come first served. The queue has
// no bound; a trial whose oldest request has waited `give_up_ns` is stopped as overloaded.
//
// One thread does it all: between two batches it looks at the schedule and the clock. A thread that delivered
// requests could only be late. The clock is an interface, so that a server with a known latency law is tested
// in simulated time by the same code. Units: nanoseconds from the start of the trial.
// Source: the server scenario of MLPerf Inference (Reddi et al., ISCA 2020, section IV).
//
// Errors: of the server; kInterrupted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/progress.h"

namespace quantier {

class LoadClock {
 public:
  virtual ~LoadClock() = default;
  [[nodiscard]] virtual std::int64_t now_ns() = 0;
  // Returns at `deadline_ns` or later; sooner only when asked to stop.
  virtual void wait_until(std::int64_t deadline_ns, const Interrupt* interrupt) = 0;
};

// The monotonic clock of the system.
class WallClock final : public LoadClock {
 public:
  [[nodiscard]] std::int64_t now_ns() override;
  void wait_until(std::int64_t deadline_ns, const Interrupt* interrupt) override;
};

// Serves a batch and returns when it is done. `requests` are indices of texts.
class LoadServer {
 public:
  virtual ~LoadServer() = default;
  [[nodiscard]] virtual Status serve(std::span<const std::uint32_t> requests) = 0;
};

struct LoadSchedule {
  std::vector<std::int64_t> arrivals_ns;  // ascending
  std::vector<std::uint32_t> texts;       // of each arrival: seeded shuffles of all texts, one after another
  std::size_t warm_up = 0;                // so many first requests are served and not measured
};

struct ScheduleOptions {
  double rate = 0.0;             // requests per second, > 0
  std::uint64_t requests = 0;    // to be measured, at least
  std::int64_t measured_ns = 0;  // scheduled time to be measured, at least
  std::int64_t warm_up_ns = 0;   // scheduled time before
  std::uint64_t seed = 0;        // the same seed and options: the same schedule
};

// A Poisson process: independent exponential gaps. `texts` > 0.
[[nodiscard]] LoadSchedule poisson_schedule(const ScheduleOptions& options, std::uint64_t texts);

struct OfferOptions {
  std::uint32_t max_batch = 1;
  std::int64_t max_wait_ns = 0;
  std::int64_t give_up_ns = 0;
  std::string_view stage = "load";  // names the work in progress messages
  ProgressFunction progress = {};
  const Interrupt* interrupt = nullptr;
};

// What came of a schedule. The window runs from the first completion of a measured request to the last one;
// when the trial was stopped, from the first completion of all.
struct LoadObservation {
  std::vector<std::int64_t> latencies_ns;  // of measured requests, in the order of the schedule
  bool stopped = false;                    // because the oldest request had waited give_up_ns
  std::uint64_t left_waiting = 0;          // arrived by then, and not served
  std::int64_t window_ns = 0;
  std::uint64_t completed_in_window = 0;  // after its first completion
  std::uint64_t batches_in_window = 0;    // likewise
  std::int64_t busy_ns = 0;               // of them
  std::int64_t latest_wake_up_ns = 0;     // longest time from when an idle server was due to when it started
};

[[nodiscard]] Result<LoadObservation> offer_load(const LoadSchedule& schedule, const OfferOptions& options,
                                                 LoadServer& server, LoadClock& clock);

}  // namespace quantier
