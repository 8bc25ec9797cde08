#include "quantier/audit/table_spans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/audit/range_mark.h"

namespace quantier::audit_internal {
namespace {

using testing::ElementsAre;
using Row = std::vector<std::string>;

TEST(TableSpans, ACellReachesIntoTheRowsBelow) {
  TableSpans spans;
  Row first;
  spans.add(first, "encoder", 3, 1);
  spans.add(first, "fp16", 1, 1);
  spans.add(first, "0.65", 2, 1);
  spans.end_row(first);
  EXPECT_THAT(first, ElementsAre("encoder", "fp16", "0.65"));
  Row second;
  spans.add(second, "int8", 1, 1);
  spans.end_row(second);
  EXPECT_THAT(second, ElementsAre("encoder", "int8", "0.65"));
  Row third;
  spans.add(third, "int4", 1, 1);
  spans.add(third, "0.64", 1, 1);
  spans.end_row(third);
  EXPECT_THAT(third, ElementsAre("encoder", "int4", "0.64"));
  Row fourth;
  spans.add(fourth, "decoder", 1, 2);
  spans.end_row(fourth);
  EXPECT_THAT(fourth, ElementsAre("decoder", "decoder"));
}

TEST(TableSpans, NumbersOutOfAllReasonAreNotBelieved) {
  TableSpans spans;
  Row row;
  spans.add(row, "x", static_cast<std::size_t>(-1), static_cast<std::size_t>(-1));
  spans.add(row, "y", 0, 0);
  spans.end_row(row);
  EXPECT_EQ(row.size(), TableSpans::kMostColumns + 1);
}

TEST(RangeMark, KnowsTheSpellings) {
  for (const char* mark : {" to ", "–", "…", " … ", "...", ".."}) EXPECT_TRUE(is_range_mark(mark)) << mark;
  for (const char* other : {", ", " and ", "", "/", " (", " — "}) EXPECT_FALSE(is_range_mark(other)) << other;
}

}  // namespace
}  // namespace quantier::audit_internal
