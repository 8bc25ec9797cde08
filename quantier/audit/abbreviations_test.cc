#include <string>

#include <gmock/gmock.h>

#include "quantier/audit/small_evidence.h"

namespace quantier::audit_testing {
namespace {

std::string named(const Vocabulary& words, const std::string& text) {
  std::string out;
  for (const Mention& each : words.mentions(text)) {
    if (each.kind <= MentionKind::kMetric) out += (out.empty() ? "" : " ") + each.means.front();
  }
  return out;
}

TEST(Abbreviations, ALetterAndANumberNameAConfiguration) {
  auto words = Vocabulary::make(small_evidence());
  ASSERT_TRUE(words);
  words->learn("E = demo-encoder, D = demo-decoder; 16/8/4 = fp16/int8/int4; PK = process peak.");
  EXPECT_EQ(named(*words, "D16"), "demo-decoder fp16");
  EXPECT_EQ(named(*words, "E4"), "demo-encoder int4");
  EXPECT_EQ(named(*words, "PK"), "memory");
  EXPECT_EQ(named(*words, "8 of them"), "");  // a number alone stays a number
}

TEST(Abbreviations, AnOptionStandsForWhatItIsSaidToBe) {
  auto words = Vocabulary::make(small_evidence());
  ASSERT_TRUE(words);
  words->learn("Option C: demo-encoder int4. Feasible.");
  words->learn("Option 1: see below.");
  EXPECT_EQ(named(*words, "Option C replaces"), "demo-encoder int4");
  EXPECT_EQ(named(*words, "Option 1"), "");
}

TEST(Abbreviations, AMetricGoesWithTheTierAndUnitOfItsDefinition) {
  auto words = Vocabulary::make(small_evidence());
  ASSERT_TRUE(words);
  words->learn("QE is demo-encoder and /b is int8. A-t = accuracy in the tail tier. M = peak memory in MB.");
  EXPECT_EQ(named(*words, "QE/b"), "demo-encoder int8");
  EXPECT_THAT(named(*words, "A-t"), ::testing::HasSubstr("tail"));
  EXPECT_THAT(words->spelled_out("M, 2 cores"), ::testing::HasSubstr("MB"));
  words->learn("it is demo-decoder, which is fp16");  // words of a sentence name nothing
  EXPECT_EQ(named(*words, "it"), "");
}

TEST(Abbreviations, ListsGoInPairs) {
  auto words = Vocabulary::make(small_evidence());
  ASSERT_TRUE(words);
  words->learn("H/T = head/tail; a = b; X/Y = head");
  EXPECT_EQ(named(*words, "H"), "head");
  EXPECT_EQ(named(*words, "X"), "");
}

}  // namespace
}  // namespace quantier::audit_testing
