// What planted faults in the program's own note taught: figures against the source that the note gives for
// them, words in cells, moved limits, one recommendation beside another, limits, counts, shares of costs,
// intervals that contradict themselves, findings of others. Each with a true twin.
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/audit/sentence_pairs.h"

namespace quantier::audit_testing {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kSources =
    "\n\n## Appendix: where the numbers come from\n\n| figure | finding |\n|---|---|\n"
    "| <a id=\"r00000001\"></a>1.10 | demo-encoder/int8/time |\n"
    "| <a id=\"r00000002\"></a>0.878 | demo-encoder/fp16/class/games/accuracy |\n"
    "| <a id=\"r00000003\"></a>0.020 | demo-encoder/fp16/ece |\n";

TEST(Planted, AFigureIsHeldAgainstTheSourceThatTheNoteGives) {
  const auto note = [](const std::string& text) { return raised(text + kSources); };
  EXPECT_THAT(note("An example takes [1.10](#r00000001) ms with demo-encoder int8."), IsEmpty());
  // 2.20 ms are those of demo-decoder int8: a sentence that names both would have let it pass.
  EXPECT_THAT(note("Beside demo-decoder, demo-encoder takes at int8 no more than [2.20](#r00000001) ms."),
              HasSubstr("2.20"));
  EXPECT_THAT(note("| configuration | time, ms |\n|---|---|\n| demo-decoder int8 | [1.10](#r00000001) |\n"),
              HasSubstr("1.10"));
  EXPECT_THAT(note("Of the class games demo-encoder fp16 gets [0.878](#r00000002) right."), IsEmpty());
  EXPECT_THAT(note("Held out, the ECE of demo-encoder fp16 is [0.020](#r00000003)."), IsEmpty());
  EXPECT_THAT(note("Calibrated, demo-encoder fp16 has an ECE of [0.019](#r00000003)."), HasSubstr("0.019"));
}

TEST(Planted, AVerdictInACellIsThatOfItsRow) {
  const auto table = [](const char* verdict) {
    return raised(
        std::string("| configuration | tier | verdict |\n|---|---|---|\n| demo-encoder int4 | tail | ") +
        verdict + " |\n");
  };
  EXPECT_THAT(table("unresolved"), IsEmpty());
  EXPECT_THAT(table("established"), HasSubstr("established"));
  EXPECT_THAT(table("directional"), HasSubstr("directional"));
}

TEST(Planted, WhatACellSaysOfTimeAndLimitsIsTrueOfItsRow) {
  AuditEvidence evidence = pair_evidence();
  for (AuditConfiguration& each : evidence.configurations)
    each.chosen = each.display() == "demo-encoder int8";
  const auto cell = [&](const char* head, const char* name, const char* word) {
    return raised(fmt::format("| configuration | {} |\n|---|---|\n| {} | {} |\n", head, name, word),
                  evidence);
  };
  EXPECT_THAT(cell("why not", "demo-encoder fp16", "slower"), IsEmpty());
  EXPECT_THAT(cell("why not", "demo-encoder fp16", "faster"), Not(IsEmpty()));
  EXPECT_THAT(cell("why not", "demo-decoder fp16", "fails ECE"), IsEmpty());
  EXPECT_THAT(cell("why not", "demo-decoder fp16", "passes ECE"), Not(IsEmpty()));
}

TEST(Planted, WithALimitMovedSomebodyWins) {
  AuditEvidence evidence = pair_evidence();
  const double infinite = std::numeric_limits<double>::infinity();
  evidence.ranges = {{"ece", "", -infinite, 0.020, ""},
                     {"ece", "", 0.020, 0.023, "demo-encoder fp16"},
                     {"ece", "", 0.023, infinite, "demo-encoder int8"}};
  const auto row = [&](const char* moved, const char* then) {
    return raised(fmt::format("| what | moved to | then |\n|---|---|---|\n| ECE ceiling 0.025 | {} | {} |\n",
                              moved, then),
                  evidence);
  };
  EXPECT_THAT(row("below 0.023", "demo-encoder fp16 wins"), IsEmpty());
  EXPECT_THAT(row("below 0.023", "demo-encoder int4 wins"), HasSubstr("demo-encoder fp16 wins"));
  EXPECT_THAT(row("below 0.020", "nothing passes"), IsEmpty());
  EXPECT_THAT(row("below 0.023", "nothing passes"), Not(IsEmpty()));
}

TEST(Planted, OneNoteRecommendsOneConfiguration) {
  const auto note = [](const char* second) {
    return raised(
        fmt::format("# Note\n\nRecommendation: demo-encoder int8, for its time.\n\n## Decision\n\n"
                    "Recommendation: {}.\n",
                    second));
  };
  EXPECT_THAT(note("demo-encoder int8"), IsEmpty());
  EXPECT_THAT(note("demo-decoder int4"), HasSubstr("recommends"));
}

TEST(Planted, ADeclaredLimitKeepsItsValue) {
  EXPECT_THAT(raised("Near its limit: ECE ≤ 0.025 for demo-encoder int8."), IsEmpty());
  EXPECT_THAT(raised("Near its limit: ECE ≤ 0.035 for demo-encoder int8."), HasSubstr("declared limit"));
  EXPECT_THAT(raised("If the limit were ECE ≤ 0.035, demo-decoder int8 would pass."), IsEmpty());
}

TEST(Planted, SoManyOfAKnownTotal) {
  AuditEvidence evidence = pair_evidence();
  Fact total;
  total.metric = "n";
  total.unit = FactUnit::kCount;
  total.value = 3502;
  total.tier = "head";
  total.model = "demo-decoder";
  total.recipe = "int4";
  evidence.facts.push_back(total);
  EXPECT_THAT(raised("demo-decoder int4 loses 61 of 3,502 answers.", evidence), IsEmpty());
  EXPECT_THAT(raised("demo-decoder int4 loses 67 of 3,502 answers.", evidence), HasSubstr("67"));
}

TEST(Planted, AShareOfACostIsThatOfTwoConfigurations) {
  EXPECT_THAT(raised("demo-encoder int4 needs 22 % more time than demo-encoder fp16."), IsEmpty());
  EXPECT_THAT(raised("demo-encoder int4 needs 26 % more time than demo-encoder fp16."), HasSubstr("26"));
}

TEST(Planted, AnIntervalHoldsItsValueAndItsOrder) {
  EXPECT_THAT(raised("In the tail demo-encoder int4 changes by −0.6 points [−2.1, +0.7]."), IsEmpty());
  EXPECT_THAT(raised("In the tail demo-encoder int4 changes by −0.6 points [+2.1, +0.7]."), Not(IsEmpty()));
  EXPECT_THAT(raised("In the tail demo-encoder int4 changes by −0.6 points [−2.1, −0.7]."), Not(IsEmpty()));
}

TEST(Planted, WhatOthersLookedAtIsNoFindingOfOnesOwn) {
  EXPECT_THAT(
      raised("Lee et al. (2025) report that quantization magnifies weakness (instruction-tuned models of 1 B "
             "to 405 B)."),
      IsEmpty());
  EXPECT_THAT(
      raised("We report that quantization magnifies weakness (instruction-tuned models of 1 B to 405 B)."),
      HasSubstr("not your finding"));
}

TEST(Planted, ATableOfModelledTimesSaysSo) {
  AuditEvidence evidence = pair_evidence();
  for (const auto& [role, value] : {std::pair(FactRole::kLow, 0.21), std::pair(FactRole::kHigh, 0.34)}) {
    Fact fact;
    fact.metric = "latency";
    fact.model = "demo-encoder";
    fact.recipe = "int8";
    fact.device = "H100";
    fact.unit = FactUnit::kMilliseconds;
    fact.source = FactSource::kModelled;
    fact.role = role;
    fact.value = value;
    evidence.facts.push_back(fact);
  }
  const auto table = [&](const char* caption) {
    return raised(
        fmt::format("{}: ms/example.\n\n| what | H100 |\n|---|---|\n| demo-encoder int8 | 0.21–0.34 |\n",
                    caption),
        evidence);
  };
  EXPECT_THAT(table("Modelled"), IsEmpty());
  EXPECT_THAT(table("Measured"), HasSubstr("H100"));
}

}  // namespace
}  // namespace quantier::audit_testing
