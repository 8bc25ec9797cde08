#include "quantier/pipeline/load_evidence.h"

#include <vector>

#include <fmt/format.h>

#include "quantier/record/load.h"

namespace quantier {
namespace {

std::string criterion(double percentile, double bound_ms) {
  return fmt::format("p{:g} <= {:g} ms", percentile, bound_ms);
}

double bound_ms_of(const LoadTest& test) { return static_cast<double>(test.protocol.bound_ns) * 1e-6; }

std::string tested_at(const LoadTest& test) { return criterion(test.protocol.percentile, bound_ms_of(test)); }

std::string command(const LoadTest& test, const Envelope& envelope) {
  const std::string rate = envelope.requests_per_second
                               ? fmt::format("--rate {:g}", *envelope.requests_per_second)
                               : std::string("--find");
  return fmt::format(
      "`quantier load MODEL_DIR --recipe {} --data FILE {} --percentile {:g} --bound-ms {:g} --store STORE`",
      test.configuration.recipe, rate, envelope.rate_percentile, envelope.rate_bound_ms);
}

// One part in a million covers what a bound in milliseconds loses as nanoseconds.
bool is_evidence(const LoadTest& test, const Envelope& envelope) {
  return test.protocol.percentile >= envelope.rate_percentile &&
         bound_ms_of(test) <= envelope.rate_bound_ms * (1.0 + 1e-6);
}

// A rate below the asked one fails it only when something between them was seen to fail.
bool says_nothing_above(const LoadTest& test, const Envelope& envelope) {
  return envelope.requests_per_second &&
         *test.summary.highest_confirmed_rate < *envelope.requests_per_second &&
         !(test.summary.lowest_failed_rate &&
           *test.summary.lowest_failed_rate <= *envelope.requests_per_second);
}

}  // namespace

Result<LoadEvidence> load_evidence_of(Store& store, const Envelope& envelope) {
  LoadEvidence evidence;
  QT_TRY(const std::vector<LoadTest> tests, store.load_results());
  for (const LoadTest& test : tests) {
    if (test.run_key.empty()) continue;
    const std::string asked = criterion(envelope.rate_percentile, envelope.rate_bound_ms);
    std::string& why = evidence.why_not[test.run_key];
    if (!is_evidence(test, envelope)) {
      if (!evidence.confirmed.contains(test.run_key)) {
        why = fmt::format("tested at {}, the envelope asks {}: not evidence; run {}", tested_at(test), asked,
                          command(test, envelope));
      }
      continue;
    }
    if (!test.summary.highest_confirmed_rate) {
      if (!test.finished) {
        if (!evidence.confirmed.contains(test.run_key)) {
          why = fmt::format("its load test at {} was interrupted before it knew; run {}", tested_at(test),
                            command(test, envelope));
        }
        continue;
      }
      evidence.confirmed.erase(test.run_key);
      why = fmt::format(
          "its load test at {} confirmed no rate{}", tested_at(test),
          test.asked_rate ? fmt::format(" ({:g} requests/s were asked)", *test.asked_rate) : std::string());
      continue;
    }
    if (says_nothing_above(test, envelope)) {
      evidence.confirmed.erase(test.run_key);
      why = fmt::format("{:g} requests/s are confirmed at {}, and nothing above was tested; run {}",
                        *test.summary.highest_confirmed_rate, tested_at(test), command(test, envelope));
      continue;
    }
    evidence.confirmed[test.run_key] = *test.summary.highest_confirmed_rate;
  }
  for (const auto& [key, rate] : evidence.confirmed) evidence.why_not.erase(key);
  std::erase_if(evidence.why_not, [](const auto& entry) { return entry.second.empty(); });
  return evidence;
}

}  // namespace quantier
