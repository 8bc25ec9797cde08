// Damage by tier against counts and divergences done by hand.
#include "quantier/pipeline/search/damage.h"

#include <cmath>

#include <gtest/gtest.h>

namespace quantier {
namespace {

Predictions predictions_of(std::vector<float> logits) {
  Predictions predictions;
  predictions.class_count = 2;
  predictions.example_count = logits.size() / 2;
  predictions.logits = std::move(logits);
  return predictions;
}

const ExampleTiers kTiers{{"head", "tail", "empty"}, {0, 0, 1, 1, -1}};

TEST(Damage, CountsFlipsWhereTheyFall) {
  const Predictions before = predictions_of({1, 0, 1, 0, 0, 1, 0, 1, 1, 0});
  const Predictions after = predictions_of({0, 1, 1, 0, 1, 0, 1, 0, 0, 1});
  const std::vector<std::int32_t> labels = {0, 0, 1, 0, 0};
  const auto damage = damage_of(before, after, labels, kTiers);
  ASSERT_EQ(damage.size(), 3U);
  EXPECT_EQ(damage[0].examples, 2U);
  EXPECT_EQ(damage[0].changed, 1U);
  EXPECT_EQ(damage[0].lost, 1U);
  EXPECT_EQ(damage[0].gained, 0U);
  EXPECT_EQ(damage[0].right, 1U);
  EXPECT_EQ(damage[1].changed, 2U);
  EXPECT_EQ(damage[1].lost, 1U);
  EXPECT_EQ(damage[1].gained, 1U);
  EXPECT_EQ(damage[2].examples, 0U);
}

TEST(Damage, DivergenceIsThatOfTheProbabilities) {
  const auto log_odds = [](double p) { return static_cast<float>(std::log(p / (1 - p))); };
  const Predictions before = predictions_of({log_odds(0.8), 0, 3, 3});
  const Predictions after = predictions_of({log_odds(0.6) + 50, 50, -7, -7});
  const auto damage = damage_of(before, after, {}, {{"all"}, {0, 0}});
  const double of_first = 0.8 * std::log(0.8 / 0.6) + 0.2 * std::log(0.2 / 0.4);
  EXPECT_NEAR(damage[0].mean_divergence, of_first / 2, 1e-6);
  EXPECT_EQ(damage[0].changed, 0U);
}

TEST(Damage, WeightsSkipTiersWithoutExamples) {
  std::vector<TierDamage> damage(3);
  damage[0] = {.examples = 10, .mean_divergence = 0.2};
  damage[1] = {.examples = 1, .mean_divergence = 0.8};
  const std::vector<double> equal = {1, 1, 1};
  EXPECT_DOUBLE_EQ(weighted_divergence(damage, equal), 0.5);
  const std::vector<double> tail_first = {1, 3, 5};
  EXPECT_DOUBLE_EQ(weighted_divergence(damage, tail_first), 0.65);
}

}  // namespace
}  // namespace quantier
