// How sure a choice is, and what picking the best of several flatters.
#include <cmath>

#include <gtest/gtest.h>

#include "quantier/base/rng.h"
#include "quantier/decide/decision.h"
#include "quantier/decide/metric_bootstrap.h"

namespace quantier {
namespace {

double normal(Philox& random) {
  return std::sqrt(-2.0 * std::log(random.next_open_uniform())) *
         std::cos(2.0 * 3.14159265358979 * random.next_uniform());
}

Candidate candidate(const std::string& name, double macro_f1, double ece) {
  Candidate out;
  out.name = name;
  out.model = name;
  out.macro_f1 = macro_f1;
  out.ece = ece;
  return out;
}

// Columns of normal noise around the values observed.
MetricReplicates noise(const std::vector<Candidate>& list, double f1_error, double ece_error,
                       std::size_t count) {
  MetricReplicates out;
  out.candidates = list.size();
  out.replicates = count;
  Philox random(11);
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (const bool quality : {true, false}) {
      const std::span<float> column =
          out.add_column(Metric{quality ? MetricKind::kMacroF1 : MetricKind::kEce}.key(), i);
      for (float& each : column) {
        // A bias that every replicate shares must not move a probability.
        each = static_cast<float>((quality ? *list[i].macro_f1 - 0.03 : *list[i].ece + 0.02) +
                                  (quality ? f1_error : ece_error) * normal(random));
      }
    }
  }
  return out;
}

TEST(Stability, ProbabilitiesOfALimitAreThoseOfItsNoise) {
  const std::vector<Candidate> list = {candidate("a", 0.5, 0.04), candidate("b", 0.4, 0.02)};
  const MetricReplicates replicates = noise(list, 0.001, 0.01, 20000);
  Envelope limits;
  limits.ece_max = 0.05;  // a: one standard error away; b: three
  const auto decision = decide_candidates(list, {}, limits, {.replicates = &replicates});
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->chosen, 0U);
  const Check& check = decision->checks[0].checks[0];
  EXPECT_NEAR(*check.probability, 0.841, 0.01);
  EXPECT_NEAR(*check.distance, 1.0, 0.03);
  EXPECT_FALSE(check.distance_in_margins);
  EXPECT_NEAR(*decision->checks[1].probability, 0.9987, 0.002);
  ASSERT_TRUE(decision->stability);
  EXPECT_NEAR(decision->stability->same_choice, 0.841, 0.01);
  EXPECT_NEAR(decision->stability->chosen_share[1], 0.159, 0.01);
  EXPECT_EQ(decision->tightest, 0U);
}

TEST(Stability, MembershipOfTheFrontierHasAProbability) {
  std::vector<Candidate> list = {candidate("a", 0.50, 0.02), candidate("b", 0.49, 0.03)};
  Envelope limits;
  limits.frontier_axes = {{MetricKind::kMacroF1}, {MetricKind::kEce}};
  limits.margins.macro_f1 = 0.0;
  limits.margins.ece = 0.0;
  const MetricReplicates sharp = noise(list, 1e-5, 1e-5, 2000);
  auto decision = decide_candidates(list, {}, limits, {.replicates = &sharp});
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->frontier.points[1].status, AxisStatus::kDominated);
  EXPECT_EQ(decision->frontier.points[1].membership, 0.0);
  EXPECT_EQ(decision->frontier.points[0].membership, 1.0);
  const MetricReplicates vague = noise(list, 0.05, 0.05, 2000);
  decision = decide_candidates(list, {}, limits, {.replicates = &vague});
  EXPECT_EQ(decision->frontier.points[1].status, AxisStatus::kTied);
  EXPECT_GT(*decision->frontier.points[1].membership, 0.8);
}

// Six configurations equally good in truth: the best of them on the data reads too high, by an amount that
// the correction must take back on average.
TEST(Stability, SelectionIsCorrectedWithoutBias) {
  constexpr std::size_t kExamples = 400;
  constexpr std::size_t kConfigurations = 6;
  constexpr double kAccuracy = 0.7;
  double naive = 0.0;
  double corrected = 0.0;
  int simulations = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Philox random(1000 + seed);
    std::vector<std::int32_t> labels;
    for (std::size_t i = 0; i < kExamples; ++i) labels.push_back(static_cast<std::int32_t>(i % 2));
    std::vector<std::vector<std::int32_t>> predicted(kConfigurations);
    MetricBootstrap input;
    input.labels = labels;
    input.classes = 2;
    input.seed = seed;
    input.replicates = 256;
    std::vector<Candidate> list;
    for (std::size_t k = 0; k < kConfigurations; ++k) {
      double f1[2] = {0, 0};
      std::size_t counts[2][2] = {{0, 0}, {0, 0}};  // [label][predicted]
      for (std::size_t i = 0; i < kExamples; ++i) {
        const bool right = random.next_uniform() < kAccuracy;
        predicted[k].push_back(right ? labels[i] : 1 - labels[i]);
        ++counts[labels[i]][predicted[k].back()];
      }
      for (int c = 0; c < 2; ++c) {
        f1[c] = 2.0 * static_cast<double>(counts[c][c]) /
                static_cast<double>(counts[c][0] + counts[c][1] + counts[0][c] + counts[1][c]);
      }
      list.push_back(candidate(std::string(1, static_cast<char>('a' + k)), 0.5 * (f1[0] + f1[1]), 0.01));
      ResampledConfiguration configuration;
      configuration.index = k;
      configuration.predicted = predicted[k];
      input.configurations.push_back(configuration);
    }
    MetricReplicates replicates;
    replicates.candidates = kConfigurations;
    replicates.replicates = input.replicates;
    replicates.seed = seed;
    ASSERT_TRUE(add_metric_replicates(input, replicates));
    Envelope limits;
    limits.margins.macro_f1 = 0.0;  // the highest is chosen, noise or not
    const auto decision = decide_candidates(list, {}, limits, {.replicates = &replicates});
    ASSERT_TRUE(decision);
    ASSERT_TRUE(decision->selection);
    naive += *decision->candidates[*decision->chosen].macro_f1 - kAccuracy;
    corrected += decision->selection->corrected - kAccuracy;
    ++simulations;
  }
  naive /= simulations;
  corrected /= simulations;
  // The largest of six normals is 1.27 standard errors (0.0229) high; the simulation's own error is 0.002.
  EXPECT_NEAR(naive, 0.029, 0.007);
  EXPECT_NEAR(corrected, 0.0, 0.008);
}

}  // namespace
}  // namespace quantier
