// Of whom and of what a number is: lists, labels, pairs, captions, and the alarms that must not be.
#include <gmock/gmock.h>

#include "quantier/audit/small_evidence.h"

namespace quantier::audit_testing {
namespace {

TEST(Scope, TheKthNumberIsOfTheKthName) {
  EXPECT_EQ(
      verdicts(audited("Macro-F1 is 0.653, 0.651 and 0.649 for demo-encoder at fp16, int8 and int4.\n")),
      "0.653 sourced; 0.651 sourced; 0.649 sourced");
  EXPECT_EQ(
      verdicts(audited("Macro-F1 is 0.651, 0.653 and 0.649 for demo-encoder at fp16, int8 and int4.\n")),
      "0.651 of something else; 0.653 of something else; 0.649 sourced");
}

TEST(Scope, ACaptionMayNameTheOrderOnce) {
  const std::string head = "Accuracy of the followed class (fp16, int8, int4):\n\n";
  EXPECT_EQ(verdicts(audited(head + "- games: encoder 0.878/0.871/0.867, decoder 0.898/0.894/0.888\n")),
            "0.878 sourced; 0.871 sourced; 0.867 sourced; 0.898 sourced; 0.894 sourced; 0.888 sourced");
  EXPECT_EQ(verdicts(audited(head + "- games: encoder 0.898/0.894/0.888\n")),
            "0.898 of something else; 0.894 of something else; 0.888 of something else");
}

TEST(Scope, AListWithoutNamesIsOfAnyPrecision) {
  EXPECT_EQ(
      verdicts(audited("The held-out ECE of demo-decoder is 0.033, 0.034 and 0.038, and int4 is last.\n")),
      "0.033 sourced; 0.034 sourced; 0.038 sourced");
}

TEST(Scope, CellsThatPackSeveralNumbersAreReadInTheirParts) {
  const std::string table =
      "Change of accuracy against fp16, in points, with intervals, then lost/gained.\n\n"
      "| | head | tail |\n|---|---|---|\n";
  EXPECT_EQ(
      verdicts(audited(table + "| demo-encoder int4 | 0.4 [−0.3, 1.2], 15/27 | −0.6 [−2.1, 0.7], 6/3 |\n")),
      "0.4 sourced; −0.3 sourced; 1.2 sourced; 15 sourced; 27 sourced; −0.6 sourced; −2.1 sourced; 0.7 "
      "sourced; "
      "6 sourced; 3 sourced");
  const std::string swapped =
      verdicts(audited(table + "| demo-encoder int4 | −0.6 [−2.1, 0.7], 6/3 | 0.4 [−0.3, 1.2], 15/27 |\n"));
  EXPECT_THAT(swapped, ::testing::HasSubstr("−0.6 of something else"));
}

TEST(Scope, WhatALimitIsHeldAgainstIsNoMeasurement) {
  EXPECT_EQ(verdicts(audited("ECE of demo-decoder fp16: 0.033 where 0.025 is allowed, held out.\n")),
            "0.033 sourced; 0.025 sourced");
}

TEST(Scope, WhoIsNamedBehindAComparisonIsNotTheSubject) {
  EXPECT_EQ(verdicts(audited(
                "## The decoder at fp16\n\nIts held-out ECE is 0.033, far behind the int8 encoder.\n")),
            "0.033 sourced");
}

TEST(Scope, UnitsOfSecondsAndBytesAreRead) {
  EXPECT_EQ(verdicts(audited("demo-encoder int8 takes 1.10 s/example.\n")), "1.10 s/example contradicts");
  EXPECT_EQ(verdicts(audited("| model | time (s/example) |\n|---|---|\n| demo-encoder int8 | 1.10 |\n")),
            "1.10 contradicts");
}

}  // namespace
}  // namespace quantier::audit_testing
