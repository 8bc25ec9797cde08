// Claims that are the other way round, or somebody else's.
#include "quantier/audit/claim.h"

#include <gmock/gmock.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/small_evidence.h"

namespace quantier::audit_testing {
namespace {

constexpr const char* kOrder = "order is the other way round";

TEST(ClaimNames, ConfigurationsComeInTheOrderOfTheText) {
  const NoteAudit audit = audited("The int8 encoder beats demo-decoder fp16 and int4.\n");
  std::string out;
  for (const auto& each : audit_internal::configurations_in(audit.passages.front()))
    out += each.model + "/" + each.recipe + ";";
  EXPECT_EQ(out, "demo-encoder/int8;demo-decoder/fp16;demo-decoder/int4;");
}

TEST(ClaimRatio, AMultipleHasADirection) {
  EXPECT_EQ(claims(audited("The fp16 encoder needs 2.5 times as long as the int8 encoder.\n")), "");
  EXPECT_EQ(claims(audited("The int8 encoder needs 2.5 times as long as the fp16 encoder.\n")), kOrder);
  EXPECT_EQ(claims(audited("int8 encoder versus fp16 encoder: about two and a half times the speed.\n")), "");
  EXPECT_EQ(claims(audited("fp16 encoder versus int8 encoder: about two and a half times the speed.\n")),
            kOrder);
}

TEST(ClaimDirection, ADifferenceHasASign) {
  EXPECT_EQ(claims(audited("demo-decoder fp16 trails demo-encoder fp16 on macro-F1 by 0.058.\n")), "");
  EXPECT_EQ(claims(audited("demo-decoder fp16 leads demo-encoder fp16 on macro-F1 by 0.058.\n")), kOrder);
}

TEST(ClaimDirection, AStepGoesWhereItsVerbSays) {
  EXPECT_EQ(claims(audited("The accuracy of demo-encoder drops from 0.803 to 0.801 at int4.\n")), "");
  EXPECT_EQ(claims(audited("The accuracy of demo-encoder rises from 0.803 to 0.801 at int4.\n")), kOrder);
}

TEST(ClaimExtreme, OnlyOneIsTheSlowest) {
  EXPECT_EQ(claims(audited("Time selects demo-encoder int8, the fastest of the three encoders.\n")), "");
  EXPECT_EQ(claims(audited("Time selects demo-encoder int8, the slowest of the three encoders.\n")), kOrder);
}

TEST(ClaimExtreme, TheLargestDipIsInOneTier) {
  EXPECT_EQ(claims(audited("The encoder has its largest dip in the tail, the decoder in the head.\n")), "");
  EXPECT_EQ(claims(audited("The encoder has its largest dip in the head, the decoder in the tail.\n")),
            kOrder);
}

TEST(ClaimDominance, WhoIsBetterInEverythingIsNotDominated) {
  EXPECT_EQ(claims(audited("demo-decoder fp16 is dominated by demo-encoder int8.\n")), "");
  EXPECT_EQ(claims(audited("demo-encoder int8 is dominated by demo-decoder fp16.\n")), kOrder);
  EXPECT_EQ(claims(audited("Every decoder is slower than demo-encoder int8, hence dominated.\n")), "");
}

TEST(ClaimFrontier, WhoIsDominatedEverywhereIsOnNone) {
  EXPECT_EQ(claims(audited("demo-encoder int8 and demo-encoder int4 lie on the frontier.\n")), "");
  EXPECT_EQ(claims(audited("demo-encoder int8 and demo-decoder int8 lie on the frontier.\n")), kOrder);
  EXPECT_EQ(claims(audited("The frontier consists of demo-decoder int4 alone.\n")), kOrder);
  EXPECT_EQ(claims(audited("demo-decoder int4 is not on the frontier.\n")), "");
  EXPECT_EQ(claims(audited("demo-decoder int4 would have to be half as slow to lie on the frontier.\n")), "");
}

TEST(ClaimLimit, UnderAnotherLimitNothingIsDecided) {
  EXPECT_EQ(claims(audited("Move the ECE limit to 0.019 and demo-encoder fp16 is out.\n")), "");
  EXPECT_EQ(claims(audited("Under the ECE limit of 0.025 demo-encoder fp16 is out.\n")),
            "limit decided otherwise");
}

TEST(ClaimMembership, AClassAndASizeBelongToOneGroup) {
  constexpr const char* kGroup = "of another group or size";
  AuditEvidence evidence = small_evidence();
  for (Fact& fact : evidence.facts) {
    if (fact.label == "games") fact.tier = "head";
  }
  for (const auto& [tier, n] : {std::pair("head", 812.0), std::pair("tail", 96.0)}) {
    Fact fact;
    fact.metric = "n";
    fact.tier = tier;
    fact.unit = FactUnit::kCount;
    fact.value = n;
    evidence.facts.push_back(fact);
  }
  EXPECT_EQ(claims(audited("We follow games (head) on the encoder.\n", evidence)), "");
  EXPECT_EQ(claims(audited("We follow games (tail) on the encoder.\n", evidence)), kGroup);
  EXPECT_EQ(claims(audited("Nothing moved in the head (812 texts).\n", evidence)), "");
  EXPECT_EQ(claims(audited("Nothing moved in the tail (812 texts).\n", evidence)), kGroup);
  EXPECT_EQ(claims(audited("| tier | texts |\n|---|---|\n| head | 812 |\n| tail | 96 |\n", evidence)), "");
  EXPECT_EQ(claims(audited("| tier | texts |\n|---|---|\n| head | 96 |\n| tail | 96 |\n", evidence)), kGroup);
}

TEST(ClaimHead, WhatATextSaysOfAColumnIsHeldAgainstItsNumbers) {
  const std::string table =
      "| run | refit | second |\n|---|---|---|\n| encoder fp16 | 0.019 | 0.020 |\n| encoder int8 | 0.022 | "
      "0.023 |\n"
      "| encoder int4 | 0.025 | 0.027 |\n| decoder fp16 | 0.031 | 0.033 |\n| decoder int8 | 0.032 | 0.034 "
      "|\n\n";
  EXPECT_EQ(claims(audited(table + "`refit` is in-sample; `second` is held-out.\n")), "");
  EXPECT_EQ(claims(audited(table + "`refit` is held-out ECE.\n")), "head of other numbers");
}

TEST(ClaimCarried, WhatAPaperFoundIsNotOnesOwn) {
  constexpr const char* kScope = "ratio out of its scope";
  const std::string found = "LLM.int8() was slower than fp16 below 6.7 B parameters (Dettmers et al., 2022)";
  EXPECT_EQ(claims(audited(found + "; our kernels are others.\n")), "");
  EXPECT_EQ(claims(audited(found + "; it will be slower on our server too.\n")), kScope);
  EXPECT_EQ(claims(audited(found + "; that need not make it slower on our server too.\n")), "");
}

TEST(ClaimPublished, NumbersOfAPaperAreNotMeasuredHere) {
  EXPECT_EQ(claims(audited("vLLM users report 741 tokens/s with AWQ on an H200 with a 32 B model.\n")), "");
  EXPECT_EQ(claims(audited("In our runs we got 741 tokens/s with AWQ.\n")), "published, told as one's own");
  EXPECT_EQ(claims(audited("In our runs AWQ gave 741 tokens/s; that need not be so elsewhere.\n")),
            "published, told as one's own");
  EXPECT_EQ(claims(audited("Somebody else saw 741 tokens/s with AWQ; our own kernels differ.\n")), "");
}

TEST(ClaimStrength, WhatIsUnresolvedIsNoFinding) {
  EXPECT_EQ(claims(audited("At int4 the tail of demo-encoder shows a drop that may be chance.\n")), "");
  EXPECT_EQ(claims(audited("There is no doubt that int4 costs demo-encoder accuracy in the tail.\n")),
            "overclaim");
  EXPECT_EQ(claims(audited("demo-encoder int4 has left the tail untouched, for certain.\n")), "overclaim");
  // A clause that names nobody has its own strength, and its own caution.
  EXPECT_EQ(
      claims(audited("demo-encoder int4 would be lowest in the tail; the loss is statistically secured.\n")),
      "overclaim");
}

TEST(Claim, AnAmountHasItsDirection) {
  EXPECT_EQ(claims(audited("demo-encoder int8 needs 6.3 MB more than demo-encoder int4.\n")), "");
  EXPECT_EQ(claims(audited("demo-encoder int8 needs 6.3 MB less than demo-encoder int4.\n")),
            "order is the other way round");
}

TEST(Claim, TheDigitsOfAMeasuredNumberInAnotherUnitAreWrong) {
  EXPECT_EQ(audited("If the limit on memory fell below 31.2 MB, int4 would be taken.\n").number_alarms(), 0U);
  EXPECT_EQ(audited("If the limit on memory fell below 31.2 GB, int4 would be taken.\n").number_alarms(), 1U);
  EXPECT_EQ(audited("Our card has 24 GB.\n").number_alarms(), 0U);
}

}  // namespace
}  // namespace quantier::audit_testing
