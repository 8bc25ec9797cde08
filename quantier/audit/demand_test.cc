#include "quantier/audit/demand.h"

#include <gmock/gmock.h>

#include "quantier/audit/small_evidence.h"

namespace quantier::audit_testing {
namespace {

TEST(Demand, AbsentIsWhatIsNowhere) {
  const std::string note = "demo-encoder int8 has a macro-F1 of 0.651.\n";
  EXPECT_EQ(demand_status(audited(note), "dominated-named"), "absent");
  EXPECT_EQ(demand_status(audited(note), "work-in-scope"), "absent");
}

TEST(Demand, WhatIsToldInOtherWordsIsNotChecked) {
  EXPECT_EQ(demand_status(audited("Two of the six are dominated, see the plot.\n"), "dominated-named"),
            "not checked");
  EXPECT_EQ(
      demand_status(audited("demo-decoder fp16 is dominated by demo-encoder int8.\n"), "dominated-named"),
      "present");
}

TEST(Demand, ATableCoversItsConfigurationsAndNamesTheMissingOne) {
  std::string table =
      "| configuration | macro-F1 | ms/example |\n|---|---|---|\n"
      "| demo-encoder fp16 | 0.653 | 2.70 |\n| demo-encoder int8 | 0.651 | 1.10 |\n"
      "| demo-encoder int4 | 0.649 | 3.30 |\n| demo-decoder fp16 | 0.595 | 3.90 |\n"
      "| demo-decoder int8 | 0.593 | 2.20 |\n";
  EXPECT_EQ(demand_status(audited(table), "frontier-time"), "absent");
  EXPECT_EQ(demand_status(audited(table + "| demo-decoder int4 | 0.591 | 5.10 |\n"), "frontier-time"),
            "present");
}

TEST(Demand, ANumberThatNothingWasTiedToMayBeWhatIsAskedFor) {
  // The columns are not understood; the values are those of the evidence.
  const std::string unread =
      "| | zz | yy |\n|---|---|---|\n| one | 0.653 | 2.70 |\n| two | 0.651 | 1.10 |\n| three | 0.649 | 3.30 "
      "|\n"
      "| four | 0.595 | 3.90 |\n| five | 0.593 | 2.20 |\n| six | 0.591 | 5.10 |\n";
  EXPECT_EQ(demand_status(audited(unread), "frontier-time"), "not checked");
  EXPECT_EQ(demand_status(audited("We measured it, and it is fine: 0.12 and 7.7.\n"), "frontier-time"),
            "absent");
}

TEST(Demand, ALimitIsFoundByItsValueWhereverItStands) {
  EXPECT_EQ(demand_status(audited("## Envelope: ECE 0.025\n\nText.\n"), "limits-stated"), "present");
  EXPECT_EQ(demand_status(audited("Its error may be 2.5 points.\n"), "limits-stated"), "not checked");
  EXPECT_EQ(demand_status(audited("Its error may be 3.5 points.\n"), "limits-stated"), "absent");
}

TEST(Demand, ASentenceThatOnlyNamesMaySayAnything) {
  EXPECT_EQ(demand_status(audited("Approve demo-encoder int8\n"), "recommendation"), "not checked");
  EXPECT_EQ(demand_status(audited("demo-decoder fp16 has a macro-F1 of 0.595.\n"), "recommendation"),
            "absent");
}

TEST(Demand, EveryBuiltInDemandHasAnIdAWayAndWordsThatExist) {
  const auto demands = builtin_demands();
  ASSERT_TRUE(demands);
  EXPECT_GE(demands->list.size(), 25U);
  for (const Demand& each : demands->list) {
    EXPECT_FALSE(each.id.empty());
    EXPECT_FALSE(each.ways.empty()) << each.id;
    for (const DemandWay& topic : each.topics) EXPECT_FALSE(topic.window.empty()) << each.id;
  }
}

TEST(Demand, WhatWouldChangeTheChoiceIsALimitThatMoves) {
  const auto status = [](const char* note) { return demand_status(audited(note), "what-would-change"); };
  EXPECT_EQ(status("If the ECE ceiling were 0.03, demo-encoder int4 would be chosen.\n"), "present");
  EXPECT_EQ(status("| what | then |\n|---|---|\n| ECE ceiling relaxed to 0.03 | demo-encoder int4 wins |\n"),
            "present");
  EXPECT_EQ(status("The ECE ceiling keeps out demo-encoder int4, which would answer more texts.\n"),
            "absent");
  EXPECT_EQ(status("A second split could turn over that demo-encoder int8 passes the ECE ceiling.\n"),
            "absent");
}

TEST(Demand, AListOfSourcesStatesNothingOnceMore) {
  const std::string row = "| 0.651 | demo-encoder int8 | macro-F1 |\n";
  std::string table = "| figure | configuration | metric |\n|---|---|---|\n" + row;
  const auto missing = [](const std::string& note) {
    for (const DemandResult& each : audited(note).demands) {
      if (each.demand.id == "frontier-time") return each.finding.missing;
    }
    return std::vector<std::string>();
  };
  const std::string ours = "demo-encoder int8: macro f1";
  const std::string other = "demo-encoder fp16 has a macro-F1 of 0.653.\n\n";
  EXPECT_THAT(missing(other + "## Appendix: where the numbers come from\n\n" + table),
              testing::Contains(ours));
  EXPECT_THAT(missing(other + "## Appendix: tables\n\n" + table), testing::Not(testing::Contains(ours)));
}

}  // namespace
}  // namespace quantier::audit_testing
