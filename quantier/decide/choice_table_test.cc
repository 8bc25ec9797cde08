#include "quantier/decide/choice_table.h"

#include <random>

#include <gtest/gtest.h>

#include "quantier/decide/workload_fixture.h"

namespace quantier {
namespace {

std::vector<std::optional<double>> bounds_of(const Envelope& limits) {
  return {limits.max_ms_per_example, limits.macro_f1_min, limits.ece_max, limits.memory_max_bytes};
}

// Configurations, paired intervals, an order and limits at random; some values unknown, some losses
// established.
struct Random {
  std::mt19937_64 engine{20261124};
  double uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(engine);
  }
  bool chance(double share) { return uniform(0.0, 1.0) < share; }

  std::vector<Candidate> candidates() {
    std::vector<Candidate> list(2 + engine() % 6);
    for (std::size_t i = 0; i < list.size(); ++i) {
      list[i].name = "configuration " + std::to_string(engine() % 1000) + "/" + std::to_string(i);
      // Few digits: ties are common.
      list[i].macro_f1 = static_cast<double>(static_cast<int>(uniform(20, 26))) / 100.0;
      if (!chance(0.1)) list[i].ms_per_example = static_cast<double>(static_cast<int>(uniform(1, 9)));
      if (!chance(0.1)) list[i].memory_bytes = static_cast<double>(static_cast<int>(uniform(1, 9))) * 1e8;
      if (!chance(0.1)) list[i].ece = static_cast<double>(static_cast<int>(uniform(2, 9))) / 100.0;
      if (chance(0.3)) list[i].established_losses = {"head"};
    }
    return list;
  }
  Envelope envelope() {
    Envelope limits;
    std::vector<Objective> order = {Objective::kQuality, Objective::kLatency, Objective::kMemory,
                                    Objective::kEce};
    std::shuffle(order.begin(), order.end(), engine);
    order.resize(1 + engine() % order.size());
    limits.order = order;
    limits.tie_rule = static_cast<TieRule>(engine() % 3);
    limits.max_ms_per_example = 8.0;
    limits.macro_f1_min = 0.21;
    limits.ece_max = 0.06;
    limits.memory_max_bytes = 8e8;
    return limits;
  }
  void move(Envelope& limits) {
    limits.max_ms_per_example = uniform(0.5, 10.0);
    limits.macro_f1_min = uniform(0.19, 0.26);
    limits.ece_max = uniform(0.01, 0.1);
    limits.memory_max_bytes = uniform(0.5e8, 1e9);
    // Sometimes exactly at a value.
    if (chance(0.3)) limits.ece_max = 0.05;
    if (chance(0.3)) limits.max_ms_per_example = 4.0;
  }
};

TEST(ChoiceTableTest, AgreesWithADecisionWhereverTheLimitsStand) {
  Random random;
  std::size_t choices = 0;
  for (int table_count = 0; table_count < 150; ++table_count) {
    const std::vector<Candidate> list = random.candidates();
    std::vector<QualityDifference> differences;
    for (std::size_t a = 0; a < list.size(); ++a) {
      for (std::size_t b = a + 1; b < list.size(); ++b) {
        const double difference = *list[a].macro_f1 - *list[b].macro_f1;
        if (random.chance(0.5)) {
          differences.push_back({list[a].name, list[b].name, difference,
                                 difference - random.uniform(0.0, 0.03),
                                 difference + random.uniform(0.0, 0.03)});
        }
      }
    }
    Envelope limits = random.envelope();
    const auto first = decide_candidates(list, differences, limits);
    ASSERT_TRUE(first) << first.error().message();
    const ChoiceTable table = make_choice_table(*first);
    ASSERT_EQ(table.limits.size(), 4U);
    EXPECT_EQ(choose_from(table, bounds_of(limits)), first->chosen);
    for (int moved = 0; moved < 20; ++moved) {
      random.move(limits);
      const auto again = decide_candidates(list, differences, limits);
      ASSERT_TRUE(again) << again.error().message();
      EXPECT_EQ(choose_from(table, bounds_of(limits)), again->chosen);
      choices += again->chosen ? 1 : 0;
    }
  }
  EXPECT_GT(choices, 500U);  // of 3,000: the grid is not empty
}

TEST(ChoiceTableTest, ALimitCanBeLeftOut) {
  const auto decision = decide_candidates(workload_fixture::candidates(), {}, workload_fixture::envelope());
  ASSERT_TRUE(decision);
  const ChoiceTable table = make_choice_table(*decision);
  std::vector<std::optional<double>> bounds;
  for (const ChoiceLimit& limit : table.limits) bounds.emplace_back(limit.limit);
  ASSERT_EQ(decision->candidates[*choose_from(table, bounds)].name, "encoder fp16");
  for (const ChoiceLimit& limit : table.limits) {
    if (decision->constraints[limit.constraint].kind == ConstraintKind::kEce) {
      bounds[&limit - table.limits.data()] = std::nullopt;
    }
  }
  EXPECT_EQ(decision->candidates[*choose_from(table, bounds)].name, "decoder fp16");
}

}  // namespace
}  // namespace quantier
