#include "quantier/note/words.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace quantier::note_internal {
namespace {

TEST(Milliseconds, BelowOneThreeDigitsCount) {
  EXPECT_EQ(milliseconds(0.0716), "0.0716");
  EXPECT_EQ(milliseconds(0.01234), "0.0123");
  EXPECT_EQ(milliseconds(0.1), "0.100");
  EXPECT_EQ(milliseconds(0.9996), "1.000");
  EXPECT_EQ(milliseconds(0.00052), "0.000520");
  EXPECT_EQ(milliseconds(0.0000001), "0.000000") << "below a nanosecond there is nothing to show";
}

TEST(Milliseconds, FromOneOnTheDecimalsAreThoseThatWereAskedFor) {
  EXPECT_EQ(milliseconds(1.0), "1.00");
  EXPECT_EQ(milliseconds(12.345), "12.35");
  EXPECT_EQ(milliseconds(1.23456, 3), "1.235");
  EXPECT_EQ(milliseconds(0.5, 4), "0.5000");
  EXPECT_EQ(milliseconds(0.0), "0.00");
  EXPECT_EQ(milliseconds(std::nullopt), "–");
  EXPECT_EQ(milliseconds(std::numeric_limits<double>::quiet_NaN()), "–");
}

}  // namespace
}  // namespace quantier::note_internal
