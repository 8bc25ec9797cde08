// Which trials a load test makes: the rate that was asked for, or the highest one that is sustained.
//
// Search: the rate is doubled (or halved) until one trial passes and one does not, then halved between them,
// on a logarithmic scale, until they are within `resolution`. The rate found is then confirmed: `repeats`
// trials with other arrivals must all pass, and the percentile of all their requests together must be within
// the bound with the upper end of its interval (up to three times as many trials are made while there are too
// few requests for one). Where that fails, the next lower step is tried. Trials of the
// search never confirm: it stops where chance was kind. (MLPerf's server scenario searches and confirms in
// the same way.) Errors: of the trials, but an interruption ends the test with what it has.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/record/load.h"

namespace quantier {

inline constexpr double kHighestLoadRate = 1e6;   // requests per second
inline constexpr int kLoadHalvings = 12;          // of a rate that does not pass, before the search gives up
inline constexpr std::uint32_t kMostRepeats = 3;  // times the repeats, while there are too few requests
inline constexpr int kConfirmSteps = 8;           // down from the rate that the search found

struct LoadSearchOptions {
  std::optional<double> asked_rate = {};
  bool find = false;        // false: only the asked rate, which must be there
  double start_rate = 0.0;  // of the search, > 0
  double percentile = 99.0;
  std::int64_t bound_ns = 0;
  std::uint32_t repeats = 3;
  double resolution = 0.05;  // in (0, 1)
  double lowest_rate = 0.0;  // below it a trial takes too long
  std::uint64_t seed = 0;    // of the first trial; each further one takes the next number
};

struct LoadTrialRequest {
  LoadTrialKind kind = LoadTrialKind::kSearch;
  std::uint32_t repeat = 0;
  double rate = 0.0;
  std::uint64_t seed = 0;
};
struct MadeLoadTrial {
  LoadTrial trial;
  std::vector<std::int64_t> latencies_ns;
};
using MakeLoadTrial = std::function<Result<MadeLoadTrial>(const LoadTrialRequest&)>;

struct LoadSearchOutcome {
  bool finished = true;  // false: interrupted
  LoadSummary summary;
  std::vector<LoadTrial> trials;
};

[[nodiscard]] Result<LoadSearchOutcome> search_load(const LoadSearchOptions& options,
                                                    const MakeLoadTrial& make_trial);

}  // namespace quantier
