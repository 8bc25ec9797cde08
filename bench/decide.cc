// How long a decision takes: joint replicates of every metric of many configurations, and the decision over
// them (probabilities, frontier membership, the choice on every replicate). Synthetic predictions with a long
// tail of classes; every configuration starts from one model and changes some of its answers.
//
//   bench_decide [configurations] [replicates] [examples] [classes]     default 50 10000 6430 113
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/clock.h"
#include "quantier/base/rng.h"
#include "quantier/base/thread_pool.h"
#include "quantier/decide/decision.h"
#include "quantier/decide/metric_bootstrap.h"

namespace {

using namespace quantier;

std::size_t argument(int count, char** values, int at, std::size_t otherwise) {
  if (at >= count) return otherwise;
  const unsigned long long value = std::strtoull(values[at], nullptr, 10);
  return value == 0 ? otherwise : static_cast<std::size_t>(value);
}

double seconds_since(std::int64_t start_ns) { return static_cast<double>(monotonic_ns() - start_ns) * 1e-9; }

}  // namespace

int main(int count, char** values) {
  const std::size_t configurations = argument(count, values, 1, 50);
  const std::size_t replicates = argument(count, values, 2, 10000);
  const std::size_t examples = argument(count, values, 3, 6430);
  const std::size_t classes = argument(count, values, 4, 113);
  Philox random(20260101);
  // Class c about as often as 1 / (c + 1).
  std::vector<double> cumulative;
  for (std::size_t c = 0; c < classes; ++c) {
    cumulative.push_back((c == 0 ? 0.0 : cumulative.back()) + 1.0 / static_cast<double>(c + 1));
  }
  const auto draw_class = [&] {
    const double at = random.next_uniform() * cumulative.back();
    return static_cast<std::int32_t>(std::lower_bound(cumulative.begin(), cumulative.end(), at) -
                                     cumulative.begin());
  };
  std::vector<std::int32_t> labels;
  std::vector<std::int32_t> base;
  std::vector<float> confidence;
  for (std::size_t i = 0; i < examples; ++i) {
    labels.push_back(draw_class());
    base.push_back(random.next_uniform() < 0.6 ? labels.back() : draw_class());
    confidence.push_back(static_cast<float>(random.next_uniform()));
  }
  MetricBootstrap input;
  input.labels = labels;
  input.classes = classes;
  input.tier_names = {"head", "mid", "tail"};
  for (std::size_t c = 0; c < classes; ++c) {
    input.tier_of_class.push_back(c < classes / 6 ? 0 : (c < classes / 2 ? 1 : 2));
  }
  input.seed = 20260101;
  input.replicates = replicates;
  ThreadPool pool(available_processors());
  input.pool = &pool;
  std::vector<std::vector<std::int32_t>> predicted(configurations, base);
  std::vector<Candidate> candidates;
  for (std::size_t k = 0; k < configurations; ++k) {
    for (std::int32_t& each : predicted[k]) {
      if (random.next_uniform() < 0.03) each = draw_class();
    }
    ResampledConfiguration configuration;
    configuration.index = k;
    configuration.predicted = predicted[k];
    configuration.readings.push_back({Metric{MetricKind::kEce}.key(), confidence});
    GateReading gate{.share_key = "share", .accuracy_key = "accuracy", .kept = {}};
    for (const float each : confidence) gate.kept.push_back(each >= 0.8F ? 1 : 0);
    configuration.gates.push_back(std::move(gate));
    input.configurations.push_back(std::move(configuration));
    Candidate candidate;
    candidate.name = fmt::format("model-{} recipe-{}", k / 5, k % 5);
    candidate.model = fmt::format("model-{}", k / 5);
    candidate.recipe = fmt::format("recipe-{}", k % 5);
    candidate.ms_per_example = 1.0 + random.next_uniform();
    candidate.memory_bytes = 1e8 * (1.0 + random.next_uniform());
    candidates.push_back(std::move(candidate));
  }
  fmt::print("{} configurations, {} joint replicates, {} examples, {} classes, {} threads\n", configurations,
             replicates, examples, classes, pool.threads());
  MetricReplicates out;
  out.candidates = configurations;
  out.replicates = replicates;
  out.seed = input.seed;
  std::int64_t start = monotonic_ns();
  if (!add_metric_replicates(input, out)) return 1;
  const double resampling = seconds_since(start);
  fmt::print("joint replicates      {:8.2f} s   ({} metrics, {:.0f} MB)\n", resampling, out.keys.size(),
             static_cast<double>(out.values.size()) * 4e-6);

  const auto mean = [&](const std::string& key, std::size_t k) {
    double sum = 0.0;
    for (const float each : out.column(key, k)) sum += static_cast<double>(each);
    return sum / static_cast<double>(replicates);
  };
  std::vector<QualityDifference> differences;
  for (std::size_t k = 0; k < configurations; ++k) {
    candidates[k].macro_f1 = mean(Metric{MetricKind::kMacroF1}.key(), k);
    candidates[k].ece = mean(Metric{MetricKind::kEce}.key(), k);
    for (std::size_t other = 0; other < k; ++other) {
      const double lead = *candidates[other].macro_f1 - *candidates[k].macro_f1;
      differences.push_back({candidates[other].name, candidates[k].name, lead, lead - 0.01, lead + 0.01});
    }
  }
  Envelope limits;
  limits.max_ms_per_example = 1.9;
  limits.ece_max = 0.9;
  limits.macro_f1_min = 0.1;
  limits.memory_max_bytes = 1.9e8;
  start = monotonic_ns();
  const auto decision =
      decide_candidates(candidates, differences, limits, {.replicates = &out, .pool = &pool});
  if (!decision) return 1;
  const double deciding = seconds_since(start);
  fmt::print("decision over them    {:8.2f} s   (chosen: {}, again in {:.0f} % of the replicates)\n",
             deciding, decision->chosen ? decision->candidates[*decision->chosen].name : "nothing",
             100.0 * decision->stability->same_choice);
  fmt::print("together              {:8.2f} s\n", resampling + deciding);
  return 0;
}
