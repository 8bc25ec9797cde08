#include "quantier/pipeline/load_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "quantier/base/check.h"
#include "quantier/pipeline/load_verdict.h"

namespace quantier {
namespace {

class Search {
 public:
  Search(const LoadSearchOptions& options, const MakeLoadTrial& make_trial)
      : options_(options), make_trial_(make_trial) {}

  Result<LoadSearchOutcome> run() {
    const Status status = options_.find ? find_highest() : test_asked();
    if (!status && status.error().kind != ErrorKind::kInterrupted) return std::unexpected(status.error());
    outcome_.finished = status.has_value();
    summarise();
    return std::move(outcome_);
  }

 private:
  Result<bool> passes(double rate, LoadTrialKind kind, std::uint32_t repeat) {
    const LoadTrialRequest request{
        .kind = kind, .repeat = repeat, .rate = rate, .seed = options_.seed + outcome_.trials.size()};
    QT_TRY(MadeLoadTrial made, make_trial_(request));
    if (kind == LoadTrialKind::kConfirm) {
      pooled_ns_.insert(pooled_ns_.end(), made.latencies_ns.begin(), made.latencies_ns.end());
    }
    outcome_.trials.push_back(std::move(made.trial));
    return outcome_.trials.back().passed();
  }

  // One trial that fails decides; `all` makes the others nevertheless, unless the server was overloaded.
  // While the requests are too few for an upper end, more are made: that looks at their number, not at their
  // times.
  Result<bool> confirm(double rate, bool all) {
    pooled_ns_.clear();
    bool confirmed = true;
    LatencyPercentile latency;
    for (std::uint32_t repeat = 0; repeat < options_.repeats || (confirmed && !latency.high_ns &&
                                                                 repeat < kMostRepeats * options_.repeats);
         ++repeat) {
      QT_TRY(const bool passed, passes(rate, LoadTrialKind::kConfirm, repeat));
      confirmed = confirmed && passed;
      const bool overloaded = outcome_.trials.back().verdict == LoadVerdict::kOverloaded;
      if (!passed && (!all || overloaded)) break;
      if (confirmed) latency = judge_percentile(pooled_ns_, options_.percentile).latency;
    }
    if (!confirmed || !latency.high_ns || *latency.high_ns > options_.bound_ns) return false;
    LoadSummary& summary = outcome_.summary;
    if (rate > summary.highest_confirmed_rate.value_or(0.0)) {
      summary.highest_confirmed_rate = rate;
      summary.confirmed_latency = latency;
      summary.confirmed_requests = pooled_ns_.size();
    }
    return true;
  }

  Status test_asked() {
    QT_CHECK(options_.asked_rate.has_value(), "a test has a rate, or looks for one");
    QT_TRY_STATUS(confirm(*options_.asked_rate, true));
    return {};
  }

  // The highest rate of a trial that passed and the lowest of one that did not, apart by less than twice.
  Status bracket(double& passed, double& failed) {
    double rate = options_.start_rate;
    QT_TRY(bool ok, passes(rate, LoadTrialKind::kSearch, 0));
    if (ok) {
      while (ok) {
        passed = rate;
        if (rate >= kHighestLoadRate) return {};
        rate = std::min(2.0 * rate, kHighestLoadRate);
        QT_TRY(ok, passes(rate, LoadTrialKind::kSearch, 0));
      }
      failed = rate;
      return {};
    }
    for (int halving = 0; !ok && halving < kLoadHalvings; ++halving) {
      failed = rate;
      rate /= 2.0;
      if (rate < options_.lowest_rate) return {};
      QT_TRY(ok, passes(rate, LoadTrialKind::kSearch, 0));
    }
    if (ok) {
      passed = rate;
    } else {
      failed = rate;
    }
    return {};
  }

  Status find_highest() {
    double passed = 0.0;
    double failed = 0.0;
    QT_TRY_STATUS(bracket(passed, failed));
    if (passed <= 0.0) return {};
    while (failed > passed * (1.0 + options_.resolution)) {
      const double middle = std::sqrt(passed * failed);
      QT_TRY(const bool ok, passes(middle, LoadTrialKind::kSearch, 0));
      (ok ? passed : failed) = middle;
    }
    double rate = passed;
    for (int step = 0; step < kConfirmSteps && rate >= options_.lowest_rate; ++step) {
      QT_TRY(const bool confirmed, confirm(rate, false));
      if (confirmed) break;
      rate /= 1.0 + options_.resolution;
    }
    // A rate was asked for, and what is confirmed does not reach it although nothing spoke against it: the
    // question deserves its own answer.
    if (options_.asked_rate && confirmed_rate() < *options_.asked_rate &&
        !has_failed_up_to(*options_.asked_rate)) {
      QT_TRY_STATUS(confirm(*options_.asked_rate, false));
    }
    return {};
  }

  [[nodiscard]] double confirmed_rate() const {
    return outcome_.summary.highest_confirmed_rate.value_or(0.0);
  }

  [[nodiscard]] bool has_failed_up_to(double rate) const {
    return std::ranges::any_of(outcome_.trials, [rate](const LoadTrial& trial) {
      return !trial.passed() && trial.offered_rate <= rate;
    });
  }

  void summarise() {
    LoadSummary& summary = outcome_.summary;
    for (const LoadTrial& trial : outcome_.trials) {
      if (trial.passed() || trial.offered_rate <= confirmed_rate()) continue;
      summary.lowest_failed_rate =
          std::min(summary.lowest_failed_rate.value_or(trial.offered_rate), trial.offered_rate);
    }
    if (!options_.asked_rate) return;
    if (confirmed_rate() >= *options_.asked_rate) {
      summary.asked_rate_sustained = true;
    } else if (has_failed_up_to(*options_.asked_rate)) {
      summary.asked_rate_sustained = false;
    }
  }

  const LoadSearchOptions& options_;
  const MakeLoadTrial& make_trial_;
  LoadSearchOutcome outcome_;
  std::vector<std::int64_t> pooled_ns_;  // latencies of the confirmation that is being made
};

}  // namespace

Result<LoadSearchOutcome> search_load(const LoadSearchOptions& options, const MakeLoadTrial& make_trial) {
  return Search(options, make_trial).run();
}

}  // namespace quantier
