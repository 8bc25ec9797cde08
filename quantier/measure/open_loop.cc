#include "quantier/measure/open_loop.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <thread>

#include "quantier/base/check.h"
#include "quantier/base/clock.h"
#include "quantier/base/rng.h"

namespace quantier {
namespace {

// Streams of the seed.
constexpr std::uint64_t kArrivalStream = 0x6c1;
constexpr std::uint64_t kTextStream = 0x6c2;
// A signal is noticed within this time, also while no request comes.
constexpr std::int64_t kLongestSleepNs = 50'000'000;

// Adds a batch to what is known of the window.
void count(LoadObservation& seen, std::size_t requests, std::int64_t start_ns, std::int64_t done_ns) {
  seen.completed_in_window += requests;
  ++seen.batches_in_window;
  seen.busy_ns += done_ns - start_ns;
}

}  // namespace

std::int64_t WallClock::now_ns() { return monotonic_ns(); }

void WallClock::wait_until(std::int64_t deadline_ns, const Interrupt* interrupt) {
  for (std::int64_t left = 0; (left = deadline_ns - monotonic_ns()) > 0 && !stop_requested(interrupt);) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(std::min(left, kLongestSleepNs)));
  }
}

LoadSchedule poisson_schedule(const ScheduleOptions& options, std::uint64_t texts) {
  QT_CHECK(options.rate > 0.0 && texts > 0, "a schedule has a rate and something to ask");
  Philox arrivals(options.seed, kArrivalStream);
  Philox order_random(options.seed, kTextStream);
  std::vector<std::uint32_t> order(texts);
  std::iota(order.begin(), order.end(), 0U);

  LoadSchedule schedule;
  double seconds = 0.0;
  for (std::uint64_t next_text = 0;; ++next_text) {
    seconds -= std::log(arrivals.next_open_uniform()) / options.rate;
    const auto arrival = static_cast<std::int64_t>(std::llround(seconds * 1e9));
    const std::uint64_t measured = schedule.arrivals_ns.size() - schedule.warm_up;
    if (arrival > options.warm_up_ns + options.measured_ns && measured >= options.requests) return schedule;
    if (next_text % texts == 0) shuffle(order, order_random);
    schedule.arrivals_ns.push_back(arrival);
    schedule.texts.push_back(order[next_text % texts]);
    if (arrival < options.warm_up_ns) ++schedule.warm_up;
  }
}

Result<LoadObservation> offer_load(const LoadSchedule& schedule, const OfferOptions& options,
                                   LoadServer& server, LoadClock& clock) {
  QT_CHECK(options.max_batch > 0, "a batch has at least one request");
  const std::vector<std::int64_t>& arrivals = schedule.arrivals_ns;
  const std::size_t total = arrivals.size();
  LoadObservation measured;  // what is handed back
  LoadObservation whole;     // the window of all requests, in case that the trial is stopped
  std::optional<std::int64_t> first_of_all;
  std::optional<std::int64_t> first_measured;
  std::int64_t done = 0;

  const std::int64_t origin = clock.now_ns();
  for (std::size_t next = 0; next < total;) {
    if (stop_requested(options.interrupt)) return interrupted();
    // That the batch is full is known in advance here and to a real server when it happens: the same moment.
    const std::int64_t full = total - next >= options.max_batch ? arrivals[next + options.max_batch - 1]
                                                                : std::numeric_limits<std::int64_t>::max();
    const std::int64_t due = std::min(arrivals[next] + options.max_wait_ns, full);
    std::int64_t start = clock.now_ns() - origin;
    if (start < due) {
      clock.wait_until(origin + due, options.interrupt);
      if (stop_requested(options.interrupt)) return interrupted();
      start = clock.now_ns() - origin;
      measured.latest_wake_up_ns = std::max(measured.latest_wake_up_ns, start - due);
    }
    const auto waiting = static_cast<std::size_t>(
        std::upper_bound(arrivals.begin() + static_cast<std::ptrdiff_t>(next), arrivals.end(), start) -
        arrivals.begin() - static_cast<std::ptrdiff_t>(next));
    if (start - arrivals[next] > options.give_up_ns) {
      measured.stopped = true;
      measured.left_waiting = waiting;
      break;
    }
    const std::size_t taken = std::min<std::size_t>(waiting, options.max_batch);
    QT_TRY_STATUS(server.serve(std::span(schedule.texts).subspan(next, taken)));
    done = clock.now_ns() - origin;

    if (first_of_all) count(whole, taken, start, done);
    if (first_measured) count(measured, taken, start, done);
    if (!first_of_all) first_of_all = done;
    for (std::size_t i = next; i < next + taken; ++i) {
      if (i < schedule.warm_up) continue;
      measured.latencies_ns.push_back(done - arrivals[i]);
      if (!first_measured) first_measured = done;
    }
    next += taken;
    if (options.progress) options.progress({options.stage, next, total});
  }
  if (measured.stopped) {
    measured.completed_in_window = whole.completed_in_window;
    measured.batches_in_window = whole.batches_in_window;
    measured.busy_ns = whole.busy_ns;
    first_measured = first_of_all;
  }
  if (first_measured) measured.window_ns = done - *first_measured;
  return measured;
}

}  // namespace quantier
