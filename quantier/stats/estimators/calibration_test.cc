#include "quantier/stats/estimators/calibration.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/rng.h"
#include "quantier/stats/estimators/calibration_fixture.h"

namespace quantier {
namespace {

using calibration_fixture::OwnedLogits;

double error_of(const ScoredAnswers& answers) {
  return expected_calibration_error(reliability_bins(answers));
}

TEST(Confidence, IsTheLargestSoftmaxProbabilityWhateverTheSize) {
  const std::vector<float> row = {1.0F, 2.0F, 0.0F};
  EXPECT_NEAR(top1_confidence(row, 1.0), 1.0 / (1.0 + std::exp(-1.0) + std::exp(-2.0)), 1e-15);
  EXPECT_NEAR(top1_confidence(row, 2.0), 1.0 / (1.0 + std::exp(-0.5) + std::exp(-1.0)), 1e-15);
  EXPECT_NEAR(class_probability(row, 0, 1.0), top1_confidence(row, 1.0) * std::exp(-1.0), 1e-15);
  const std::vector<float> large = {3e38F, -3e38F, 0.0F};
  EXPECT_EQ(top1_confidence(large, 1.0), 1.0);
  EXPECT_EQ(class_probability(large, 1, 1.0), 0.0);
  const std::vector<float> one = {-7.0F};
  EXPECT_EQ(top1_confidence(one, 1.0), 1.0);
}

TEST(Reliability, BinsAreOpenBelowAndClosedAbove) {
  const ScoredAnswers answers = {.confidence = {0.0, 1.0 / 15.0, std::nextafter(1.0 / 15.0, 1.0), 3.0 / 15.0,
                                                std::nextafter(14.0 / 15.0, 1.0), 1.0},
                                 .right = {0, 1, 1, 0, 1, 1}};
  const std::vector<ReliabilityBin> bins = reliability_bins(answers);
  ASSERT_EQ(bins.size(), kCalibrationBins);
  EXPECT_EQ(bins[0].n, 2U);
  EXPECT_EQ(bins[0].accuracy, 0.5);
  EXPECT_EQ(bins[1].n, 1U);
  EXPECT_EQ(bins[2].n, 1U);
  EXPECT_EQ(bins[14].n, 2U);
  EXPECT_EQ(bins[14].accuracy, 1.0);
  EXPECT_EQ(bins[7].n, 0U);
  EXPECT_EQ(bins[7].mean_confidence, 0.0);
  EXPECT_EQ(bins[0].low, 0.0);
  EXPECT_EQ(bins[14].high, 1.0);
}

TEST(Reliability, ErrorIsTheWeightedGap) {
  EXPECT_EQ(error_of({}), 0.0);
  EXPECT_NEAR(error_of({.confidence = {0.9}, .right = {0}}), 0.9, 1e-15);
  EXPECT_NEAR(error_of({.confidence = {0.9}, .right = {1}}), 0.1, 1e-15);
  // Inside one bin over- and underconfidence cancel; across bins they do not.
  EXPECT_NEAR(error_of({.confidence = {0.95, 0.95, 0.5, 0.5}, .right = {1, 0, 1, 1}}), 0.5 * 0.45 + 0.5 * 0.5,
              1e-15);
}

TEST(Reliability, DebiasedErrorIsNearerTheTruthThanThePlugIn) {
  // Answers of known calibration: right with probability confidence - offset.
  struct Scenario {
    double offset;
    std::size_t n;
  };
  for (const Scenario scenario : {Scenario{0.0, 500}, Scenario{0.02, 2000}, Scenario{0.1, 2000}}) {
    Philox random(11, scenario.n);
    double plug_in = 0.0;
    double debiased = 0.0;
    constexpr int kRepeats = 200;
    for (int repeat = 0; repeat < kRepeats; ++repeat) {
      ScoredAnswers answers;
      for (std::size_t i = 0; i < scenario.n; ++i) {
        const double confidence = 0.2 + 0.8 * random.next_uniform();
        answers.confidence.push_back(confidence);
        answers.right.push_back(random.next_uniform() < confidence - scenario.offset ? 1 : 0);
      }
      const std::vector<ReliabilityBin> bins = reliability_bins(answers);
      plug_in += expected_calibration_error(bins) / kRepeats;
      const double estimate = debiased_calibration_error(bins);
      EXPECT_GE(estimate, 0.0);
      debiased += estimate / kRepeats;
    }
    EXPECT_GT(plug_in, scenario.offset);
    EXPECT_LT(std::abs(debiased - scenario.offset), 0.65 * (plug_in - scenario.offset) + 5e-4)
        << "offset " << scenario.offset << ": plug-in " << plug_in << ", debiased " << debiased;
  }
}

TEST(Likelihood, IsMinusTheLogOfTheLabelsProbability) {
  const OwnedLogits data(3, {1.0F, 2.0F, 0.0F, 0.0F, 0.0F, 0.0F}, {0, 2});
  const double first = -std::log(class_probability(data.view().row(0), 0, 1.5));
  EXPECT_NEAR(mean_negative_log_likelihood(data.view(), data.rows, 1.5), 0.5 * (first + std::log(3.0)),
              1e-15);
  // No infinity where the probability underflows: 800 nats stay 800.
  const OwnedLogits wrong(2, {800.0F, 0.0F}, {1});
  EXPECT_NEAR(mean_negative_log_likelihood(wrong.view(), wrong.rows, 1.0), 800.0, 1e-9);
}

TEST(ConfidenceGate, CountsAtTheThresholdAndKnowsWhenNothingPasses) {
  const ScoredAnswers answers = {.confidence = {0.8, 0.9, 0.79, 1.0}, .right = {0, 1, 1, 1}};
  const Gate gate = confidence_gate(answers, 0.8);
  EXPECT_EQ(gate.share, 0.75);
  ASSERT_TRUE(gate.accuracy.has_value());
  EXPECT_NEAR(*gate.accuracy, 2.0 / 3.0, 1e-15);
  const Gate closed = confidence_gate({.confidence = {0.5}, .right = {1}}, 0.8);
  EXPECT_EQ(closed.share, 0.0);
  EXPECT_FALSE(closed.accuracy.has_value());
}

}  // namespace
}  // namespace quantier
