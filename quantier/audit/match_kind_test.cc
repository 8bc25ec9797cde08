// Numbers that are no value of what their sentence names: shares of something, savings, bare costs.
#include <gmock/gmock.h>

#include "quantier/audit/small_evidence.h"

namespace quantier::audit_testing {
namespace {

std::size_t alarms(const std::string& sentence) { return audited(sentence + "\n").number_alarms(); }

TEST(NumberKind, AShareOfSomethingIsNoValueOfTheMetric) {
  EXPECT_EQ(alarms("Macro-F1 of demo-encoder int8 owes 31 % of its spread to five labels."), 0U);
  EXPECT_EQ(alarms("Macro-F1 of demo-encoder int8 owes 31 % to 44 % of its spread to five labels."), 0U);
  EXPECT_GT(alarms("The macro-F1 of demo-encoder int8 is 31.0 %."), 0U);
  EXPECT_EQ(alarms("Held-out ECE of demo-encoder int8 is 0.023, 0.4 of its own spread below the limit."), 0U);
}

TEST(NumberKind, WhatIsSavedIsADifference) {
  EXPECT_EQ(alarms("Demo-encoder int4 frees another 6.3 MB."), 0U);
  EXPECT_GT(alarms("Demo-encoder int4 takes 6.3 MB."), 0U);
}

TEST(NumberKind, ABareNumberIsNoCost) {
  EXPECT_EQ(alarms("In memory demo-encoder int4 comes first, the others inside a margin of 0.01."), 0U);
}

TEST(NumberKind, ARangeWithoutAPrecisionRunsOverAllOfThem) {
  EXPECT_EQ(alarms("Decoder fp16 is slow; on games the encoder has 0.867–0.878."), 0U);
}

TEST(NumberKind, TimeOfManyTogetherIsThatOfOne) {
  EXPECT_EQ(verdicts(audited("A thousand texts take demo-encoder int8 1.10 seconds.\n")),
            "1.10 seconds sourced");
  EXPECT_EQ(verdicts(audited("A thousand texts take demo-encoder int8 1.60 seconds.\n")),
            "1.60 seconds contradicts");
}

TEST(NumberKind, APrecisionMayBeListedWithItsPreposition) {
  EXPECT_EQ(alarms("Held-out ECE of demo-encoder is 0.020 at fp16 and 0.023 at int8."), 0U);
}

TEST(NumberKind, ATierInFrontOfAnItemIsThatOfAllItsSentences) {
  const std::string lead = "Change of accuracy to fp16 in percentage points:\n\n";
  EXPECT_EQ(
      alarms(lead + "- **Tail** (a few). Encoder int8 +0.2 [−0.8, +1.3]; encoder int4 −0.6 [−2.1, +0.7]."),
      0U);
  EXPECT_GT(
      alarms(lead + "- **Tail** (a few). Encoder int8 +0.2 [−0.8, +1.3]; encoder int4 −0.6 [−4.1, +0.7]."),
      0U);
}

}  // namespace
}  // namespace quantier::audit_testing
