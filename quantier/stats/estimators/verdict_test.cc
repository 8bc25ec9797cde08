#include "quantier/stats/estimators/verdict.h"

#include <limits>

#include <gtest/gtest.h>

namespace quantier {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Interval from(double low, double high) { return {low, high, 0.95, "test"}; }

TEST(EvidenceWord, NeedsTheCorrectedTestAndReplicationForTheStrongerWord) {
  EXPECT_EQ(evidence_word(from(0.01, 0.05), 0.049, 0.8), EvidenceWord::kEstablished);
  EXPECT_EQ(evidence_word(from(-0.05, -0.01), 0.01, 0.99), EvidenceWord::kEstablished);
  EXPECT_EQ(evidence_word(from(0.01, 0.05), 0.05, 0.99), EvidenceWord::kDirectional);
  EXPECT_EQ(evidence_word(from(0.01, 0.05), 0.01, 0.79), EvidenceWord::kDirectional);
}

TEST(EvidenceWord, WithZeroInsideNothingIsResolvedWhateverTheTestSays) {
  EXPECT_EQ(evidence_word(from(-0.01, 0.05), 0.001, 0.99), EvidenceWord::kUnresolved);
  EXPECT_EQ(evidence_word(from(0.0, 0.05), 0.001, 0.99), EvidenceWord::kUnresolved);
}

TEST(EvidenceWord, NanNeverEarnsTheStrongerWord) {
  EXPECT_EQ(evidence_word(from(0.01, 0.05), kNaN, 0.99), EvidenceWord::kDirectional);
  EXPECT_EQ(evidence_word(from(0.01, 0.05), 0.01, kNaN), EvidenceWord::kDirectional);
  EXPECT_EQ(evidence_word(from(kNaN, kNaN), 0.01, 0.99), EvidenceWord::kUnresolved);
}

TEST(SizeWord, ComparesTheWholeIntervalWithTheMargin) {
  EXPECT_EQ(size_word(from(-0.009, 0.009), 0.01), SizeWord::kNegligible);
  EXPECT_EQ(size_word(from(0.011, 0.05), 0.01), SizeWord::kMaterial);
  EXPECT_EQ(size_word(from(-0.05, -0.011), 0.01), SizeWord::kMaterial);
  EXPECT_EQ(size_word(from(0.005, 0.05), 0.01), SizeWord::kUndetermined);
  EXPECT_EQ(size_word(from(-0.05, 0.05), 0.01), SizeWord::kUndetermined);
  EXPECT_EQ(size_word(from(kNaN, kNaN), 0.01), SizeWord::kUndetermined);
}

TEST(Words, AreTheOnesThatTheNoteUses) {
  EXPECT_STREQ(evidence_word_name(EvidenceWord::kEstablished), "established");
  EXPECT_STREQ(evidence_word_name(EvidenceWord::kDirectional), "directional");
  EXPECT_STREQ(evidence_word_name(EvidenceWord::kUnresolved), "unresolved");
  EXPECT_STREQ(size_word_name(SizeWord::kNegligible), "negligible");
  EXPECT_STREQ(size_word_name(SizeWord::kMaterial), "material");
  EXPECT_STREQ(size_word_name(SizeWord::kUndetermined), "undetermined");
}

}  // namespace
}  // namespace quantier
