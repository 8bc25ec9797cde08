// Joint replicates of every metric of every configuration: one draw of the examples, read by all of them.
//
// A replicate draws the examples with replacement, which is a weight for each, and every configuration is
// read at these weights, so that differences between configurations and between metrics are paired. What a
// reading needs of an example is small integers: its class, the predicted class, the bin of its confidence,
// whether a gate lets it through. Sixteen replicates are read side by side, so one pass over the examples of
// a configuration serves sixteen. Sums are of integers (the excess of confidence in fixed point, 22
// bits), so the result does not depend on threads or instruction sets.
//
// Temperatures are held as fitted: the replicates carry the noise of the examples and not that of the fit.
// Replicate r is a pure function of (seed, r). Layout of the result: MetricReplicates. Source: Efron and
// Tibshirani, "An introduction to the bootstrap", 1993, section 13.3. Errors: kInterrupted.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/progress.h"
#include "quantier/base/thread_pool.h"
#include "quantier/decide/replicates.h"

namespace quantier {

// Confidences of one reading of a configuration, and what they are filed under.
struct ConfidenceReading {
  std::string key;
  std::vector<float> confidence;  // [example] in [0, 1]; NaN: no finite logits, and so not part of the error
};

// Share and accuracy of a gate: which examples it lets through.
struct GateReading {
  std::string share_key;  // either may be empty: not asked for
  std::string accuracy_key;
  std::vector<std::uint8_t> kept;  // [example]
};

struct ResampledConfiguration {
  std::size_t index = 0;                    // of the candidate
  std::span<const std::int32_t> predicted;  // [example], in [0, classes]: `classes` is no answer
  std::vector<ConfidenceReading> readings;
  std::vector<GateReading> gates;
};

struct MetricBootstrap {
  std::span<const std::int32_t> labels;  // [example], in [0, classes); fewer than 2^31 examples
  std::size_t classes = 0;
  std::vector<std::string> tier_names;
  std::vector<std::int32_t> tier_of_class;  // empty, or [class]; -1: in no tier
  // Classes to follow one by one: class id -> keys of F1 and accuracy; empty keys are not wanted.
  struct ClassKeys {
    std::string f1, accuracy;
  };
  std::map<std::int32_t, ClassKeys> classes_of_interest;
  std::vector<ResampledConfiguration> configurations;
  std::uint64_t seed = 0;
  std::size_t replicates = 0;
  ThreadPool* pool = nullptr;
  ProgressFunction progress = {};
  const Interrupt* interrupt = nullptr;
};

// Adds to `out`, whose candidates, replicates and seed are set already: macro-F1, accuracy, those of every
// tier, the macro-F1 out of bag, and what the configurations name.
[[nodiscard]] Status add_metric_replicates(const MetricBootstrap& input, MetricReplicates& out);

// Quantile of the timing samples (in any unit) of one configuration, each replicate a draw of as many samples
// with replacement; needs at least two. Adds one column.
void add_timing_replicates(std::span<const double> samples, double quantile, const std::string& key,
                           std::size_t candidate, MetricReplicates& out);

}  // namespace quantier
