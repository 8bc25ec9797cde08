// Joint replicates against the slow, obvious reading of the same draws, and against theory.
#include "quantier/decide/metric_bootstrap.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "quantier/base/rng.h"
#include "quantier/stats/estimators/calibration.h"
#include "quantier/stats/estimators/multinomial.h"

namespace quantier {
namespace {

constexpr std::size_t kClasses = 5;

struct Data {
  std::vector<std::int32_t> labels, predicted;
  std::vector<float> confidence;
  std::vector<std::uint8_t> kept;
};

Data random_data(std::size_t examples, std::uint64_t seed) {
  Philox random(seed);
  Data data;
  for (std::size_t i = 0; i < examples; ++i) {
    data.labels.push_back(static_cast<std::int32_t>(random.next_below(kClasses)));
    const bool right = random.next_uniform() < 0.7;
    // kClasses is "no answer".
    data.predicted.push_back(right ? data.labels.back()
                                   : static_cast<std::int32_t>(random.next_below(kClasses + 1)));
    data.confidence.push_back(i % 17 == 3 ? std::nanf("") : static_cast<float>(random.next_uniform()));
    data.kept.push_back(data.confidence.back() >= 0.6F ? 1 : 0);
  }
  return data;
}

MetricBootstrap input_of(const Data& data, std::size_t replicates) {
  MetricBootstrap input;
  input.labels = data.labels;
  input.classes = kClasses;
  input.tier_names = {"head", "tail"};
  input.tier_of_class = {0, 0, 1, 1, -1};
  input.classes_of_interest[2] = {.f1 = "f1 of 2", .accuracy = "accuracy of 2"};
  input.seed = 7;
  input.replicates = replicates;
  ResampledConfiguration configuration;
  configuration.predicted = data.predicted;
  configuration.readings.push_back({"ece", data.confidence});
  configuration.gates.push_back({"share", "gated", data.kept});
  input.configurations.push_back(configuration);
  return input;
}

MetricReplicates run(const MetricBootstrap& input) {
  MetricReplicates out;
  out.candidates = input.configurations.size();
  out.replicates = input.replicates;
  out.seed = input.seed;
  EXPECT_TRUE(add_metric_replicates(input, out));
  return out;
}

double mean_f1(const Data& data, const std::vector<std::uint32_t>& weight, const std::vector<int>& classes) {
  double sum = 0.0;
  for (const int c : classes) {
    double support = 0;
    double predicted = 0;
    double hits = 0;
    for (std::size_t i = 0; i < weight.size(); ++i) {
      support += data.labels[i] == c ? weight[i] : 0;
      predicted += data.predicted[i] == c ? weight[i] : 0;
      hits += data.labels[i] == c && data.predicted[i] == c ? weight[i] : 0;
    }
    sum += support + predicted > 0 ? 2.0 * hits / (support + predicted) : 0.0;
  }
  return sum / static_cast<double>(classes.size());
}

TEST(MetricBootstrap, EveryColumnIsWhatTheDrawSays) {
  const Data data = random_data(311, 1);
  const std::size_t replicates = 37;  // not a multiple of the block
  const MetricReplicates out = run(input_of(data, replicates));
  const std::vector<std::uint64_t> ones(data.labels.size(), 1);
  const CellResampler resampler(ones);
  std::vector<std::uint32_t> weight(data.labels.size());
  const auto at = [&](const std::string& key, std::size_t r) {
    const auto column = out.column(key, 0);
    EXPECT_EQ(column.size(), replicates) << key;
    return column.empty() ? NAN : static_cast<double>(column[r]);
  };
  for (std::size_t r = 0; r < replicates; ++r) {
    resampler.draw(7, r, weight);
    double right = 0;
    double tail = 0;
    double tail_right = 0;
    double kept = 0;
    double kept_right = 0;
    double counted = 0;
    std::array<double, kCalibrationBins> gap{};
    for (std::size_t i = 0; i < weight.size(); ++i) {
      const bool hit = data.predicted[i] == data.labels[i];
      right += hit ? weight[i] : 0;
      if (data.labels[i] == 2 || data.labels[i] == 3) {
        tail += weight[i];
        tail_right += hit ? weight[i] : 0;
      }
      kept += data.kept[i] != 0 ? weight[i] : 0;
      kept_right += data.kept[i] != 0 && hit ? weight[i] : 0;
      if (std::isnan(data.confidence[i])) continue;
      counted += weight[i];
      const auto bin =
          static_cast<std::size_t>(std::ceil(static_cast<double>(data.confidence[i]) * 15.0)) - 1;
      gap[bin] += weight[i] * ((hit ? 1.0 : 0.0) - static_cast<double>(data.confidence[i]));
    }
    const double n = static_cast<double>(weight.size());
    EXPECT_NEAR(at(Metric{MetricKind::kAccuracy}.key(), r), right / n, 1e-6);
    EXPECT_NEAR(at(Metric{.kind = MetricKind::kTierAccuracy, .part = "tail"}.key(), r), tail_right / tail,
                1e-6);
    EXPECT_NEAR(at(Metric{MetricKind::kMacroF1}.key(), r), mean_f1(data, weight, {0, 1, 2, 3, 4}), 1e-6);
    EXPECT_NEAR(at(Metric{.kind = MetricKind::kTierMacroF1, .part = "head"}.key(), r),
                mean_f1(data, weight, {0, 1}), 1e-6);
    EXPECT_NEAR(at("f1 of 2", r), mean_f1(data, weight, {2}), 1e-6);
    EXPECT_NEAR(at("share", r), kept / n, 1e-6);
    EXPECT_NEAR(at("gated", r), kept_right / kept, 1e-6);
    double ece = 0;
    for (const double each : gap) ece += std::abs(each);
    EXPECT_NEAR(at("ece", r), ece / counted, 2e-6);
    std::vector<std::uint32_t> unseen;
    for (const std::uint32_t each : weight) unseen.push_back(each == 0 ? 1 : 0);
    EXPECT_NEAR(at(kOutOfBagKey, r), mean_f1(data, unseen, {0, 1, 2, 3, 4}), 1e-6);
  }
}

TEST(MetricBootstrap, ThreadsChangeNothing) {
  const Data data = random_data(200, 2);
  MetricBootstrap input = input_of(data, 100);
  const MetricReplicates alone = run(input);
  ThreadPool pool(3);
  input.pool = &pool;
  const MetricReplicates together = run(input);
  EXPECT_EQ(alone.keys, together.keys);
  EXPECT_EQ(alone.values, together.values);
}

TEST(MetricBootstrap, TimingReplicatesHaveTheSpreadOfTheSamples) {
  MetricReplicates out;
  out.candidates = 1;
  out.replicates = 4000;
  out.seed = 3;
  std::vector<double> samples;
  Philox random(5);
  for (int i = 0; i < 101; ++i) samples.push_back(10.0 + random.next_uniform());
  add_timing_replicates(samples, 0.5, "ms", 0, out);
  const auto column = out.column("ms", 0);
  ASSERT_EQ(column.size(), 4000U);
  // Median of n uniforms: standard deviation 1 / (2 sqrt(n + 2)).
  EXPECT_NEAR(standard_deviation(column), 0.5 / std::sqrt(103.0), 0.015);
  add_timing_replicates(std::vector<double>{4.0}, 0.5, "one sample", 0, out);
  EXPECT_TRUE(out.column("one sample", 0).empty());
  add_timing_replicates(std::vector<double>{4.0, 4.0, 4.0}, 0.95, "constant", 0, out);
  EXPECT_EQ(out.column("constant", 0)[17], 4.0F);
}

}  // namespace
}  // namespace quantier
