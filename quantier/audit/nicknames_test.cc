// Names that a note gives to whole configurations and to limits, and what is told by an interval or without
// a unit: each with what is true, and where it can be, with what is false.
#include <gmock/gmock.h>

#include "quantier/audit/small_evidence.h"

namespace quantier::audit_testing {
namespace {

TEST(Nicknames, TwoDefinitionsInBracketsMakeNames) {
  const std::string defined = "We call them Middle E (demo-encoder int8) and Big D (demo-decoder fp16).\n\n";
  EXPECT_EQ(verdicts(audited(defined + "Middle E has a macro-F1 of 0.651 and Big D of 0.595.\n")),
            "0.651 sourced; 0.595 sourced");
  EXPECT_EQ(verdicts(audited(defined + "Middle E has a macro-F1 of 0.595.\n")), "0.595 of something else");
}

TEST(Nicknames, AnItemOfANumberedListIsAnOption) {
  const std::string list = "1. demo-encoder fp16: as it was\n2. demo-encoder int8: the small one\n\n";
  EXPECT_EQ(verdicts(audited(list + "Option 2 has a macro-F1 of 0.651.\n")), "0.651 sourced");
  EXPECT_EQ(verdicts(audited(list + "Option 2 has a macro-F1 of 0.653.\n")), "0.653 of something else");
}

TEST(Nicknames, ALimitIsCalledByItsId) {
  const std::string limit = "- C3 ECE ≤ 0.025 after temperature scaling\n\n";
  EXPECT_EQ(claims(audited(limit)), "");
  const NoteAudit audit = audited(limit + "C3 is the tight one: demo-encoder int8 has 0.023.\n");
  EXPECT_EQ(verdicts(audit), "0.025 sourced; 0.023 sourced");
}

TEST(Intervals, AValueThatMayLieBelowZeroIsADifference) {
  const std::string heading = "## What int8 changes on demo-encoder\n\n";
  EXPECT_EQ(verdicts(audited(heading + "In points of accuracy against fp16: tail 0.2 [−0.8, +1.3].\n")),
            "0.2 sourced; −0.8 sourced; +1.3 sourced");
}

TEST(Units, ASignInFrontMakesAMultiple) {
  EXPECT_EQ(verdicts(audited("The time of demo-encoder int8 is ×0.41 of that of demo-encoder fp16.\n")),
            "0.41 derived");
  EXPECT_EQ(verdicts(audited("Reshuffle the data 10,000 times: demo-encoder int8 wins.\n")),
            "10,000 times not checked");
}

TEST(Demands, WhatWouldChangeTheChoiceIsALimitThatMoves) {
  const auto status = [](const char* note) { return demand_status(audited(note), "what-would-change"); };
  EXPECT_EQ(status("If the ECE ceiling were 0.03, demo-encoder int4 would be chosen.\n"), "present");
  EXPECT_EQ(status("| what | then |\n|---|---|\n| ECE ceiling relaxed to 0.03 | demo-encoder int4 wins |\n"),
            "present");
  EXPECT_EQ(status("The ECE ceiling keeps out demo-encoder int4, which would answer more texts.\n"),
            "absent");
  EXPECT_EQ(status("A second split could turn over that demo-encoder int8 passes the ECE ceiling.\n"),
            "absent");
}

TEST(Demands, AListOfSourcesStatesNothingOnceMore) {
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
