// Sentences and tables as the program's own note has them: none is an alarm as long as it is true.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/audit/sentence_pairs.h"

namespace quantier::audit_testing {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// The measure before the share has a column of its own name; the share is none of it.
TEST(OwnNote, BesideAMeasureStandsTheShareOfResampledDataThatPasses) {
  AuditEvidence evidence = pair_evidence();
  Fact share;
  share.metric = "resampled_share";
  share.value = 0.92;
  share.monte_carlo_sd = 0.003;
  share.model = "demo-encoder";
  share.recipe = "int8";
  evidence.facts.push_back(share);
  const auto table = [](const char* percent) {
    return fmt::format(
        "Every configuration against every limit, with the share of resampled data that meets it.\n\n"
        "| configuration | ECE ≤ 0.025 |\n|---|---:|\n"
        "| demo-encoder int8 | 0.023 pass, {} % |\n",
        percent);
  };
  EXPECT_THAT(raised(table("92"), evidence), IsEmpty());
  EXPECT_THAT(raised(table("52"), evidence), HasSubstr("52 %"));
}

TEST(OwnNote, AWordBeforeAColonIsSaidOfThoseBehindIt) {
  EXPECT_THAT(raised("Memory then leaves demo-encoder int4; larger by more than 2 %: demo-encoder fp16 and "
                     "demo-encoder int8."),
              IsEmpty());
}

TEST(OwnNote, AModelledStepIsHeldAgainstTheModel) {
  AuditEvidence evidence = pair_evidence();
  for (const double ms : {0.13, 0.037, 0.096}) {
    Fact step;
    step.metric = "latency";
    step.model = step.against_model = "demo-encoder";
    step.recipe = "int4";
    step.against_recipe = "fp16";
    step.unit = FactUnit::kMilliseconds;
    step.source = FactSource::kModelled;
    step.device = "T4";
    step.difference = true;
    step.value = ms;
    evidence.facts.push_back(step);
  }
  const auto text = [](const char* total) {
    return fmt::format(
        "Modelled on other hardware, the choice is unknown. By what, on a T4 against demo-encoder fp16: int4 "
        "+{} "
        "ms a batch (quantizing and dequantizing +0.037, launches and waits +0.096).\n",
        total);
  };
  EXPECT_THAT(raised(text("0.13"), evidence), IsEmpty());
  EXPECT_THAT(raised(text("0.18"), evidence), HasSubstr("0.18"));
}

}  // namespace
}  // namespace quantier::audit_testing
