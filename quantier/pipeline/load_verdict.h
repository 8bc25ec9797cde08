// From what was observed in a trial to what it says.
//
// A trial passes when its percentile is within the bound, and is sustained when the upper end of the 95 %
// interval is: the doubt is against the claim. A trial that could not keep up is overloaded whatever its
// percentile says: it was stopped because of its queue, or the mean latency of its ten parts rises steadily
// and by more than kDriftFraction of the window from the first to the last, so that completions fall behind
// arrivals by as much. Errors: none.
#pragma once

#include <cstdint>
#include <span>

#include "quantier/measure/open_loop.h"
#include "quantier/record/load.h"

namespace quantier {

inline constexpr double kDriftFraction = 0.02;

// A queue this old is not a pause: 20 bounds, at least two seconds.
[[nodiscard]] std::int64_t give_up_after_ns(std::int64_t bound_ns);

// Of requests in the order of their schedule; not empty. `independent`: as many of them would tell as much.
struct JudgedPercentile {
  LatencyPercentile latency;
  double independent = 0.0;
};
[[nodiscard]] JudgedPercentile judge_percentile(std::span<const std::int64_t> latencies_ns,
                                                double percentile);

// Fills in everything that follows from the observation; kind, repeat, seed, rate and time are the caller's.
[[nodiscard]] LoadTrial judge_trial(const LoadObservation& seen, const LoadProtocol& protocol);

}  // namespace quantier
