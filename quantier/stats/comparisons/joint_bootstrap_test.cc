#include "quantier/stats/comparisons/joint_bootstrap.h"

#include <cmath>

#include <gtest/gtest.h>

#include "quantier/base/rng.h"

namespace quantier::analysis_internal {
namespace {

struct Data {
  std::vector<std::int32_t> labels;
  std::vector<std::int32_t> a;
  std::vector<std::int32_t> b;
};

Data some_data(std::size_t n) {
  Data data;
  Philox random(8);
  for (std::size_t i = 0; i < n; ++i) {
    // Class 0 holds half of the examples, class 4 none.
    const auto label = static_cast<std::int32_t>(random.next_below(8));
    data.labels.push_back(label < 4 ? 0 : label < 6 ? 1 : label - 4);
    data.a.push_back(random.next_below(10) < 7 ? data.labels.back()
                                               : static_cast<std::int32_t>(random.next_below(6)));
    data.b.push_back(random.next_below(10) < 9 ? data.a.back()
                                               : static_cast<std::int32_t>(random.next_below(6)));
  }
  return data;
}

JointBootstrap input_of(const Data& data) {
  JointBootstrap input;
  input.labels = data.labels;
  input.predictions = {data.a, data.b};
  input.classes = 5;
  input.tier_of_class = {0, 1, 1, -1, 0};
  input.tiers = 2;
  input.seed = 4;
  input.replicates = 20'000;
  input.class_replicates = 500;
  return input;
}

double f1_of(const std::vector<std::int32_t>& labels, const std::vector<std::int32_t>& predictions,
             std::int32_t c) {
  double both = 0.0;
  double hits = 0.0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    both += (labels[i] == c ? 1 : 0) + (predictions[i] == c ? 1 : 0);
    hits += labels[i] == c && predictions[i] == c ? 1 : 0;
  }
  return both > 0 ? 2.0 * hits / both : 0.0;
}

struct Brute {
  double f1_difference[2];
  double accuracy_difference[2];
};

// Draws the examples themselves.
std::vector<Brute> brute_force(const Data& data, std::size_t replicates) {
  std::vector<Brute> out;
  Philox random(77);
  const std::size_t n = data.labels.size();
  for (std::size_t r = 0; r < replicates; ++r) {
    Data drawn;
    for (std::size_t i = 0; i < n; ++i) {
      const auto at = static_cast<std::size_t>(random.next_below(n));
      drawn.labels.push_back(data.labels[at]);
      drawn.a.push_back(data.a[at]);
      drawn.b.push_back(data.b[at]);
    }
    Brute brute{};
    const std::vector<std::vector<std::int32_t>> groups = {{0, 1, 2, 3}, {1, 2}};
    for (std::size_t g = 0; g < 2; ++g) {
      for (const std::int32_t c : groups[g]) {
        brute.f1_difference[g] += (f1_of(drawn.labels, drawn.b, c) - f1_of(drawn.labels, drawn.a, c)) /
                                  static_cast<double>(groups[g].size());
      }
      double examples = 0;
      double net = 0;
      for (std::size_t i = 0; i < n; ++i) {
        if (g == 1 && drawn.labels[i] != 1 && drawn.labels[i] != 2) continue;
        ++examples;
        net += (drawn.b[i] == drawn.labels[i] ? 1 : 0) - (drawn.a[i] == drawn.labels[i] ? 1 : 0);
      }
      brute.accuracy_difference[g] = net / examples;
    }
    out.push_back(brute);
  }
  return out;
}

struct Moments {
  double mean = 0.0;
  double deviation = 0.0;
  Interval interval;
};

Moments moments_of(std::vector<double> values) {
  Moments moments;
  const ReplicateSummary summary = summarise_replicates(values, "test");
  moments.mean = summary.mean;
  for (const double value : values) {
    moments.deviation += (value - moments.mean) * (value - moments.mean) / static_cast<double>(values.size());
  }
  moments.deviation = std::sqrt(moments.deviation);
  moments.interval = summary.interval;
  return moments;
}

// Small and large cells: n = 300 is drawn one by one, n = 6000 mostly by binomials.
TEST(JointBootstrap, AgreesWithDrawingTheExamples) {
  for (const std::size_t n : {std::size_t{300}, std::size_t{3000}}) {
    const Data data = some_data(n);
    const auto replicates = run_joint_bootstrap(input_of(data));
    ASSERT_TRUE(replicates.has_value());
    const std::size_t many = n == 300 ? 20'000 : 4'000;
    const std::vector<Brute> brute = brute_force(data, many);
    for (std::size_t g = 0; g < 2; ++g) {
      const std::size_t group = g == 0 ? 0 : 2;
      std::vector<double> f1;
      std::vector<double> accuracy;
      for (std::size_t r = 0; r < replicates->replicates; ++r) {
        f1.push_back(replicates->macro_f1_of(group, 1)[r] - replicates->macro_f1_of(group, 0)[r]);
        accuracy.push_back(replicates->accuracy_of(group, 1)[r] - replicates->accuracy_of(group, 0)[r]);
      }
      std::vector<double> brute_f1;
      std::vector<double> brute_accuracy;
      for (const Brute& one : brute) {
        brute_f1.push_back(one.f1_difference[g]);
        brute_accuracy.push_back(one.accuracy_difference[g]);
      }
      for (const auto& [fast, slow] : {std::pair{f1, brute_f1}, std::pair{accuracy, brute_accuracy}}) {
        const Moments a = moments_of(fast);
        const Moments b = moments_of(slow);
        const double error = b.deviation / std::sqrt(static_cast<double>(many));  // of the mean
        EXPECT_NEAR(a.mean, b.mean, 5.0 * 1.5 * error) << n << " " << g;
        EXPECT_NEAR(a.deviation, b.deviation, 5.0 * error) << n << " " << g;
        // A 2.5 % quantile has about 2.7 times the error of a mean; ties add a step.
        EXPECT_NEAR(a.interval.low, b.interval.low, 5.0 * 3.0 * error + 1.0 / static_cast<double>(n));
        EXPECT_NEAR(a.interval.high, b.interval.high, 5.0 * 3.0 * error + 1.0 / static_cast<double>(n));
      }
    }
  }
}

TEST(JointBootstrap, IsTheSameWithAnyNumberOfThreads) {
  const Data data = some_data(500);
  JointBootstrap input = input_of(data);
  input.replicates = 1000;
  const auto alone = run_joint_bootstrap(input);
  ThreadPool pool(3);
  input.pool = &pool;
  const auto together = run_joint_bootstrap(input);
  ASSERT_TRUE(alone.has_value() && together.has_value());
  EXPECT_EQ(alone->macro_f1, together->macro_f1);
  EXPECT_EQ(alone->accuracy, together->accuracy);
  EXPECT_EQ(alone->class_f1, together->class_f1);
}

TEST(JointBootstrap, ClassValuesAreThoseOfTheSameReplicate) {
  const Data data = some_data(400);
  JointBootstrap input = input_of(data);
  input.replicates = 600;
  const auto replicates = run_joint_bootstrap(input);
  ASSERT_TRUE(replicates.has_value());
  EXPECT_EQ(replicates->class_replicates, 500U);
  for (const std::size_t r : {std::size_t{0}, std::size_t{499}}) {
    double sum = 0.0;
    for (std::size_t c = 0; c < 4; ++c) sum += static_cast<double>(replicates->class_f1_of(1, c)[r]);
    EXPECT_NEAR(sum / 4.0, replicates->macro_f1_of(0, 1)[r], 1e-6);
  }
}

}  // namespace
}  // namespace quantier::analysis_internal
