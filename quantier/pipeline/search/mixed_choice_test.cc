// The choice under a budget against trying everything.
#include "quantier/pipeline/search/mixed_choice.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/base/rng.h"

namespace quantier {
namespace {

using Units = std::vector<std::vector<LayerOption>>;

struct Total {
  double cost = 0;
  double damage = 0;
};

Total total_of(const Units& units, const std::vector<std::size_t>& chosen) {
  Total total;
  for (std::size_t u = 0; u < units.size(); ++u) {
    total.cost += units[u][chosen[u]].cost;
    total.damage += units[u][chosen[u]].damage;
  }
  return total;
}

// The least damage within the budget, by trying every choice.
std::optional<double> least_damage(const Units& units, double budget) {
  std::optional<double> least;
  std::vector<std::size_t> chosen(units.size(), 0);
  while (true) {
    const Total total = total_of(units, chosen);
    if (total.cost <= budget && (!least || total.damage < *least)) least = total.damage;
    std::size_t u = 0;
    while (u < units.size() && ++chosen[u] == units[u].size()) chosen[u++] = 0;
    if (u == units.size()) return least;
  }
}

Units random_units(std::uint64_t seed) {
  Philox random(seed, 0);
  Units units(6);
  for (auto& options : units) {
    options.resize(1 + random.next_below(4));
    for (LayerOption& option : options) {
      option.cost = static_cast<double>(random.next_below(50));
      option.damage = static_cast<double>(random.next_below(1000)) * 0.001 - 0.1;
    }
  }
  return units;
}

TEST(MixedChoice, IsTheBestOfAllChoices) {
  std::size_t possible = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    const Units units = random_units(seed);
    const double budget = 30.0 + static_cast<double>(seed);
    const auto expected = least_damage(units, budget);
    const auto chosen = choose_options(units, budget);
    ASSERT_EQ(chosen.has_value(), expected.has_value());
    if (!chosen) continue;
    ++possible;
    const Total total = total_of(units, *chosen);
    EXPECT_LE(total.cost, budget);
    EXPECT_NEAR(total.damage, *expected, 1e-12);
  }
  EXPECT_GT(possible, 100U);
}

TEST(MixedChoice, NothingFitsWhenTheCheapestDoesNot) {
  const Units units = {{{10, 1}, {20, 0}}, {{5, 0}}};
  EXPECT_FALSE(choose_options(units, 14.0));
  EXPECT_THAT(choose_options(units, 15.0), testing::Optional(testing::ElementsAre(0, 0)));
  EXPECT_THAT(choose_options(units, 25.0), testing::Optional(testing::ElementsAre(1, 0)));
}

// More distinct sums than are kept: the budget holds, and little is lost against the relaxed optimum.
TEST(MixedChoice, ManyUnitsStayInsideTheBudget) {
  Philox random(7, 0);
  Units units(200);
  double cheapest = 0;
  double dearest = 0;
  for (auto& options : units) {
    const auto size = 1000.0 + static_cast<double>(random.next_below(100000));
    const double hurt = 0.001 * static_cast<double>(1 + random.next_below(1000));
    options = {{2.0 * size, 0.0}, {1.0 * size, 0.02 * hurt}, {0.53 * size, hurt}};
    cheapest += 0.53 * size;
    dearest += 2.0 * size;
  }
  double damage_before = std::numeric_limits<double>::infinity();
  for (const double share : {0.0, 0.2, 0.5, 1.0}) {
    const double budget = (cheapest + share * (dearest - cheapest)) * (1 + 1e-12);
    const auto chosen = choose_options(units, budget);
    ASSERT_TRUE(chosen);
    const Total total = total_of(units, *chosen);
    EXPECT_LE(total.cost, budget);
    EXPECT_LE(total.damage, damage_before);
    damage_before = total.damage;
  }
  EXPECT_EQ(damage_before, 0.0);
}

}  // namespace
}  // namespace quantier
