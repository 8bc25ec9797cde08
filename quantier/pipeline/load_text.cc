// A load test for people: a table of its trials, and what they add up to.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/note/words.h"
#include "quantier/pipeline/load.h"
#include "quantier/record/json.h"
#include "quantier/record/load_json.h"

namespace quantier {
namespace {

std::string ms(std::int64_t ns) { return note_internal::milliseconds(static_cast<double>(ns) * 1e-6); }

std::string rate_text(double rate) {
  return rate < 100.0 ? fmt::format("{:.2f}", rate) : fmt::format("{:.1f}", rate);
}

std::string or_dash(const std::optional<double>& value, int decimals, double factor = 1.0) {
  return value ? fmt::format("{:.{}f}", factor * *value, decimals) : "-";
}

std::string interval_text(const LatencyPercentile& latency) {
  if (!latency.low_ns && !latency.high_ns) return "[-, -]";
  return fmt::format("[{}, {}]", latency.low_ns ? ms(*latency.low_ns) : "-",
                     latency.high_ns ? ms(*latency.high_ns) : "-");
}

std::string profile_text(const LoadTrial& trial, double percentile) {
  const auto found = std::ranges::find(trial.profile, percentile, &LatencyPercentile::percentile);
  return found == trial.profile.end() ? "-" : ms(found->value_ns);
}

constexpr const char* kRow = "{:>3}  {:<8} {:>10} {:>10} {:>8} {:>9} {:>9} {:>9}  {:<28} {:>6} {:>6}  {}\n";

std::string table(const LoadTest& test) {
  std::string text = fmt::format(
      fmt::runtime(kRow), "#", "trial", "offered/s", "achieved/s", "n", "p50 ms", "p95 ms", "p99 ms",
      fmt::format("p{:g} ms, 95 % interval", test.protocol.percentile), "busy %", "batch", "verdict");
  for (std::size_t i = 0; i < test.trials.size(); ++i) {
    const LoadTrial& trial = test.trials[i];
    std::string claimed = "-";
    if (trial.latency)
      claimed = fmt::format("{} {}", ms(trial.latency->value_ns), interval_text(*trial.latency));
    std::string verdict = load_verdict_name(trial.verdict);
    if (trial.stopped_early) verdict += fmt::format(", stopped with {} waiting", trial.left_waiting);
    text += fmt::format(fmt::runtime(kRow), i + 1, load_trial_kind_name(trial.kind),
                        rate_text(trial.offered_rate), or_dash(trial.achieved_rate, 1), trial.requests,
                        profile_text(trial, 50.0), profile_text(trial, 95.0), profile_text(trial, 99.0),
                        claimed, or_dash(trial.utilisation, 0, 100.0), or_dash(trial.mean_batch, 1), verdict);
  }
  return text;
}

std::string confirmed_text(const LoadTest& test) {
  const LoadSummary& summary = test.summary;
  const LatencyPercentile& latency = *summary.confirmed_latency;
  return fmt::format("p{:g} {} ms, 95 % interval {} over all {} requests", latency.percentile,
                     ms(latency.value_ns), interval_text(latency), summary.confirmed_requests);
}

std::string asked_text(const LoadTest& test) {
  if (!test.asked_rate) return "";
  const std::string rate = rate_text(*test.asked_rate);
  const std::optional<bool>& sustained = test.summary.asked_rate_sustained;
  if (!sustained) return fmt::format("{} requests/s: not known from these trials\n", rate);
  if (!*sustained) return fmt::format("{} requests/s: not sustained\n", rate);
  const double confirmed = *test.summary.highest_confirmed_rate;
  std::string text = fmt::format("{} requests/s: sustained", rate);
  if (confirmed > *test.asked_rate) {
    text += fmt::format(", headroom {:.2f}x ({:+.0f} %)", confirmed / *test.asked_rate,
                        100.0 * (confirmed / *test.asked_rate - 1.0));
  }
  return text + "\n";
}

}  // namespace

std::string load_text(const LoadOutcome& outcome) {
  const LoadTest& test = outcome.test;
  const LoadProtocol& protocol = test.protocol;
  std::string text = fmt::format(
      "{} on {} ({} threads): p{:g} of the latency from scheduled time within {:g} ms\n"
      "open-loop Poisson arrivals, batches of at most {}, waiting at most {:g} ms; trials of at least {} "
      "requests "
      "and {:g} s after {:g} s of warm-up\n\n",
      printable(test.configuration.display()), printable(test.provenance.machine), protocol.threads,
      protocol.percentile, static_cast<double>(protocol.bound_ns) * 1e-6, protocol.max_batch,
      static_cast<double>(protocol.max_wait_ns) * 1e-6, protocol.trial_requests,
      static_cast<double>(protocol.trial_ns) * 1e-9, static_cast<double>(protocol.warm_up_ns) * 1e-9);
  text += table(test) + "\n";
  const LoadSummary& summary = test.summary;
  if (summary.highest_confirmed_rate) {
    text += fmt::format("highest confirmed rate: {} requests/s ({})\n",
                        rate_text(*summary.highest_confirmed_rate), confirmed_text(test));
  } else {
    text += "highest confirmed rate: none\n";
  }
  if (summary.lowest_failed_rate) {
    text += fmt::format("lowest rate above it that did not pass: {} requests/s\n",
                        rate_text(*summary.lowest_failed_rate));
  }
  text += asked_text(test);
  if (test.full_batch_rate) {
    text +=
        fmt::format("full batches back to back: {} requests/s (the median of a few; not a sustained rate)\n",
                    rate_text(*test.full_batch_rate));
  }
  return text;
}

Json load_to_json(const LoadOutcome& outcome) {
  const LoadTest& test = outcome.test;
  Json trials = Json::array();
  for (const LoadTrial& trial : test.trials) trials.push_back(to_json(trial));
  Json document = Json::object();
  document["model"] = test.configuration.model;
  document["recipe"] = test.configuration.recipe;
  document["device"] = test.configuration.device;
  document["run_key"] = test.run_key.empty() ? Json(nullptr) : Json(test.run_key);
  document["protocol"] = to_json(test.protocol);
  document["asked_rate"] = test.asked_rate ? Json(*test.asked_rate) : Json(nullptr);
  document["full_batch_rate"] = test.full_batch_rate ? Json(*test.full_batch_rate) : Json(nullptr);
  document["finished"] = test.finished;
  document["summary"] = to_json(test.summary);
  const bool with_headroom = test.asked_rate && test.summary.highest_confirmed_rate;
  document["headroom"] =
      with_headroom ? Json(*test.summary.highest_confirmed_rate / *test.asked_rate) : Json(nullptr);
  document["trials"] = std::move(trials);
  document["provenance"] = to_json(test.provenance);
  document["remarks"] = outcome.remarks;
  return document;
}

}  // namespace quantier
