#include "quantier/decide/choice_elsewhere.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quantier {
namespace {

using ::testing::ElementsAre;

// Equal quality, so that time decides.
Decision three(const Envelope& envelope) {
  std::vector<Candidate> candidates(3);
  const char* recipes[] = {"fp16", "int8", "int4"};
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    candidates[i].model = "m";
    candidates[i].recipe = recipes[i];
    candidates[i].name = std::string("m ") + recipes[i];
    candidates[i].macro_f1 = 0.7;
    candidates[i].ms_per_example = 5.0;
    candidates[i].memory_bytes = 1e9;
    candidates[i].ece = 0.02;
  }
  return decide_candidates(candidates, {}, envelope).value();
}

std::vector<ElsewhereCost> costs(double fp16, double int8, double int4, double common = 0.3) {
  std::vector<ElsewhereCost> all;
  for (const double ms : {fp16, int8, int4}) all.push_back({ms, common, 1e9, 1e9});
  return all;
}

TEST(ChoiceElsewhere, TheFasterByMoreThanTheErrorIsCertain) {
  const Decision decision = three({});
  const auto found = choice_elsewhere(decision, costs(4.0, 1.0, 4.0), 0.5);
  EXPECT_EQ(found.certain(), 1U);
  EXPECT_THAT(found.possible, ElementsAre(1));
}

TEST(ChoiceElsewhere, InsideTheErrorOfRatiosNobodyKnows) {
  const Decision decision = three({});
  const auto found = choice_elsewhere(decision, costs(1.0, 1.2, 4.0), 0.5);
  EXPECT_FALSE(found.certain());
  EXPECT_THAT(found.possible, ElementsAre(0, 1));
}

TEST(ChoiceElsewhere, ALimitInsideTheIntervalMayLetNothingPass) {
  Envelope envelope;
  envelope.max_ms_per_example = 1.1;
  const Decision decision = three(envelope);
  EXPECT_FALSE(decision.chosen);
  const auto found = choice_elsewhere(decision, costs(8.0, 1.0, 8.0), 0.2);
  EXPECT_TRUE(found.nothing_possible);
  EXPECT_THAT(found.possible, ElementsAre(1));
  EXPECT_FALSE(found.certain());
  const auto far = choice_elsewhere(decision, costs(8.0, 0.5, 8.0), 0.2);
  EXPECT_EQ(far.certain(), 1U);
}

TEST(ChoiceElsewhere, AMissingTimeOrATestedRateMakesItUnknown) {
  auto some = costs(4.0, 1.0, 4.0);
  some[0].ms_per_example.reset();
  const auto found = choice_elsewhere(three({}), some, 0.5);
  EXPECT_TRUE(found.without_time);
  EXPECT_FALSE(found.certain());

  Envelope envelope;
  envelope.requests_per_second = 100.0;
  envelope.rate_from_throughput = false;
  const auto rate = choice_elsewhere(three(envelope), costs(4.0, 1.0, 4.0), 0.5);
  EXPECT_TRUE(rate.unmodelled_limit);
  EXPECT_FALSE(rate.certain());
}

TEST(ChoiceElsewhere, ManyConfigurationsAreDecidedWithoutEveryCorner) {
  std::vector<Candidate> candidates(14);
  std::vector<ElsewhereCost> some;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    candidates[i].model = "m";
    candidates[i].recipe = "r" + std::to_string(i);
    candidates[i].name = "m " + candidates[i].recipe;
    candidates[i].macro_f1 = 0.7;
    some.push_back({i == 11 ? 1.0 : 9.0, 0.3, 1e9, 1e9});
  }
  const Decision decision = decide_candidates(candidates, {}, {}).value();
  EXPECT_EQ(choice_elsewhere(decision, some, 0.5).certain(), 11U);
  some[3].ms_per_example = 1.3;
  EXPECT_THAT(choice_elsewhere(decision, some, 0.5).possible, ElementsAre(3, 11));
}

}  // namespace
}  // namespace quantier
