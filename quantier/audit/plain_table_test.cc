#include "quantier/audit/plain_table.h"

#include <gmock/gmock.h>

#include "quantier/audit/small_evidence.h"

namespace quantier::audit_testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<TextBlock> tables(std::string_view text, std::string_view caption = {}) {
  return audit_internal::plain_tables(text, {.cell = 0, .line = 5}, caption);
}

TEST(PlainTable, ColumnsAreWhereEveryRowHasAGap) {
  const auto found = tables(
      "                  macroF1   acc  ms/example  peak_MB\n"
      "demo-encoder fp16   0.653 0.803        1.88     43.3\n"
      "demo-encoder int8   0.653 0.803        1.02     41.7\n");
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].header_rows, 1U);
  EXPECT_THAT(found[0].rows[0].cells, ElementsAre("", "macroF1", "acc", "ms/example", "peak MB"));
  EXPECT_THAT(found[0].rows[2].cells, ElementsAre("demo-encoder int8", "0.653", "0.803", "1.02", "41.7"));
  EXPECT_EQ(found[0].rows[2].place.line, 7U);
}

TEST(PlainTable, BracketsAndUnitsStayWithTheirNumber) {
  const auto found = tables(
      "                 acc    change           peak RSS\n"
      "encoder   int8   0.8   -0.03  [-0.18, 0.11]   43.3 MB\n"
      "encoder   int4   0.8    0.10  [-0.30, 0.36]    9.1 MB\n");
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_THAT(found[0].rows.back().cells,
              ElementsAre("encoder", "int4", "0.8", "0.10", "[-0.30, 0.36]", "9.1 MB"));
}

TEST(PlainTable, AWordThatEveryLineRepeatsHeadsTheNumberBehindIt) {
  const auto found = tables(
      "demo-encoder int8 tail  -0.6 [-2.1, +0.7]  lost  6 gained  3\n"
      "demo-encoder int8 head   0.4 [-0.3, +1.2]  lost 15 gained 27\n",
      "change, interval, flips");
  ASSERT_THAT(found, SizeIs(1));
  ASSERT_EQ(found[0].header_rows, 1U);
  EXPECT_THAT(found[0].rows[0].cells, ElementsAre("", "", "lost", "gained"));
  EXPECT_THAT(found[0].rows[2].cells, ElementsAre("demo-encoder int8 head", "0.4 [-0.3, +1.2]", "15", "27"));
}

TEST(PlainTable, ARemarkThatListsAsManyThingsHeadsIt) {
  const char* print = "demo-encoder int8  head  -0.03   2   1\ndemo-encoder int8  tail   0.00   0   0\n";
  const auto found = tables(print, "points, lost, gained");
  ASSERT_THAT(found, SizeIs(1));
  ASSERT_EQ(found[0].header_rows, 1U);
  EXPECT_THAT(found[0].rows[0].cells, ElementsAre("", "", "points", "lost", "gained"));
  EXPECT_EQ(tables(print, "what changed")[0].header_rows, 0U);
}

TEST(PlainTable, WhatHasNoColumnsIsNone) {
  EXPECT_THAT(tables(""), IsEmpty());
  EXPECT_THAT(tables("encoder fp16 0.9999 99.9 ms\n"), IsEmpty());
  EXPECT_THAT(tables("$ quantier run --out store\ndone in 12 s\n\nloaded 4 files\nall well\n"), IsEmpty());
  EXPECT_THAT(tables("for i in range(3):\n    print(i, 0.5)\nx = 7\n"), IsEmpty());
}

TEST(PlainTable, ItsNumbersAreHeldAgainstTheEvidence) {
  const auto note = [](const std::string& f1) {
    return audited(
        "```\n                    macro-F1   ms/example\n"
        "demo-encoder fp16    0.653      2.70\n"
        "demo-encoder int8    " +
        f1 + "      1.10\n```\n");
  };
  EXPECT_EQ(note("0.651").to_look_at(), note("0.651").absent_demands());
  EXPECT_EQ(note("0.691").number_alarms(), 1U);
}

}  // namespace
}  // namespace quantier::audit_testing
