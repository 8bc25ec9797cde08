#include "quantier/base/utf8.h"

#include <gtest/gtest.h>

namespace quantier {
namespace {

std::string encode(std::uint32_t code) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xC0 | code >> 6), byte(0x80 | (code & 63))};
  if (code < 0x10000)
    return {byte(0xE0 | code >> 12), byte(0x80 | (code >> 6 & 63)), byte(0x80 | (code & 63))};
  return {byte(0xF0 | code >> 18), byte(0x80 | (code >> 12 & 63)), byte(0x80 | (code >> 6 & 63)),
          byte(0x80 | (code & 63))};
}

TEST(Utf8, AcceptsEveryCodePointButSurrogates) {
  for (std::uint32_t code = 0; code <= 0x10FFFF; ++code) {
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    ASSERT_EQ(find_invalid_utf8(encode(code)).has_value(), surrogate) << code;
  }
  EXPECT_EQ(find_invalid_utf8(encode(0x110000)), 0U);
}

// Table 3-7 of the Unicode standard, as sets of two leading bytes: what may follow what.
TEST(Utf8, EverySequenceOfTwoBytesAndItsContinuation) {
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      std::string text{static_cast<char>(a), static_cast<char>(b)};
      bool valid = false;
      if (a < 0x80) valid = b < 0x80;
      if (a >= 0xC2 && a <= 0xDF) valid = b >= 0x80 && b <= 0xBF;
      ASSERT_EQ(!find_invalid_utf8(text), valid) << a << " " << b;
      text += "\x80";
      const bool tail = b >= 0x80 && b <= 0xBF;
      bool three = false;
      if (a >= 0xE0 && a <= 0xEF) three = tail && !(a == 0xE0 && b < 0xA0) && !(a == 0xED && b > 0x9F);
      if (a < 0x80) three = b >= 0xC2 && b <= 0xDF;
      ASSERT_EQ(!find_invalid_utf8(text), three) << a << " " << b;
      text += "\xBF";
      bool four = false;
      if (a >= 0xF0 && a <= 0xF4) four = tail && !(a == 0xF0 && b < 0x90) && !(a == 0xF4 && b > 0x8F);
      if (a < 0x80) four = b >= 0xE0 && b <= 0xEF && b != 0xE0;  // e0 80 bf is overlong
      ASSERT_EQ(!find_invalid_utf8(text), four) << a << " " << b;
    }
  }
}

TEST(Utf8, GivesTheOffset) {
  EXPECT_EQ(find_invalid_utf8(""), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("ab\xFF"), 2U);
  EXPECT_EQ(find_invalid_utf8("\xC3\xA9\xC3"), 2U);                  // cut short
  EXPECT_EQ(find_invalid_utf8("\xF0\x9F\x98\x80\xED\xA0\x80"), 4U);  // a surrogate
}

TEST(Printable, NoControlReachesTheTerminal) {
  EXPECT_EQ(printable("plain é 😀"), "plain é 😀");
  EXPECT_EQ(printable("\x1b[2Ja\nb\x7f"), "\\x1b[2Ja\\x0ab\\x7f");
  EXPECT_EQ(printable("\xC2\x9B"
                      "2J"),
            "\\xc2\\x9b2J");  // the one-character form of the same escape
  EXPECT_EQ(printable("\xFFx\xC3"), "\\xffx\\xc3");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
}

TEST(Printable, CutsLongTextBetweenCharacters) {
  EXPECT_EQ(printable("abcdef", 3), "abc...");
  EXPECT_EQ(printable("éé", 3), "éé");
  EXPECT_EQ(printable("ééé", 3), "éé...");
  EXPECT_EQ(printable("abc", 3), "abc");
}

}  // namespace
}  // namespace quantier
