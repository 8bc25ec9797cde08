#include "quantier/tokenizer/splitter.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/rng.h"
#include "quantier/tokenizer/pattern.h"
#include "quantier/tokenizer/unicode.h"

namespace quantier::tokenizer_detail {
namespace {

std::vector<std::string> words(const Splitter& splitter, std::string_view text) {
  std::vector<std::string> out;
  Splitter::Scratch scratch;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = splitter.word_end(text, at, scratch);
    EXPECT_TRUE(end.has_value());
    if (!end || *end <= at || *end > text.size()) {
      ADD_FAILURE() << "no progress at " << at;
      break;
    }
    out.emplace_back(text.substr(at, *end - at));
    at = *end;
  }
  return out;
}

TEST(Splitter, HandWrittenAgreesWithTheRegularExpression) {
  const std::string pools[] = {"abzEZ",
                               "019",
                               " \t\n\r\v",
                               "'stremdlvSTREMDLV",
                               ".,!_-=",
                               "   ",
                               "\n\r\n\r ",
                               "\xC5\xBF\xE2\x80\x99",
                               "\xC2\x85\xC2\xA0\xE3\x80\x80"};
  for (const auto pattern : {kGpt2Pattern, kQwen2Pattern}) {
    const auto fast = Splitter::for_pattern(pattern, "test");
    const auto slow = Splitter::for_pattern(pattern, "test", true);
    ASSERT_TRUE(fast.has_value() && slow.has_value());
    Philox random(20261123);
    for (int round = 0; round < 20'000; ++round) {
      std::string text;
      const auto parts = 1 + random.next_below(8);
      for (std::uint64_t i = 0; i < parts; ++i) {
        if (random.next_below(6) == 0) {
          std::uint32_t c = 0;
          do c = static_cast<std::uint32_t>(random.next_below(0x20000));
          while (c >= 0xD800 && c < 0xE000);
          text += encode_utf8(c);
          continue;
        }
        const std::string& pool = pools[random.next_below(std::size(pools))];
        if (static_cast<unsigned char>(pool[0]) >= 0x80) {
          text += pool;
        } else {
          for (std::uint64_t k = 1 + random.next_below(3); k > 0; --k)
            text += pool[random.next_below(pool.size())];
        }
      }
      ASSERT_EQ(words(*fast, text), words(*slow, text)) << text;
    }
  }
}

TEST(Splitter, RefusesPartsThatMayDiffer) {
  for (const char* pattern : {"a.b",     "^a",     "a$",       "[[:alpha:]]",  "[a&&b]",   R"(\h)", R"(\b)",
                              "(?<=a)b", "(?m:a)", "(?>a)",    R"(\p{Greek})", R"((a)\1)", "a{,3}", "a{2}+",
                              "[a",      "a*",     "(a",       "[^]",          R"(\)",     R"(\R)", "(?s)a",
                              "(*UCP)a", "(?R)",   R"(\Qa\E)", R"([\P{L}])"}) {
    const auto splitter = Splitter::for_pattern(pattern, "test");
    ASSERT_FALSE(splitter.has_value()) << pattern;
    EXPECT_EQ(splitter.error().kind, ErrorKind::kUnsupported) << pattern;
  }
}

TEST(Splitter, KeepsTheTextBetweenMatches) {
  const auto splitter = Splitter::for_pattern(R"(\p{N}{1,3})", "test");
  ASSERT_TRUE(splitter.has_value());
  EXPECT_EQ(words(*splitter, "ab1234c5"), (std::vector<std::string>{"ab", "123", "4", "c", "5"}));
}

TEST(Splitter, ALongRunOfSpacesTakesLinearTime) {
  const std::string text = "x" + std::string(4'000'000, ' ') + "y" + std::string(4'000'000, '\n') + "z";
  for (const auto pattern : {kGpt2Pattern, kQwen2Pattern}) {
    const auto splitter = Splitter::for_pattern(pattern, "test");
    ASSERT_TRUE(splitter.has_value());
    EXPECT_LE(words(*splitter, text).size(), 8u);
  }
}

}  // namespace
}  // namespace quantier::tokenizer_detail
