#include "quantier/dataset/fingerprint.h"

#include <gtest/gtest.h>

namespace quantier {
namespace {

TEST(Fingerprint, CaseAndWhiteSpaceDoNotMatter) {
  EXPECT_EQ(normalised_text("  A  Text\twith\n\nGaps "), "a text with gaps");
  EXPECT_EQ(text_fingerprint("A text"), text_fingerprint(" a\n TEXT"));
  EXPECT_NE(text_fingerprint("a text"), text_fingerprint("atext"));
  EXPECT_EQ(text_fingerprint("a text").size(), 16U);
}

TEST(Fingerprint, EmptyTextsAndOtherAlphabetsHaveOne) {
  EXPECT_EQ(normalised_text(" \n"), "");
  EXPECT_EQ(text_fingerprint(""), text_fingerprint("  "));
  EXPECT_NE(text_fingerprint("\xC3\xA4"), text_fingerprint("\xC3\x84"));  // only ASCII is folded
}

}  // namespace
}  // namespace quantier
