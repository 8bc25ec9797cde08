#include "quantier/audit/roles.h"

#include <string>

#include <gmock/gmock.h>

namespace quantier::audit_internal {
namespace {

// "v" a value, "[" an end of an interval, "1" and "2" the parts of a pair, "~" a spread.
std::string roles(const std::string& text) {
  std::string out;
  for (const WrittenNumber& each : numbers_in(text)) {
    out += each.is_spread ? '~' : each.in_brackets ? '[' : each.pair == 1 ? '1' : each.pair == 2 ? '2' : 'v';
  }
  return out;
}

TEST(Roles, AnIntervalStandsAroundTheValueBeforeIt) {
  EXPECT_EQ(roles("−0.6 [−2.1, 0.7] 6/3"), "v[[12");
  EXPECT_EQ(roles("0.0 (−0.2, 0.1), 2 and 1"), "v[[12");
  EXPECT_EQ(roles("0.0 (−0.2–+0.1, 2/1)"), "v[[12");
  EXPECT_EQ(roles("head 0.0 (0.0, −0.3 to +0.3)"), "vv[[");
  EXPECT_EQ(roles("0.653 (95 % CI 0.611–0.668)"), "vv[[");
  EXPECT_EQ(roles("trails by 0.058 (0.021 to 0.082)"), "v[[");
  EXPECT_EQ(roles("the gap is 0.058 (−0.082 to −0.021)"), "v[[");
  EXPECT_EQ(roles("0.0 ± 0.3"), "v~");
}

TEST(Roles, WhatDoesNotStandInOrderAroundAValueIsNoInterval) {
  EXPECT_EQ(roles("0.9 (0.1 to 0.2)"), "vvv");
  EXPECT_EQ(roles("tail 0.420 (limit 0.45)"), "vv");
  EXPECT_EQ(roles("0.5 (12, 14)"), "v12");
}

TEST(Roles, TwoCountsArePairsAndThreeAreAList) {
  EXPECT_EQ(roles("15/16"), "12");
  EXPECT_EQ(roles("2, 1"), "12");
  EXPECT_EQ(roles("1/2/3"), "vvv");
  EXPECT_EQ(roles("32 of 400, 22 from right to wrong"), "vvv");
}

TEST(Roles, EndsTakeTheUnitOfTheirValue) {
  const std::vector<WrittenNumber> numbers = numbers_in("2.5 points (0.2 to 4.8)");
  ASSERT_EQ(numbers.size(), 3U);
  EXPECT_NEAR(numbers[1].value, 0.002, 1e-12);
  EXPECT_NEAR(numbers[2].half_width, 0.0005, 1e-12);
}

TEST(Roles, RunsAreListsOfOneKind) {
  const std::string text = "0.859/0.859/0.861 and 12 ms; 0.7 vs 0.8";
  const std::vector<WrittenNumber> numbers = numbers_in(text);
  EXPECT_EQ(run_of(text, numbers, 1).size(), 4U);  // a unit may stand once, behind the last
  EXPECT_EQ(run_of(text, numbers, 4).size(), 1U);
  const std::string costs = "2.31 ms / 410 MB";
  EXPECT_EQ(run_of(costs, numbers_in(costs), 0).size(), 1U);
}

}  // namespace
}  // namespace quantier::audit_internal
